using LogBroker.Cluster;
using LogBroker.Protocol;
using LogBroker.TestKit;

namespace LogBroker.Simulator.Tests;

/// <summary>A simulated cluster without faults of its own, step by step in a test's hand.</summary>
internal sealed class Script
{
    private static readonly long AnswerTicksMax = SimScheduler.Ms(20_000);

    private readonly Clients _clients;
    private readonly ClientLink _link;
    private int _batches;

    private Script(int nodes, ulong seed)
    {
        Cluster = new SimCluster(seed, nodes);
        var quiet = new Swarm { Nodes = nodes, FaultySeconds = 0, Network = new SimNetworkFaults(), ValueBytesMax = 100 };
        _clients = new Clients(Cluster, quiet, Cluster.Random.Fork());
        _clients.Heal();
        _link = new ClientLink(nodes);
    }

    public SimCluster Cluster { get; }

    /// <summary>All nodes run.</summary>
    public static Script Start(int nodes, ulong seed = 1)
    {
        var script = new Script(nodes, seed);
        foreach (SimNode node in script.Cluster.Nodes)
        {
            node.Start();
        }

        return script;
    }

    public SimNode Node(int id) => Cluster.Node(new NodeId(id));

    public void Run(double ms) => Cluster.RunUntil(Cluster.Scheduler.NowTicks + SimScheduler.Ms(ms));

    public void RunUntil(Func<bool> holds) => Assert.True(Cluster.RunUntil(holds, AnswerTicksMax), Cluster.Checks.WhyNotConverged());

    public void Converge() => RunUntil(
        () => Cluster.Nodes.All(n => n.State == SimNodeState.Up) && Cluster.Checks.WhyNotConverged() is null);

    /// <summary>Asks one node after the other until one does it.</summary>
    public T Ask<T>(Func<Broker, ValueTask<Result<T>>> ask)
    {
        for (int turn = 0; turn < 200; turn++)
        {
            bool isAnswered = false;
            bool isDone = false;
            Result<T> result = default;
            _clients.Ask(_link, new NodeId(1 + (turn % Cluster.Nodes.Count)), ask, (end, answer) =>
            {
                isDone = end == CallEnd.Answered && answer.IsOk;
                result = answer;
                isAnswered = true;
            });
            RunUntil(() => isAnswered);
            if (isDone)
            {
                return result.Value;
            }

            Run(50);
        }

        throw new InvalidOperationException("no node did it");
    }

    public TopicDescription Create(string topic, int partitions = 1, IReadOnlyDictionary<string, string>? config = null) => Ask(
        b => b.CreateTopic(
            new CreateTopicCommand(topic, partitions, 0, config ?? new Dictionary<string, string>(), topic, false),
            CancellationToken.None));

    public byte[] Batch(int records, ProducerIdentity? producer = null, int sequence = -1)
    {
        using var builder = new BatchBuilder(Limits.BatchBytesMax);
        _batches++;
        for (int i = 0; i < records; i++)
        {
            Invariant.Require(builder.TryAppend(1_000, OptionalBytes.Null, BitConverter.GetBytes(((long)_batches << 32) + i)));
        }

        return producer is { } p ? builder.Finish(p.Id, p.Epoch, sequence).ToArray() : builder.Finish().ToArray();
    }

    /// <summary>Sends a batch to one node after the other until it is acknowledged.</summary>
    public ProduceOutcome Send(TopicPartition partition, byte[] batch)
    {
        for (int turn = 0; turn < 200; turn++)
        {
            ProduceOutcome? outcome = null;
            bool isAnswered = false;
            _clients.Produce(_link, new NodeId(1 + (turn % Cluster.Nodes.Count)), partition, batch, (end, answer) =>
            {
                outcome = end == CallEnd.Answered ? answer : null;
                isAnswered = true;
            });
            RunUntil(() => isAnswered);
            if (outcome is { Error: null })
            {
                return outcome.Value;
            }

            Assert.True(outcome?.Error is null || ErrorCatalogue.Get(outcome.Value.Error!.Code).IsRetriable, outcome?.Error?.ToString());
            Run(50);
        }

        throw new InvalidOperationException("the batch was never acknowledged");
    }
}
