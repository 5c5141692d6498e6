namespace LogBroker.Cluster;

/// <summary>Identifies one run of a process: new at each start, so that a restart is noticed however fast it was (R28).</summary>
public readonly record struct BootId(Guid Value)
{
    /// <inheritdoc/>
    public override string ToString() => Value.ToString("N");
}
