namespace LogBroker.Chaos;

/// <summary>
/// Chooses faults by a seed, one or two at a time or none, for a while each. What is chosen and for how long follows from the seed; which
/// node leads at the moment does not. One thread.
/// </summary>
internal sealed class FaultSchedule(ChaosScene scene, int seed, string only = "")
{
    private readonly Random _random = new(seed);
    private readonly List<FaultKind> _kinds =
        [.. AllKinds.Where(kind => kind.Name.Contains(only, StringComparison.OrdinalIgnoreCase))];

    private readonly SortedDictionary<string, int> _fired = [];
    private readonly SortedDictionary<string, string> _unavailable = [];

    /// <summary>All kinds of faults there are.</summary>
    public static IReadOnlyList<FaultKind> AllKinds { get; } =
        [.. ProcessFaults.All, .. NetworkFaults.All, .. DiskFaults.All, .. SlowDisk.All];

    /// <summary>How often each kind of fault was put in place.</summary>
    public IReadOnlyDictionary<string, int> Fired => _fired;

    /// <summary>The kinds that this machine cannot make, with the reason.</summary>
    public IReadOnlyDictionary<string, string> Unavailable => _unavailable;

    /// <summary>Runs until the time is over; all faults are ended then, except those that failed to end.</summary>
    public async Task RunAsync(TimeSpan time)
    {
        long endNs = scene.Recorder.ElapsedNs + (long)time.TotalNanoseconds;
        while (scene.Recorder.ElapsedNs < endNs)
        {
            int wanted = _random.Next(10) switch { 0 => 0, < 7 => 1, _ => 2 };
            var running = new List<Fault>();
            for (int i = 0; i < wanted; i++)
                await BeginAsync(running);
            await Wait.ForAsync(Between(TimeSpan.Zero, TimeSpan.FromSeconds(running.Count == 0 ? 3 : 0)));
            foreach (var fault in running)
                await Wait.ForAsync(Between(fault.HoldMin, fault.HoldMax));
            for (int i = running.Count - 1; i >= 0; i--)
                await EndAsync(running[i]);
            await Wait.ForAsync(Between(TimeSpan.FromSeconds(0.2), TimeSpan.FromSeconds(3)));
            await ReviveAsync();
        }
    }

    private async Task BeginAsync(List<Fault> running)
    {
        var kind = Choose();
        var fault = kind.Make(scene, _random);
        if (running.Count > 0 && (fault.IsAlone || running.Any(other => other.IsAlone)))
            return;
        scene.Note($"row {fault.Row}: {fault.Name}");
        try
        {
            await fault.BeginAsync();
            running.Add(fault);
            _fired[$"row {fault.Row,2}: {kind.Name}"] = _fired.GetValueOrDefault($"row {fault.Row,2}: {kind.Name}") + 1;
        }
        catch (FaultUnavailableException e)
        {
            _kinds.Remove(kind);
            _unavailable[kind.Name] = e.Message;
        }
        catch (Exception e) when (e is TimeoutException or InvalidOperationException)
        {
            // Two faults met each other, or the cluster did not come to where the fault begins: the second is a finding.
            if (fault.IsAlone || e is TimeoutException)
                scene.Load.AddProblem($"{fault.Name} could not begin: {e.Message}");
            await EndAsync(fault);
        }
    }

    private async Task EndAsync(Fault fault)
    {
        try
        {
            await fault.EndAsync();
        }
        catch (Exception e) when (e is TimeoutException or InvalidOperationException or FaultUnavailableException)
        {
            scene.Load.AddProblem($"{fault.Name} could not end: {e.Message}");
        }
    }

    private async Task ReviveAsync()
    {
        foreach (string end in scene.Cluster.UnexpectedEnds)
            scene.Load.AddProblem(end);
        try
        {
            await scene.Cluster.Network.HealAsync(isLate: true);
            await scene.Cluster.ReviveAsync();
        }
        catch (Exception e) when (e is TimeoutException or InvalidOperationException)
        {
            scene.Load.AddProblem($"a node could not be started: {e.Message}");
        }
    }

    private FaultKind Choose()
    {
        int at = _random.Next(_kinds.Sum(kind => kind.Weight));
        foreach (var kind in _kinds)
        {
            at -= kind.Weight;
            if (at < 0)
                return kind;
        }

        throw new InvalidOperationException("no kind of fault is left");
    }

    private TimeSpan Between(TimeSpan least, TimeSpan most) => least + ((most - least) * _random.NextDouble());
}
