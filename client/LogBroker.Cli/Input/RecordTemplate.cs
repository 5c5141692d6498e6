using System.Text;
using LogBroker.Protocol;

namespace LogBroker.Cli;

/// <summary>What the flags of <c>produce</c> say about every record: <c>-k</c>, <c>-H</c>, <c>-p</c>, <c>--tombstone</c>.</summary>
internal sealed record RecordTemplate
{
    /// <summary>The key of every record, or null.</summary>
    public byte[]? Key { get; init; }

    /// <summary>Headers of every record.</summary>
    public IReadOnlyList<RecordHeader>? Headers { get; init; }

    /// <summary>The partition of every record, or null to choose by key.</summary>
    public int? Partition { get; init; }

    /// <summary>True sends null values.</summary>
    public bool IsTombstone { get; init; }

    /// <summary>Reads <c>-H key:value</c>; the value may have colons.</summary>
    /// <exception cref="CliException">There is no colon.</exception>
    public static RecordHeader ParseHeader(string text)
    {
        int colon = text.IndexOf(':');
        return colon >= 0
            ? new RecordHeader(text[..colon], Encoding.UTF8.GetBytes(text[(colon + 1)..]))
            : throw CliException.Usage($"-H: '{text}' has no colon", "expected KEY:VALUE, for example -H source:import");
    }
}
