using LogBroker.Cluster;
using LogBroker.Protocol;
using LogBroker.Rpc.Server;
using LogBroker.Server;

namespace LogBroker.EndToEnd.Tests;

/// <summary>A broker that says of its cluster what a test tells it to say, and does nothing else.</summary>
internal sealed class StubBroker(int nodeId) : IBroker
{
    /// <summary>What it says.</summary>
    public ClusterDescription Cluster { get; set; } = new(new ClusterId(Guid.Empty), new NodeId(nodeId), new NodeId(1), [], []);

    /// <summary>What a transfer does.</summary>
    public Func<TopicPartition, NodeId, Result<NodeId>> Transfer { get; set; } = (_, to) => to;

    /// <summary>What draining does.</summary>
    public Func<NodeId, bool, BrokerError?> Drain { get; set; } = (_, _) => null;

    /// <summary>What is known of a topic.</summary>
    public Func<string, Result<TopicDescription>> Describe { get; set; } = name =>
        new BrokerError(ErrorCode.UnknownTopicOrPartition, $"topic {name} does not exist");

    public NodeId NodeId => new(nodeId);

    public ClusterId ClusterId => Cluster.Cluster ?? default;

    public bool IsFormed => Cluster.Cluster is not null;

    public BrokerError? NotReady { get; set; }

    public TopicCatalog Topics => TopicCatalog.Empty;

    public IGroups Groups => throw new NotSupportedException();

    public BrokerStatus Status { get; set; } = new(1, 2, 0, 0, 10, 50, 100, DiskFull: false);

    public ClusterDescription DescribeCluster() => Cluster;

    public ValueTask<Result<NodeId>> TransferLeader(TopicPartition partition, NodeId to, CancellationToken cancellation) =>
        ValueTask.FromResult(Transfer(partition, to));

    public ValueTask<BrokerError?> SetDraining(NodeId node, bool isDraining, CancellationToken cancellation) =>
        ValueTask.FromResult(Drain(node, isDraining));

    public Result<TopicDescription> DescribeTopic(string topic) => Describe(topic);

    public ValueTask Produce(in ProduceCommand command, BatchBuffer batch, IProduceSink sink) => throw new NotSupportedException();

    public ValueTask<Result<ProducerIdentity>> InitProducer(ProducerIdentity? current, CancellationToken cancellation) =>
        throw new NotSupportedException();

    public ValueTask<Result<FetchAnswer>> Fetch(FetchCommand command, CancellationToken cancellation) => throw new NotSupportedException();

    public ValueTask<Result<OffsetAnswer>> FindOffset(TopicPartition partition, LogQuery query, CancellationToken cancellation) =>
        throw new NotSupportedException();

    public ValueTask<Result<TableAnswer>> GetTable(TableGet ask, CancellationToken cancellation) => throw new NotSupportedException();

    public ValueTask<Result<TablePage>> ScanTable(TableScan ask, CancellationToken cancellation) => throw new NotSupportedException();

    public ValueTask<Result<TopicDescription>> CreateTopic(CreateTopicCommand command, CancellationToken cancellation) =>
        throw new NotSupportedException();

    public ValueTask<Result<TopicDescription>> AlterTopic(AlterTopicCommand command, CancellationToken cancellation) =>
        throw new NotSupportedException();

    public ValueTask<Result<TopicDescription>> AddPartitions(
        string topic, int partitions, bool validateOnly, CancellationToken cancellation) => throw new NotSupportedException();

    public ValueTask<Result<TopicId>> DeleteTopic(string topic, TopicId? id, bool validateOnly, CancellationToken cancellation) =>
        throw new NotSupportedException();

    public ValueTask<Result<Offset>> DeleteRecords(
        TopicPartition partition, Offset before, bool validateOnly, CancellationToken cancellation) => throw new NotSupportedException();
}

/// <summary>A <see cref="StubBroker"/> behind the real services, on a free port of the loopback.</summary>
internal sealed class StubNode : IAsyncDisposable
{
    private readonly ServerMetrics _metrics = new(TimeProvider.System);
    private readonly GrpcServer _server;

    private StubNode(int nodeId)
    {
        Broker = new StubBroker(nodeId);
        EffectiveConfig config = ConfigLoader.Load(null, new Dictionary<string, string>(), [], out _)!;
        var services = new GrpcServices();
        var table = new ServiceTable(services, _metrics);
        new ClusterService(Broker, new NodeFacts(config, () => Address, () => TimeSpan.FromSeconds(7))).AddTo(table);
        new TopicsService(Broker).AddTo(table);
        _server = new GrpcServer(new GrpcServerOptions(), services);
    }

    public StubBroker Broker { get; }

    /// <summary>HOST:PORT.</summary>
    public string Address => _server.BoundEndPoints[0].ToString();

    public static async Task<StubNode> StartAsync(int nodeId)
    {
        var node = new StubNode(nodeId);
        await node._server.StartAsync();
        return node;
    }

    public async ValueTask DisposeAsync()
    {
        await _server.StopAsync(TimeSpan.Zero);
        await _server.DisposeAsync();
        _metrics.Dispose();
    }
}
