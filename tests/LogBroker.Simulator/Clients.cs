using System.Buffers;
using LogBroker.Cluster;
using LogBroker.Protocol;
using LogBroker.TestKit;

namespace LogBroker.Simulator;

/// <summary>How a call of a client ended.</summary>
internal enum CallEnd
{
    /// <summary>The node answered.</summary>
    Answered,

    /// <summary>The node could not be reached: nothing happened.</summary>
    Unreachable,

    /// <summary>No answer came in time: whatever was asked may have happened.</summary>
    NoAnswer,
}

/// <summary>
/// The way of clients to brokers: requests and answers take time and get lost, those of one client to one node keep their order. One
/// thread.
/// </summary>
internal sealed class Clients(SimCluster cluster, Swarm swarm, SimRandom random)
{
    private static readonly long AnswerTicksMax = SimScheduler.Ms(2_000);

    /// <summary>Time a broker has for a batch, in milliseconds.</summary>
    public const int ProduceTimeoutMs = 1_500;

    private bool _isReliable;

    public SimCluster Cluster => cluster;

    public SimRandom Random => random;

    public Swarm Swarm => swarm;

    public int Acknowledged { get; private set; }

    public int Refused { get; private set; }

    public int Unknown { get; private set; }

    public int Fetched { get; private set; }

    /// <summary>From now on nothing is lost and everything is quick.</summary>
    public void Heal() => _isReliable = true;

    public void NoteFetched() => Fetched++;

    /// <summary>Sends a batch; the end is told exactly once.</summary>
    public void Produce(ClientLink link, NodeId to, TopicPartition partition, byte[] batch, Action<CallEnd, ProduceOutcome> done)
    {
        var call = new Call<ProduceOutcome>(this, done);
        Send(call, link, to, node => node.Call(broker =>
        {
            var command = new ProduceCommand(partition, 0, RequiredAcks.Quorum, ProduceTimeoutMs, Epoch.None);
            ulong body = SimShadow.BodyOf(batch);
            ProduceStream stream = link.StreamTo(node);
            ulong correlationId = stream.Add(outcome =>
            {
                Note(partition, outcome, body);
                Answer(call, outcome);
            });
            _ = broker.Produce(
                command with { CorrelationId = correlationId }, BatchBuffer.CopyOf(new ReadOnlySequence<byte>(batch)), stream);
            return Task.CompletedTask;
        }));
    }

    /// <summary>Asks a node for something; the end is told exactly once.</summary>
    public void Ask<T>(ClientLink link, NodeId to, Func<Broker, ValueTask<T>> ask, Action<CallEnd, T?> done)
    {
        var call = new Call<T>(this, (end, answer) => done(end, answer));
        Send(call, link, to, node => node.Call(async broker => Answer(call, await ask(broker))));
    }

    /// <summary>The node that an error says leads, or another one at random.</summary>
    public NodeId Next(BrokerError? error)
    {
        bool isTold = error?.Metadata is { } facts && facts.TryGetValue("leaderNodeId", out string? text)
            && int.TryParse(text, out int id) && id > 0 && id <= cluster.Nodes.Count;
        return isTold ? new NodeId(int.Parse(error!.Metadata["leaderNodeId"])) : Any();
    }

    public NodeId Any() => cluster.Nodes[random.Next(cluster.Nodes.Count)].Id;

    private void Send<T>(Call<T> call, ClientLink link, NodeId to, Action<SimNode> request)
    {
        SimNode node = cluster.Node(to);
        call.Expire(AnswerTicksMax);
        if (IsLost())
        {
            return;
        }

        long at = link.ArrivalAt(to, cluster.Scheduler.NowTicks + Way());
        cluster.Scheduler.At(at, () =>
        {
            if (node.State is SimNodeState.Up or SimNodeState.Stopping)
            {
                request(node);
            }
            else
            {
                cluster.Scheduler.After(Way(), () => call.End(CallEnd.Unreachable, default));
            }
        });
    }

    private void Answer<T>(Call<T> call, T answer)
    {
        if (IsLost())
        {
            (answer as IDisposable)?.Dispose();
            return;
        }

        cluster.Scheduler.After(Way(), () => call.End(CallEnd.Answered, answer));
    }

    /// <summary>Holds the answer against what is known, as soon as the step that gave it is over.</summary>
    private void Note(TopicPartition name, ProduceOutcome outcome, ulong body) => cluster.Scheduler.After(0, () =>
    {
        cluster.Trace.Note(
            "answer", 0, outcome.BaseOffset.Value, outcome.LeaderEpoch.Value, (long)(outcome.Error?.Code ?? 0), name.Topic,
            cluster.Trace.IsText ? $"{name} {outcome}" : "");
        if (outcome.Error is null)
        {
            Acknowledged++;
            if (cluster.Checks.Find(name) is not { } partition)
            {
                throw new SimViolation("AckedIsCommitted", $"{name} acknowledged a batch and has no replica");
            }

            partition.Acknowledge(outcome.BaseOffset, body, outcome.IsDuplicate);
        }
        else if (outcome.Error.Code is ErrorCode.OutcomeUnknown)
        {
            Unknown++;
        }
        else
        {
            Refused++;
        }
    });

    private bool IsLost() => !_isReliable && random.Chance(swarm.ClientLoss);

    private long Way() => SimScheduler.Ms(_isReliable ? 0.1 : random.NextDouble() * swarm.ClientDelayMsMax);

    private sealed class Call<T>(Clients clients, Action<CallEnd, T?> done)
    {
        private SimEvent? _expiry;
        private bool _isOver;

        public void Expire(long afterTicks) =>
            _expiry = clients.Cluster.Scheduler.After(afterTicks, () => End(CallEnd.NoAnswer, default));

        public void End(CallEnd end, T? answer)
        {
            if (_isOver)
            {
                (answer as IDisposable)?.Dispose();
                return;
            }

            _isOver = true;
            _expiry?.Cancel();
            done(end, answer);
        }
    }
}

/// <summary>One produce stream: the sink of all its batches.</summary>
internal sealed class ProduceStream : IProduceSink
{
    private readonly Dictionary<ulong, Action<ProduceOutcome>> _waiting = [];
    private ulong _next;

    public ulong Add(Action<ProduceOutcome> completed)
    {
        _waiting.Add(++_next, completed);
        return _next;
    }

    public void Completed(ulong correlationId, in ProduceOutcome outcome)
    {
        if (!_waiting.Remove(correlationId, out Action<ProduceOutcome>? completed))
        {
            throw new SimViolation("AnsweredOnce", $"a batch was answered twice, the second time with {outcome}");
        }

        completed(outcome);
    }
}

/// <summary>The connections of one client: what it sends to one node arrives in order.</summary>
internal sealed class ClientLink(int nodes)
{
    private readonly long[] _lastTicks = new long[nodes + 1];
    private readonly (int Life, ProduceStream? Stream)[] _streams = new (int, ProduceStream?)[nodes + 1];

    public long ArrivalAt(NodeId to, long ticks) => _lastTicks[to.Value] = Math.Max(_lastTicks[to.Value], ticks);

    /// <summary>The stream to the present process of a node.</summary>
    public ProduceStream StreamTo(SimNode node)
    {
        ref (int Life, ProduceStream? Stream) known = ref _streams[node.Id.Value];
        if (known.Stream is null || known.Life != node.Lives)
        {
            known = (node.Lives, new ProduceStream());
        }

        return known.Stream!;
    }
}
