using LogBroker.Client;
using LogBroker.Protocol;

namespace LogBroker.Chaos;

/// <summary>
/// A cluster of three processes under load, with everything recorded: made, broken by whoever uses it, healed, read whole and judged. One
/// thread at a time drives it.
/// </summary>
internal sealed class ChaosScene : IAsyncDisposable
{
    public const string Topic = "chaos";

    private static readonly TimeSpan LeaderTime = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan ProgressTime = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan CatchUpTime = TimeSpan.FromSeconds(60);

    private readonly SceneSettings _settings;
    private readonly string _directory;
    private readonly CancellationTokenSource _stopWriting = new();
    private readonly CancellationTokenSource _stopReading = new();
    private readonly List<Task> _writing = [];
    private readonly List<Task> _reading = [];

    private ChaosScene(SceneSettings settings, string directory, ChaosCluster cluster)
    {
        _settings = settings;
        _directory = directory;
        Cluster = cluster;
        Recorder = new HistoryRecorder(TimeProvider.System);
        Load = new LoadContext(cluster, Recorder, Topic, settings.Partitions);
        Leaders = new LeaderWatch(Load);
        Writers = [.. settings.Writers.Select(writer => new ChaosWriter(Load, writer))];
        Readers = [.. Enumerable.Range(1, settings.Readers).Select(i => new ChaosReader(Load, $"reader {i}"))];
    }

    public ChaosCluster Cluster { get; }

    public HistoryRecorder Recorder { get; }

    public LoadContext Load { get; }

    public LeaderWatch Leaders { get; }

    public IReadOnlyList<ChaosWriter> Writers { get; }

    public IReadOnlyList<ChaosReader> Readers { get; }

    public string Directory => _directory;

    /// <summary>Makes syncs of nodes slow; null when the scene has none.</summary>
    public SlowDisk? SlowDisk { get; private init; }

    /// <summary>Starts the cluster, makes the topic and starts the load; returns when it is well under way.</summary>
    public static async Task<ChaosScene> StartAsync(SceneSettings settings)
    {
        string directory = settings.Directory ?? System.IO.Directory.CreateTempSubdirectory("logbroker-chaos-").FullName;
        NodeDisks disks = settings.HasImages ? await ImageDisks.MakeAsync(directory) : new PlainDisks(directory);
        var slowDisk = settings.HasSlowDisk ? await SlowDisk.BuildAsync(directory) : null;
        var cluster = await ChaosCluster.StartAsync(
            directory, settings.Network ?? new DirectNetwork(), disks, slowDisk is null ? null : slowDisk.EnvironmentOf);
        var scene = new ChaosScene(settings, directory, cluster) { SlowDisk = slowDisk };
        try
        {
            await scene.MakeTopicAsync();
            scene.BeginLoad();
            await scene.ProgressAsync(10 * settings.Partitions);
            return scene;
        }
        catch (Exception e)
        {
            string logs = scene.TailOfLogs();
            await scene.DisposeAsync();
            throw new InvalidOperationException($"the scene did not begin: {e.Message}\n{logs}", e);
        }
    }

    /// <summary>The node that leads a partition now, as far as it is known.</summary>
    public async Task<int> LeaderAsync(int partition = 0)
    {
        await Wait.UntilAsync(
            () => Leaders.LeaderOf(partition) is var leader && leader != 0 && Cluster.Node(leader).IsUp,
            LeaderTime,
            () => $"partition {partition} has a leader that is up");
        return Leaders.LeaderOf(partition);
    }

    /// <summary>Waits until a partition is led in a greater epoch than this, by a node that is up.</summary>
    public Task NewLeaderAsync(int epoch, int partition = 0) => Wait.UntilAsync(
        () => Leaders.EpochOf(partition) > epoch && Cluster.Node(Leaders.LeaderOf(partition)).IsUp,
        LeaderTime,
        () => $"partition {partition} has a leader of an epoch above {epoch}; known is {Leaders.EpochOf(partition)}");

    /// <summary>The two other nodes.</summary>
    public static int[] Others(int node) => [.. Enumerable.Range(1, NodeNetwork.NodesCount).Where(other => other != node)];

    /// <summary>Waits until so many more records are acknowledged.</summary>
    public Task ProgressAsync(int records)
    {
        long goal = Load.Acked + records;
        return Wait.UntilAsync(() => Load.Acked >= goal, ProgressTime, () => $"{records} more are acknowledged ({Load.Acked} of {goal})");
    }

    /// <summary>Waits until a node has all that was acknowledged up to now.</summary>
    public Task InSyncAsync(int node) => new SyncProbe(Load).CaughtUpAsync(node, CatchUpTime);

    /// <summary>Waits until every replica of every partition has a vote and all that was acknowledged: then one disk may be lost.</summary>
    public async Task AllInSyncAsync()
    {
        foreach (var node in Cluster.Nodes)
            await InSyncAsync(node.Id);
        await new SyncProbe(Load).ReadmittedAsync(CatchUpTime);
    }

    /// <summary>Enters a fault into the history.</summary>
    public void Note(string fault) => Recorder.Mark(OpAction.Fault, fault);

    /// <summary>Heals, waits for service, stops the load, reads all replicas and judges.</summary>
    public async Task<ChaosOutcome> FinishAsync(CheckOptions minimum)
    {
        long endedFaultsNs = Recorder.ElapsedNs;
        await Cluster.Network.HealAsync(isLate: true);
        await TryAsync(Cluster.ReviveAsync, "the start of all nodes");
        foreach (var reader in Readers)
            reader.Release();
        await TryAsync(() => ProgressAsync(30 * _settings.Partitions), "service after all faults were healed");
        Recorder.Mark(OpAction.Quiet, "all faults are healed");
        await TryAsync(() => ProgressAsync(30 * _settings.Partitions), "service in quiet");
        await _stopWriting.CancelAsync();
        await TryAsync(() => Task.WhenAll(_writing), "the end of all writers");
        var replicas = await new FinalReads(Load).ReadAsync(CatchUpTime);
        await TryAsync(() => CaughtUpAsync(replicas), "readers at the end");
        await _stopReading.CancelAsync();
        await Task.WhenAll(_reading);
        foreach (string end in Cluster.UnexpectedEnds)
            Load.AddProblem(end);

        var options = minimum with
        {
            Replicas = replicas,
            ReplicaReadsMin = NodeNetwork.NodesCount * _settings.Partitions,
            PlainWriters = _settings.Writers.Where(writer => !writer.IsIdempotent).Select(writer => writer.Id).ToHashSet(),
            RealtimeLagMaxNs = (long)CatchUpTime.TotalNanoseconds,
        };
        var report = HistoryChecker.Check(Recorder.History, options);
        return new ChaosOutcome(report, Load.Problems, Load.Outcomes, Unavailability.Of(Recorder.History, endedFaultsNs), TailOfLogs());
    }

    /// <summary>The ends of the nodes' logs, for a message.</summary>
    public string TailOfLogs() => string.Join('\n', Cluster.Nodes.Select(node => $"--- node {node.Id}\n{node.Process?.LastLines}"));

    public async ValueTask DisposeAsync()
    {
        await _stopWriting.CancelAsync();
        await _stopReading.CancelAsync();
        await Cluster.DisposeAsync();
        if (_settings.Directory is null)
            System.IO.Directory.Delete(_directory, recursive: true);
    }

    private async Task MakeTopicAsync()
    {
        await using var client = Load.NewClient("chaos");
        await Wait.UntilAsync(
            async () =>
            {
                try
                {
                    await client.Topics.EnsureAsync(Topic, topic =>
                    {
                        topic.Partitions = _settings.Partitions;
                        topic.ReplicationFactor = NodeNetwork.NodesCount;
                        topic.Config["segment.bytes"] = $"{_settings.SegmentBytes}";
                    });
                    return true;
                }
                catch (LogBrokerException e) when (IsForming(e))
                {
                    return false;
                }
            },
            LeaderTime,
            () => "the topic is made");
    }

    // Right after forming the controller may know of no node yet, and refuse three replicas.
    private static bool IsForming(LogBrokerException e) =>
        e.IsRetriable || e is OutcomeUnknownException || e.Reason == ErrorCode.InvalidReplicationFactor;

    private void BeginLoad()
    {
        _writing.AddRange(Writers.Select(writer => Task.Run(() => writer.RunAsync(_stopWriting.Token))));
        _reading.AddRange(Readers.Select(reader => Task.Run(() => reader.RunAsync(_stopReading.Token))));
        _reading.AddRange(Cluster.Nodes.Select(node => Task.Run(() => new ReplicaReader(Load, node.Id).RunAsync(_stopReading.Token))));
        _reading.Add(Task.Run(() => Leaders.RunAsync(_stopReading.Token)));
    }

    private Task CaughtUpAsync(IReadOnlyList<ReplicaRead> replicas)
    {
        var ends = replicas.GroupBy(read => read.Partition).ToDictionary(same => same.Key, same => same.Max(read => read.HighWatermark));
        return Wait.UntilAsync(
            () => Readers.All(reader => ends.All(end => reader.NextOf(end.Key) >= end.Value)),
            CatchUpTime,
            () => string.Join("; ", Readers.SelectMany(reader => ends.Where(end => reader.NextOf(end.Key) < end.Value)
                .Select(end => $"{reader.Name} is at {end.Key}@{reader.NextOf(end.Key)}, the end is {end.Value}"))));
    }

    private async Task TryAsync(Func<Task> step, string what)
    {
        try
        {
            await step();
        }
        catch (Exception e) when (e is TimeoutException or InvalidOperationException)
        {
            Load.AddProblem($"{what}: {e.Message}");
        }
    }
}
