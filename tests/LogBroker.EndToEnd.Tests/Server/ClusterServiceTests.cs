using LogBroker.Cluster;
using LogBroker.Protocol;
using LogBroker.Protocol.V1;
using LogBroker.Rpc;
using LogBroker.Server;

namespace LogBroker.EndToEnd.Tests;

/// <summary>The Cluster service says what the broker says, in the words of the proto.</summary>
public sealed class ClusterServiceTests : IAsyncLifetime
{
    private readonly CancellationToken _ct = TestContext.Current.CancellationToken;
    private StubCluster _cluster = null!;
    private GrpcChannel _channel = null!;

    public async ValueTask InitializeAsync()
    {
        _cluster = await StubCluster.StartAsync();
        _channel = GrpcChannel.ForAddress("http://" + _cluster.Nodes[1].Address);
    }

    public async ValueTask DisposeAsync()
    {
        _channel.Dispose();
        await _cluster.DisposeAsync();
    }

    [Fact]
    public async Task Metadata_names_every_registered_node_and_every_replica()
    {
        var request = new GetMetadataRequest();
        request.Topics.Add("orders");
        GetMetadataResponse metadata = await Call(ServiceMethods.GetMetadata, request);
        Assert.Equal(_cluster.Nodes.Select(n => n.Address), metadata.Nodes.Select(n => n.GrpcAddress));
        Assert.Equal(["r", "", "r"], metadata.Nodes.Select(n => n.Rack));
        Assert.All(metadata.Topics[0].Partitions, p => Assert.Equal([1, 2, 3], p.ReplicaNodeIds));
        Topic topic = await Call(ServiceMethods.GetTopic, new GetTopicRequest { Name = "orders" });
        Assert.All(topic.Partitions, p => Assert.Equal([1, 2, 3], p.ReplicaNodeIds));
    }

    [Fact]
    public async Task Metadata_is_refused_while_topics_are_not_known_yet()
    {
        StubBroker broker = _cluster.Nodes[1].Broker;
        broker.Describe = name => new BrokerError(ErrorCode.UnknownTopicOrPartition, $"topic {name} does not exist");
        var request = new GetMetadataRequest();
        request.Topics.Add("orders");
        Assert.Empty((await Call(ServiceMethods.GetMetadata, request)).Topics);
        broker.NotReady = new BrokerError(ErrorCode.NotLeader, "not yet");
        var refused = await Assert.ThrowsAsync<RpcException>(() => Call(ServiceMethods.GetMetadata, request));
        Assert.Equal("not yet", refused.Status.Detail);
    }

    [Fact]
    public async Task Nodes_are_listed_with_everything_that_is_known_of_them()
    {
        StubBroker broker = _cluster.Nodes[1].Broker;
        NodeDescription[] nodes = [.. broker.Cluster.Nodes];
        nodes[0] = nodes[0] with { IsHeard = false, SilentMs = 1500, IsDraining = true };
        nodes[2] = nodes[2] with { IsHeard = false, SilentMs = -1, Registered = null };
        broker.Cluster = broker.Cluster with { Nodes = nodes };
        ListNodesResponse listed = await Call(ServiceMethods.ListNodes, new ListNodesRequest());
        Assert.Equal((StubCluster.Id.ToString(), 2, 1), (listed.ClusterId, listed.NodeId, listed.ControllerNodeId));
        Assert.Equal(
            new NodeInfo
            {
                NodeId = 1,
                State = NodeInfo.Types.State.Silent,
                GrpcAddress = _cluster.Nodes[0].Address,
                PeerAddress = "127.0.0.1:7101",
                Rack = "r",
                Version = "1.0",
                DirectoryId = new string('0', 32),
                Draining = true,
                SilentMs = 1500,
            },
            listed.Nodes[0]);
        Assert.Equal((NodeInfo.Types.State.Heard, 0L), (listed.Nodes[1].State, listed.Nodes[1].SilentMs));
        Assert.Equal(
            new NodeInfo { NodeId = 3, State = NodeInfo.Types.State.NeverHeard, PeerAddress = "127.0.0.1:7103", SilentMs = -1 },
            listed.Nodes[2]);
        Assert.Equal(2, (await Call(ServiceMethods.GetMetadata, new GetMetadataRequest())).Nodes.Count);
    }

    [Fact]
    public async Task Partitions_are_listed_by_topic_filter_and_page()
    {
        ListClusterPartitionsResponse all = await Call(ServiceMethods.ListClusterPartitions, new ListClusterPartitionsRequest());
        Assert.Equal(["__cluster_metadata/0", "orders/0", "orders/1"], all.Partitions.Select(NameOf));
        Assert.Empty(all.Partitions[1].Replicas);
        Assert.Equal(
            [(1, true, 3L, 1L), (2, true, 2L, 2L), (3, false, 1L, 3L)],
            all.Partitions[2].Replicas.Select(r => (r.NodeId, r.InSync, r.LagRecords, r.LagMs)));
        Assert.Equal(["orders/0", "orders/1"], await Names(new ListClusterPartitionsRequest { Topic = "orders" }));
        Assert.Equal(["orders/1"], await Names(new ListClusterPartitionsRequest { UnderReplicated = true }));
        Assert.Empty(await Names(new ListClusterPartitionsRequest { Leaderless = true }));
        _cluster[0] = 0;
        Assert.Equal(["orders/0"], await Names(new ListClusterPartitionsRequest { Leaderless = true }));
        Assert.Equal(["orders/0", "orders/1"], await Names(new ListClusterPartitionsRequest { Leaderless = true, UnderReplicated = true }));
        ListClusterPartitionsResponse first =
            await Call(ServiceMethods.ListClusterPartitions, new ListClusterPartitionsRequest { PageSize = 2 });
        Assert.Equal(2, first.Partitions.Count);
        Assert.Equal(["orders/1"], await Names(new ListClusterPartitionsRequest { PageSize = 2, PageToken = first.NextPageToken }));
        await Assert.ThrowsAsync<RpcException>(() => Names(new ListClusterPartitionsRequest { PageToken = "nonsense" }));
    }

    [Fact]
    public async Task Leaders_move_where_they_are_and_elsewhere_the_leader_is_named()
    {
        Assert.Equal(3, (await Call(
            ServiceMethods.TransferLeader, new TransferLeaderRequest { Topic = "orders", Partition = 1, ToNodeId = 3 })).LeaderNodeId);
        var refused = await Assert.ThrowsAsync<RpcException>(
            () => Call(ServiceMethods.TransferLeader, new TransferLeaderRequest { Topic = "orders", Partition = 0 }));
        Assert.Equal(StatusCode.FailedPrecondition, refused.StatusCode);
        Assert.True(Rpc.StatusDetails.TryGetDetail(refused.RpcStatus!, out Google.Rpc.ErrorInfo? info));
        Assert.Equal(("NOT_LEADER", _cluster.Nodes[0].Address), (info.Reason, info.Metadata["leaderAddress"]));
        await Assert.ThrowsAsync<RpcException>(
            () => Call(ServiceMethods.SetNodeDraining, new SetNodeDrainingRequest { NodeId = 0, Draining = true }));
    }

    [Fact]
    public void Problems_are_sentences_and_the_worst_comes_first()
    {
        ClusterDescription cluster = _cluster.Nodes[1].Broker.Cluster;
        BrokerStatus status = _cluster.Nodes[1].Broker.Status;
        List<Problem> problems = ClusterProblems.Of(status with { DiskFull = true, PartitionsLeaderless = 2 }, cluster, 10);
        Assert.Equal(
            [
                "2 partitions have no leader",
                "the disk is full (50 % free): producers are refused until space returns",
                "1 partitions led by node 2 have a replica that is not in sync",
            ],
            problems.Select(p => p.Sentence));
        Assert.Equal([true, true, false], problems.Select(p => p.Critical));
        Assert.Equal(Problem.Types.Scope.Node, problems[1].Scope);
        Assert.Equal("3 problems: 2 partitions have no leader", ClusterProblems.Summary(problems, status));
        NodeDescription[] nodes = [.. cluster.Nodes.Select(n => n with { IsHeard = n.Node == cluster.Self })];
        Assert.Equal(
            "the cluster is not formed: no word from node 1, 3",
            Assert.Single(ClusterProblems.Of(status, cluster with { Cluster = null, Nodes = nodes }, 10)).Sentence);
    }

    private async Task<TResponse> Call<TRequest, TResponse>(Method<TRequest, TResponse> method, TRequest request) =>
        await _channel.Unary(method, request, new CallOptions(timeout: TestClient.CallTime, cancellationToken: _ct));

    private async Task<string[]> Names(ListClusterPartitionsRequest request) =>
        [.. (await Call(ServiceMethods.ListClusterPartitions, request)).Partitions.Select(NameOf)];

    private static string NameOf(PartitionInfo partition) => $"{partition.Topic}/{partition.Partition}";
}
