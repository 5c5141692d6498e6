using LogBroker.Protocol;

namespace LogBroker.Server;

/// <summary>One thing that is wrong with the configuration: where it stands, the key, its value, the problem and the remedy, in one line.</summary>
internal sealed record ConfigFault(string Place, string Key, string? Value, string Problem, string Remedy)
{
    /// <inheritdoc/>
    public override string ToString()
    {
        string subject = Value is null ? Key : $"{Key} = {ShownValue.Of(Value)}";
        return subject.Length == 0 ? $"{Place}: {Problem}; {Remedy}" : $"{Place}: {subject}: {Problem}; {Remedy}";
    }
}
