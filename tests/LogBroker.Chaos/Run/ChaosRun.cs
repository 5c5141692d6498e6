namespace LogBroker.Chaos;

/// <summary>How a run under scheduled faults is made.</summary>
internal sealed record RunSettings
{
    public required int Seed { get; init; }

    public required TimeSpan Time { get; init; }

    /// <summary>True puts the nodes into network namespaces; false, the default, puts proxies between them.</summary>
    public bool HasNamespaces { get; init; }

    /// <summary>Only kinds of faults whose name has this part; "" for all.</summary>
    public string Only { get; init; } = "";

    public required SceneSettings Scene { get; init; }

    /// <summary>Where the history is written; null for nowhere.</summary>
    public string? HistoryPath { get; init; }

    /// <summary>What a run of this length must at least have seen.</summary>
    public CheckOptions Minimum => new()
    {
        AcksMin = (long)(Time.TotalSeconds * 20),
        ReadsMin = (long)(Time.TotalSeconds * 20),
        FaultsMin = Math.Max(1, (long)(Time.TotalSeconds / 15)),
        LeaderChangesMin = Only.Length > 0 ? 0 : Math.Max(1, (long)(Time.TotalSeconds / 30)),
    };
}

/// <summary>A run under scheduled faults, and what it came to.</summary>
internal sealed record ChaosRun(
    RunSettings Settings,
    ChaosOutcome Outcome,
    IReadOnlyDictionary<string, int> Fired,
    IReadOnlyDictionary<string, string> Unavailable,
    TimeSpan Took)
{
    /// <summary>Runs from the start of the processes to the verdict; everything that it made is taken away again.</summary>
    /// <exception cref="OperationCanceledException">It was told to stop; there is no verdict.</exception>
    public static async Task<ChaosRun> RunAsync(RunSettings settings, TextWriter progress, CancellationToken cancellation = default)
    {
        long startedAt = TimeProvider.System.GetTimestamp();
        NodeNetwork network = settings.HasNamespaces ? await NamespaceNetwork.MakeAsync() : new ProxyNetwork();
        await using var scene = await ChaosScene.StartAsync(settings.Scene with { Network = network });
        return await BreakAndCheckAsync(settings, scene, progress, startedAt).WaitAsync(cancellation);
    }

    private static async Task<ChaosRun> BreakAndCheckAsync(RunSettings settings, ChaosScene scene, TextWriter progress, long startedAt)
    {
        await progress.WriteLineAsync($"three nodes serve; faults for {settings.Time.TotalSeconds:0} s by seed {settings.Seed}");
        var schedule = new FaultSchedule(scene, settings.Seed, settings.Only);
        await schedule.RunAsync(settings.Time);
        await progress.WriteLineAsync($"{scene.Load.Acked} records acknowledged; healing, reading all replicas");
        var outcome = await scene.FinishAsync(settings.Minimum);
        if (settings.HistoryPath is { } path)
        {
            await using var file = File.CreateText(path);
            HistoryText.Write(scene.Recorder.History, file);
        }

        return new ChaosRun(
            settings, outcome, schedule.Fired, schedule.Unavailable, TimeProvider.System.GetElapsedTime(startedAt));
    }
}
