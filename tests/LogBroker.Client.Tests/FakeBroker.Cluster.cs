using LogBroker.Protocol;
using LogBroker.Protocol.V1;
using LogBroker.Rpc.Server;
using StatusDetails = LogBroker.Protocol.StatusDetails;

namespace LogBroker.Client.Tests;

/// <summary>What a fake broker does as one of several nodes: leads some partitions, refuses others, names leaders, hangs.</summary>
internal sealed partial class FakeBroker
{
    private volatile TaskCompletionSource? _sleep;
    private FakeGroups? _groups;

    /// <summary>The coordinator of groups; nodes of a cluster share one.</summary>
    public FakeGroups Groups
    {
        get => _groups ?? Interlocked.CompareExchange(ref _groups, new FakeGroups(this), null) ?? _groups;
        set => _groups = value;
    }

    /// <summary>True for topics that can be read by key.</summary>
    public Func<string, bool> IsTable { get; set; } = _ => true;

    /// <summary>Addresses of all nodes of the cluster, by number; empty for a node alone.</summary>
    public IReadOnlyDictionary<int, string> Peers { get; set; } = new Dictionary<int, string>();

    /// <summary>True when this node leads a partition, whatever its metadata say.</summary>
    public Func<int, bool> Leads { get; set; } = _ => true;

    /// <summary>The epoch in which this node leads a partition; 0 takes batches for any epoch.</summary>
    public Func<int, int> EpochOf { get; set; } = _ => 0;

    /// <summary>What a refusal says about the leader of a partition (-1 for the metadata log): metadata of the error.</summary>
    public Func<int, Dictionary<string, string>> HintOf { get; set; } = _ => [];

    /// <summary>True when this node makes changes of topics and hands out producer ids.</summary>
    public Func<bool> IsController { get; set; } = () => true;

    /// <summary>Producer ids of the whole cluster; null for a node alone.</summary>
    public Func<long>? ProducerIds { get; set; }

    /// <summary>How many records of a partition this node, as a follower, knows to be committed.</summary>
    public Func<int, long> KnownEnd { get; set; } = _ => long.MaxValue;

    /// <summary>The error that fetches of a partition are answered with, for testing what a reader does about it.</summary>
    public Func<FetchPartition, ErrorCode> FetchFault { get; set; } = _ => ErrorCode.None;

    /// <summary>Completes when parked fetches must look again who leads.</summary>
    public Task LeadershipMoved { get; set; } = new TaskCompletionSource().Task;

    public int MetadataAsked { get; private set; }

    public int AcksSent { get; private set; }

    public int FetchesSeen { get; private set; }

    public int ControllerRefusals { get; private set; }

    /// <summary>Stops answering, as a process that is stopped: connections stay, and what arrives waits.</summary>
    public void Pause() => _sleep ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Goes on with what has waited.</summary>
    public void Resume() => Interlocked.Exchange(ref _sleep, null)?.TrySetResult();

    /// <summary>Throws unless this node is the controller.</summary>
    public void RequireController()
    {
        if (!IsController())
        {
            ControllerRefusals++;
            throw new Rpc.RpcException(ErrorOf("__cluster_metadata", -1, ErrorCode.NotLeader));
        }
    }

    /// <summary>Throws unless this node leads a partition.</summary>
    public void RequireLeader(int partition)
    {
        if (!Leads(partition))
        {
            throw new Rpc.RpcException(ErrorOf("t", partition, ErrorCode.NotLeader));
        }
    }

    /// <summary>Loses the answer to the next creation or deletion of a topic.</summary>
    public bool LosesAnswer { get; set; }

    public void LoseAnswerOnce()
    {
        if (LosesAnswer)
        {
            LosesAnswer = false;
            throw new Rpc.RpcException(new Rpc.Status(Rpc.StatusCode.Unavailable, "the answer was lost"));
        }
    }

    /// <summary>True for a request that was seen before.</summary>
    public bool IsRepeated(string requestId) => requestId.Length > 0 && !_requestIds.Add(requestId);

    private readonly HashSet<string> _requestIds = [];

    private async ValueTask AwakeAsync(ServerCallContext context)
    {
        while (_sleep is { } sleep)
        {
            await sleep.Task.WaitAsync(context.CancellationToken);
        }
    }

    private long NewProducerId() => ProducerIds?.Invoke() ?? Interlocked.Increment(ref _lastProducerId);

    private ErrorCode RefusalOf(ProduceBatch batch)
    {
        if (!Leads(batch.Partition))
        {
            return ErrorCode.NotLeader;
        }

        int epoch = EpochOf(batch.Partition);
        return epoch == 0 || batch.LeaderEpoch == 0 || batch.LeaderEpoch == epoch ? ErrorCode.None
            : batch.LeaderEpoch < epoch ? ErrorCode.FencedEpoch
            : ErrorCode.UnknownEpoch;
    }

    private Google.Rpc.Status ErrorOf(string topic, int partition, ErrorCode code)
    {
        Dictionary<string, string> metadata = code switch
        {
            ErrorCode.NotLeader => HintOf(partition),
            ErrorCode.FencedEpoch => new() { ["leaderEpoch"] = FormattableString.Invariant($"{EpochOf(partition)}") },
            _ => [],
        };
        return StatusDetails.ToStatus(
            new BrokerError(code, $"refused by fake broker {NodeId}: {code} for {topic}/{partition}") { Metadata = metadata });
    }

    private FetchedPartition FetchOne(FetchPartition asked, bool allowsFollower)
    {
        ErrorCode fault = FetchFault(asked);
        if (fault == ErrorCode.None && !Leads(asked.Partition) && !allowsFollower)
        {
            fault = ErrorCode.NotLeader;
        }

        if (fault != ErrorCode.None)
        {
            return new FetchedPartition
            {
                Topic = asked.Topic,
                Partition = asked.Partition,
                Error = ErrorOf(asked.Topic, asked.Partition, fault),
            };
        }

        long end = Leads(asked.Partition) ? long.MaxValue : KnownEnd(asked.Partition);
        return _topics[asked.Topic][asked.Partition].Fetch(asked.Offset, asked.MaxBytes, end);
    }
}
