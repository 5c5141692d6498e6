using System.Collections;

namespace LogBroker.Cli;

/// <summary>One named value of an <see cref="OutputRecord"/>.</summary>
/// <param name="Name">The proto JSON name.</param>
/// <param name="Value">
/// A string, long, int, bool, double or null; a list of strings, ints or longs; a record or a list of records.
/// </param>
/// <param name="Human">How a table shows it, when that differs from the plain value.</param>
/// <param name="InTable">False for what only programs that read JSON want.</param>
/// <param name="InJson">False for a summary of what JSON has in full.</param>
internal sealed record OutputField(string Name, object? Value, string? Human, bool InTable, bool InJson);

/// <summary>
/// What a command has to say about one thing, once, for every output format: JSON takes the names and values, a table the
/// readable forms, TSV the plain ones.
/// </summary>
internal sealed class OutputRecord : IEnumerable<OutputField>
{
    private readonly List<OutputField> _fields = [];

    /// <summary>Adds a value.</summary>
    public void Add(string name, object? value, string? human = null, bool inTable = true, bool inJson = true) =>
        _fields.Add(new OutputField(name, value, human, inTable, inJson));

    /// <summary>The fields that are no records or lists of records.</summary>
    public IEnumerable<OutputField> Scalars => _fields.Where(f => f.Value is not (OutputRecord or IReadOnlyList<OutputRecord>));

    /// <summary>The fields that are lists of records.</summary>
    public IEnumerable<(string Name, IReadOnlyList<OutputRecord> Items)> Lists =>
        _fields.Where(f => f.Value is IReadOnlyList<OutputRecord>).Select(f => (f.Name, (IReadOnlyList<OutputRecord>)f.Value!));

    /// <inheritdoc/>
    public IEnumerator<OutputField> GetEnumerator() => _fields.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
