using LogBroker.Protocol;

namespace LogBroker.Server;

/// <summary>One thing that is wrong with the configuration, in one line: where it stands, key, value, problem and remedy.</summary>
internal sealed record ConfigFault(string Place, string Key, string? Value, string Problem, string Remedy)
{
    /// <inheritdoc/>
    public override string ToString()
    {
        string subject = Value is null ? Key : $"{Key} = {ShownValue.Of(Value)}";
        return subject.Length == 0 ? $"{Place}: {Problem}; {Remedy}" : $"{Place}: {subject}: {Problem}; {Remedy}";
    }
}
