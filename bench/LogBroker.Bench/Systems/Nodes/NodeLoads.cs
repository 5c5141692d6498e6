using System.Diagnostics;
using LogBroker.Bench.Plan;
using LogBroker.Bench.Results;

namespace LogBroker.Bench.Systems.Nodes;

/// <summary>The loads in which nodes of a cluster come and go; the same course for every system.</summary>
internal static class NodeLoads
{
    /// <summary>
    /// Again and again: an open loop starts and settles for the warm-up, the node that leads the first partition is ended, the loop goes on
    /// for the duration after all partitions have leaders again and stops in order; then the node is started, and all replicas get in sync.
    /// </summary>
    /// <param name="nodes">The cluster.</param>
    /// <param name="loads">The client.</param>
    /// <param name="scenario">Times, and the kind of the end.</param>
    /// <param name="ends">How often.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="BenchException">A node does not come back, or the load failed.</exception>
    public static async Task<ClientResult> FailoverAsync(
        INodes nodes, ISteadyLoads loads, Scenario scenario, int ends, CancellationToken cancellationToken)
    {
        var losses = new List<NodeLoss>();
        var sum = new AcknowledgedSum();
        for (int end = 0; end < ends; end++)
        {
            await nodes.WaitInSyncAsync(cancellationToken);
            await using ISteadyLoad load = await loads.StartAsync(scenario, cancellationToken);
            await Task.Delay(scenario.Warmup, cancellationToken);
            int lost = await nodes.LeaderOfFirstPartitionAsync(cancellationToken);
            long atTicks = Stopwatch.GetTimestamp();
            Task ended = nodes.EndAsync(lost, scenario.NodeEnd == RestartKind.Kill, cancellationToken);
            await nodes.WaitForLeadersWithoutAsync(lost, cancellationToken);
            TimeSpan moved = Stopwatch.GetElapsedTime(atTicks);
            await ended;
            await Task.Delay(scenario.Duration, cancellationToken);
            SteadyResult seen = await load.StopAsync(cancellationToken);
            long startTicks = Stopwatch.GetTimestamp();
            await nodes.StartAsync(lost, cancellationToken);
            await nodes.WaitInSyncAsync(cancellationToken);
            TimeSpan inSync = Stopwatch.GetElapsedTime(startTicks);
            losses.Add(new NodeLoss(seen.LongestGap(atTicks)?.TotalSeconds, moved.TotalSeconds, inSync.TotalSeconds));
            sum.Add(seen.Client);
        }

        return sum.Result(scenario) with { NodeLosses = losses };
    }

    /// <summary>
    /// An open loop with all nodes, for comparison; then a node that does not lead the first partition is stopped, data is written without
    /// it and brought to the disk, the loop starts again, and the node with it.
    /// </summary>
    /// <exception cref="BenchException">The node does not come back, or a load failed.</exception>
    public static async Task<ClientResult> RejoinAsync(
        INodes nodes, ISteadyLoads loads, Scenario scenario, IProcessStarter processes, CancellationToken cancellationToken)
    {
        var sum = new AcknowledgedSum();
        await nodes.WaitInSyncAsync(cancellationToken);
        long beforeTicks;
        SteadyResult before;
        await using (ISteadyLoad load = await loads.StartAsync(scenario, cancellationToken))
        {
            await Task.Delay(scenario.Warmup, cancellationToken);
            beforeTicks = Stopwatch.GetTimestamp();
            await Task.Delay(scenario.Duration, cancellationToken);
            before = await load.StopAsync(cancellationToken);
        }

        sum.Add(before.Client);
        int away = (await nodes.LeaderOfFirstPartitionAsync(cancellationToken) + 1) % nodes.Count;
        await nodes.EndAsync(away, scenario.NodeEnd == RestartKind.Kill, cancellationToken);
        await nodes.WaitForLeadersWithoutAsync(away, cancellationToken);
        ClientResult written = await loads.WriteAsync(scenario, cancellationToken);
        sum.Add(written);
        // What was written is not to be paid for by what follows.
        await processes.RunAsync("sync", [], cancellationToken: cancellationToken);

        await using ISteadyLoad during = await loads.StartAsync(scenario, cancellationToken);
        await Task.Delay(scenario.Warmup, cancellationToken);
        long startTicks = Stopwatch.GetTimestamp();
        TimeSpan start = await nodes.StartAsync(away, cancellationToken);
        await nodes.WaitInSyncAsync(cancellationToken);
        long inSyncTicks = Stopwatch.GetTimestamp();
        SteadyResult seen = await during.StopAsync(cancellationToken);
        sum.Add(seen.Client);
        TimeSpan all = Stopwatch.GetElapsedTime(startTicks, inSyncTicks);
        long bytes = (written.RecordsAcknowledged ?? 0) * scenario.ValueBytes;
        return sum.Result(scenario) with
        {
            NodeReturn = new NodeReturn(
                bytes, start.TotalSeconds, (all - start).TotalSeconds, before.AckP99(beforeTicks, long.MaxValue),
                seen.AckP99(startTicks, inSyncTicks)),
        };
    }

    /// <summary>Ends the node that leads the first partition, and returns the time until every partition has a leader elsewhere.</summary>
    public static async Task<TimeSpan> LoseNodeAsync(INodes nodes, bool isKilled, CancellationToken cancellationToken)
    {
        int lost = await nodes.LeaderOfFirstPartitionAsync(cancellationToken);
        long atTicks = Stopwatch.GetTimestamp();
        Task ended = nodes.EndAsync(lost, isKilled, cancellationToken);
        await nodes.WaitForLeadersWithoutAsync(lost, cancellationToken);
        TimeSpan moved = Stopwatch.GetElapsedTime(atTicks);
        await ended;
        return moved;
    }

    /// <summary>Adds up what several programs have written.</summary>
    private sealed class AcknowledgedSum
    {
        private ClientResult? _last;
        private long? _records = 0;
        private ulong? _checksum = 0;

        public void Add(ClientResult client)
        {
            _last = client;
            _records += client.RecordsAcknowledged;
            _checksum = unchecked(_checksum + client.ValuesChecksum);
        }

        public ClientResult Result(Scenario scenario) => new()
        {
            Client = _last?.Client ?? throw new BenchException($"{scenario.Name} ends no node"),
            RecordsAcknowledged = _records,
            ValuesChecksum = _checksum,
            CommandLine = _last.CommandLine,
            Remark = _last.Remark,
        };
    }
}
