namespace LogBroker.TestKit;

/// <summary>A statement that must hold at every step does not: its name, and what contradicts it.</summary>
internal sealed class SimViolation(string name, string what) : Exception($"{name}: {what}")
{
    public string Name => name;
}
