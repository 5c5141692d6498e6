using LogBroker.Cluster;
using LogBroker.Protocol;
using LogBroker.TestKit;

namespace LogBroker.Simulator;

/// <summary>What came of a seed.</summary>
/// <param name="Seed">The seed.</param>
/// <param name="TraceHash">The same for two runs of the seed.</param>
/// <param name="Steps">Events that ran.</param>
/// <param name="VirtualSeconds">Virtual time that passed.</param>
/// <param name="Violation">What was broken, or null.</param>
/// <param name="Acknowledged">Batches acknowledged.</param>
/// <param name="Commits">Commits of groups that were answered.</param>
/// <param name="Elections">Leaders seen, over all partitions.</param>
/// <param name="Faults">Faults that happened, by kind.</param>
/// <param name="Compactions">How often replicas put compacted segments in place.</param>
/// <param name="LastLines">The newest lines of the trace, when they were kept.</param>
internal sealed record SimulationResult(
    ulong Seed,
    ulong TraceHash,
    long Steps,
    double VirtualSeconds,
    SimViolation? Violation,
    int Acknowledged,
    long Commits,
    int Elections,
    IReadOnlyDictionary<string, int> Faults,
    int Compactions,
    IReadOnlyList<string> LastLines);

/// <summary>
/// One seed from the first start to the last read: topics are made, clients work while things break, then everything heals and must
/// converge. One thread.
/// </summary>
internal sealed class Simulation
{
    private static readonly long FormingTicksMax = SimScheduler.Ms(60_000);
    private static readonly long ConvergenceTicksMax = SimScheduler.Ms(60_000);
    private static readonly long ReadTicksMax = SimScheduler.Ms(30_000);

    private readonly Swarm _swarm;
    private readonly SimCluster _cluster;
    private readonly Faults _faults;
    private readonly Clients _clients;
    private readonly TopicChanges _changes;
    private readonly SimRandom _values;
    private readonly List<PlainProducer> _plain = [];
    private readonly List<IdempotentProducer> _idempotent = [];
    private readonly List<PartitionReader> _readers = [];
    private readonly List<OffsetCommitter> _committers = [];
    private long _batches;

    private Simulation(ulong seed, Swarm swarm, Action<string>? trace, int keptLines)
    {
        _swarm = swarm;
        _cluster = new SimCluster(seed, swarm.Nodes, trace, keptLines);
        _cluster.Network.Faults = swarm.Network;
        _cluster.Settings = _cluster.Settings with { CleanerMapBytes = swarm.CleanerMapBytes };
        _faults = new Faults(_cluster, swarm, _cluster.Random.Fork());
        _clients = new Clients(_cluster, swarm, _cluster.Random.Fork());
        _changes = new TopicChanges(_clients);
        _values = _cluster.Random.Fork();
    }

    /// <summary>Runs a seed.</summary>
    public static SimulationResult Run(ulong seed, Swarm swarm, Action<string>? trace = null, int keptLines = 0)
    {
        var simulation = new Simulation(seed, swarm, trace, keptLines);
        SimViolation? violation = null;
        try
        {
            simulation.Live();
        }
        catch (SimViolation e)
        {
            violation = e;
        }
        catch (Exception e)
        {
            violation = new SimViolation("SimulatorWorks", e.ToString());
        }

        SimCluster cluster = simulation._cluster;
        cluster.End();
        return new SimulationResult(
            seed,
            cluster.Trace.Hash,
            cluster.Scheduler.Steps,
            cluster.Scheduler.NowTicks / (double)TimeSpan.TicksPerSecond,
            violation,
            simulation._clients.Acknowledged,
            simulation._committers.Sum(c => c.Answered),
            cluster.Checks.Partitions.Sum(p => p.LeadersSeen),
            simulation._faults.Counts,
            cluster.CompactionsSeen,
            [.. cluster.Trace.Kept]);
    }

    private void Live()
    {
        foreach (SimNode node in _cluster.Nodes)
        {
            node.Pace = _swarm.Pace;
            node.Ended = () => _faults.NodeDown(node);
            _cluster.Scheduler.After(SimScheduler.Ms(_cluster.Random.Between(0, 300)), node.Start);
        }

        MakeTopics();
        _faults.Begin();
        BeginClients();
        _cluster.RunUntil(_cluster.Scheduler.NowTicks + SimScheduler.Ms(_swarm.FaultySeconds * 1_000));
        _faults.Heal();
        _clients.Heal();
        _changes.End();
        _plain.ForEach(p => p.End());
        _idempotent.ForEach(p => p.End());
        _committers.ForEach(c => c.End());
        Converge();
        ReadEverywhere();
    }

    private void MakeTopics()
    {
        int made = 0;
        for (int i = 0; i < _swarm.Topics; i++)
        {
            int partitions = (int)_cluster.Random.Between(1, _swarm.PartitionsMax);
            _changes.Create($"topic-{(char)('a' + i)}", partitions, () => made++);
        }

        if (!_cluster.RunUntil(() => made == _swarm.Topics, FormingTicksMax))
        {
            throw new SimViolation("ClusterForms", $"{made} of {_swarm.Topics} topics were made within a minute");
        }
    }

    private void BeginClients()
    {
        for (int i = 0; i < _swarm.PlainProducers; i++)
        {
            _plain.Add(new PlainProducer(_clients, () => _values.Pick(_changes.Partitions), NewBatch));
        }

        for (int i = 0; i < _swarm.IdempotentProducers; i++)
        {
            _idempotent.Add(new IdempotentProducer(_clients, _values.Pick(_changes.Partitions), (n, p, s) => NewBatch(n, p, s)));
        }

        for (int i = 0; i < _swarm.Readers; i++)
        {
            bool readsFollowers = _values.Next(2) == 0;
            _readers.Add(new PartitionReader(_clients, _values.Pick(_changes.Partitions), readsFollowers)
            {
                TrimmedUpto = _changes.TrimmedUpto,
            });
        }

        _plain.ForEach(p => p.Begin());
        _idempotent.ForEach(p => p.Begin());
        _readers.ForEach(r => r.Begin());
        for (int i = 0; i < _swarm.Committers; i++)
        {
            _committers.Add(new OffsetCommitter(_clients, $"group-{i}", _values.Pick(_changes.Partitions)));
        }

        _committers.ForEach(c => c.Begin());
        _changes.Begin();
    }

    private byte[] NewBatch(int records) => NewBatch(records, null, -1);

    /// <summary>Values are new each time: the number of the batch stands in front.</summary>
    private byte[] NewBatch(int records, ProducerIdentity? producer, int sequence)
    {
        using var builder = new BatchBuilder(Limits.BatchBytesMax);
        long number = ++_batches;
        for (int i = 0; i < records; i++)
        {
            var value = new byte[12 + _values.Next(_swarm.ValueBytesMax)];
            BitConverter.TryWriteBytes(value, number);
            BitConverter.TryWriteBytes(value.AsSpan(8), i);
            if (!_swarm.Compacts)
            {
                Invariant.Require(builder.TryAppend(1_000 + number, OptionalBytes.Null, value));
                continue;
            }

            byte[] key = [(byte)'k', (byte)_values.Next(12)];
            Invariant.Require(builder.TryAppend(1_000 + number, key, _values.Next(8) == 0 ? null : value));
        }

        return producer is { } p ? builder.Finish(p.Id, p.Epoch, sequence).ToArray() : builder.Finish().ToArray();
    }

    /// <summary>With everything healed, all replicas come to the same end, and all producers to their answers, in bounded time.</summary>
    private void Converge()
    {
        if (!_cluster.RunUntil(() => WhyNotConverged() is null, ConvergenceTicksMax))
        {
            throw new SimViolation("Converges", $"a minute after all was healed {WhyNotConverged()}");
        }
    }

    private string? WhyNotConverged()
    {
        foreach (SimNode node in _cluster.Nodes)
        {
            if (node.State != SimNodeState.Up)
            {
                return $"node {node.Id} is {node.State}: {node.Refusal}";
            }
        }

        if (_idempotent.Find(p => !p.IsDone) is { } producer)
        {
            return producer.Condition;
        }

        if (_committers.Find(c => !c.IsDone) is { } committer)
        {
            return committer.Condition;
        }

        return _cluster.Checks.WhyNotConverged();
    }

    /// <summary>Every node hands out all that was committed, itself.</summary>
    private void ReadEverywhere()
    {
        _readers.ForEach(r => r.End());
        var link = new ClientLink(_cluster.Nodes.Count);
        foreach (TopicPartition name in _changes.Partitions)
        {
            SimPartition partition = _cluster.Checks.Find(name)
                ?? throw new SimViolation("ReadableEverywhere", $"{name} was created and is nowhere");
            foreach (NodeId node in _cluster.VotersOf(partition.Id))
            {
                ReadAll(link, node, partition);
            }
        }
    }

    private void ReadAll(ClientLink link, NodeId node, SimPartition partition)
    {
        Offset at = Offset.None;
        long giveUpTicks = _cluster.Scheduler.NowTicks + ReadTicksMax;
        while (at < partition.CommittedEnd)
        {
            Offset from = at == Offset.None ? LogStartOf(node, partition) : at;
            (CallEnd end, ReadItem? item) = ReadOnce(link, node, partition.Name, from);
            if (item is { Error: null, Bytes.Length: > 0 } || (item is { Error: null } && from >= partition.CommittedEnd))
            {
                at = PartitionReader.Take(_cluster, partition.Name, node, from, item.Bytes);
                continue;
            }

            if (item?.Error?.Code == ErrorCode.OffsetOutOfRange && from < _changes.TrimmedUpto(partition.Name))
            {
                at = Offset.None; // the last trim arrived here meanwhile
            }

            // What is damaged is found by this very read, and fetched again from another node.
            if (_cluster.Scheduler.NowTicks > giveUpTicks)
            {
                throw new SimViolation("ReadableEverywhere", $"{partition.Name}: node {node} at {from} answers {end} {item?.Error}");
            }

            _cluster.RunUntil(_cluster.Scheduler.NowTicks + SimScheduler.Ms(200));
        }
    }

    private (CallEnd End, ReadItem? Item) ReadOnce(ClientLink link, NodeId node, TopicPartition partition, Offset from)
    {
        (CallEnd End, ReadItem? Item) answer = (CallEnd.NoAnswer, null);
        bool isDone = false;
        PartitionReader.Fetch(_clients, link, node, partition, from, 0, true, (end, item) => (answer, isDone) = ((end, item), true));
        _cluster.RunUntil(() => isDone, SimScheduler.Ms(10_000));
        return answer;
    }

    private Offset LogStartOf(NodeId node, SimPartition partition) =>
        _cluster.Checks.Find(node, partition.Id)?.LogStart ?? Offset.Zero;
}
