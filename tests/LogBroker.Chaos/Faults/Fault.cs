namespace LogBroker.Chaos;

/// <summary>Something that is broken for a while.</summary>
/// <param name="Row">Its row in the table of faults (reliability, section 10).</param>
/// <param name="Name">What is done, with the nodes.</param>
/// <param name="BeginAsync">Breaks it.</param>
/// <param name="EndAsync">Mends it.</param>
internal sealed record Fault(int Row, string Name, Func<Task> BeginAsync, Func<Task> EndAsync)
{
    /// <summary>How long it lasts at least.</summary>
    public TimeSpan HoldMin { get; init; } = TimeSpan.FromSeconds(0.5);

    /// <summary>How long it lasts at most.</summary>
    public TimeSpan HoldMax { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// True when nothing else may be broken at the same time: disks that are lost, or everything at once.
    /// </summary>
    public bool IsAlone { get; init; }

    public static Task Nothing() => Task.CompletedTask;
}

/// <summary>A kind of fault that a schedule can choose.</summary>
/// <param name="Name">The kind.</param>
/// <param name="Weight">How often it is chosen beside others.</param>
/// <param name="Make">Makes one for the cluster as it is now.</param>
internal sealed record FaultKind(string Name, int Weight, Func<ChaosScene, Random, Fault> Make);
