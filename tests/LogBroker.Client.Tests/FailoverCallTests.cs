using LogBroker.Protocol;
using Microsoft.Extensions.Time.Testing;

namespace LogBroker.Client.Tests;

/// <summary>Who is asked: bootstrap servers, nodes, the controller, leaders.</summary>
public sealed class FailoverCallTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task ChangesGoToTheControllerByTheWordOfWhoeverIsAsked()
    {
        await using FakeCluster cluster = await FakeCluster.StartAsync();
        cluster.Controller = 3;
        await using LogBrokerClient client = cluster.Client();
        await client.Topics.CreateAsync("u");
        Assert.Equal(["t", "u"], cluster.Node(3).TopicNames);
        Assert.Equal(1, cluster.Nodes.Sum(n => n.ControllerRefusals));
        await client.Topics.CreateAsync("v");
        Assert.Equal(1, cluster.Nodes.Sum(n => n.ControllerRefusals));
        await client.Topics.DeleteAsync("v");
        Assert.Equal(["t", "u"], cluster.Node(3).TopicNames);
    }

    [Fact]
    public async Task AChangeWaitsForAController()
    {
        await using FakeCluster cluster = await FakeCluster.StartAsync();
        cluster.Controller = 0;
        await using LogBrokerClient client = cluster.Client();
        Task<TopicDescription> creating = client.Topics.CreateAsync("u");
        await Clients.UntilAsync(() => cluster.Nodes.Sum(n => n.ControllerRefusals) >= 6);
        cluster.Controller = 2;
        Assert.Equal("u", (await creating.WaitAsync(Patience)).Name);
    }

    [Fact]
    public async Task WithoutAControllerUntilTheDeadlineTheErrorSaysSo()
    {
        await using FakeCluster cluster = await FakeCluster.StartAsync();
        cluster.Controller = 0;
        var clock = new FakeTimeProvider();
        await using LogBrokerClient client = cluster.Client(new LogBrokerClientOptions { TimeProvider = clock });
        Task<TopicDescription> creating = client.Topics.CreateAsync("u");
        await Clients.UntilAsync(() => cluster.Nodes.Sum(n => n.ControllerRefusals) >= 3);
        await Clients.UntilAsync(() =>
        {
            clock.Advance(TimeSpan.FromSeconds(1));
            return creating.IsCompleted;
        });
        var e = await Assert.ThrowsAsync<LogBrokerException>(() => creating);
        Assert.Equal(ErrorCode.NotLeader, e.Reason);
    }

    [Fact]
    public async Task ACreationWhoseAnswerIsLostIsNotMadeTwice()
    {
        await using FakeCluster cluster = await FakeCluster.StartAsync();
        cluster.Node(1).LosesAnswer = true;
        await using LogBrokerClient client = cluster.Client();
        Assert.Equal("u", (await client.Topics.CreateAsync("u").WaitAsync(Patience)).Name);
    }

    [Fact]
    public async Task ADeletionWhoseAnswerIsLostIsUnknown()
    {
        await using FakeCluster cluster = await FakeCluster.StartAsync();
        await using LogBrokerClient client = cluster.Client();
        cluster.Node(1).LosesAnswer = true;
        await Assert.ThrowsAsync<OutcomeUnknownException>(() => client.Topics.DeleteAsync("t").WaitAsync(Patience));
    }

    [Fact]
    public async Task RecordsAreDeletedByTheLeadersOfTheirPartitions()
    {
        await using FakeCluster cluster = await FakeCluster.StartAsync(3);
        await using LogBrokerClient client = cluster.Client();
        await using Producer producer = client.CreateProducer();
        for (int i = 0; i < 9; i++)
        {
            await producer.ProduceAsync("t", ProducerFaultTests.Record(i, i % 3));
        }

        cluster.Elect(1, 2);
        cluster.Elect(2, 3);
        var before = new Dictionary<int, long> { [0] = 1, [1] = 2, [2] = 3 };
        IReadOnlyDictionary<int, long> starts = await client.Topics.DeleteRecordsAsync("t", before).WaitAsync(Patience);
        Assert.Equal(before, starts.ToDictionary());
    }

    [Fact]
    public async Task OffsetsAreListedByTheLeadersOfTheirPartitions()
    {
        await using FakeCluster cluster = await FakeCluster.StartAsync(3);
        await using LogBrokerClient client = cluster.Client();
        await client.ListOffsetsAsync("t", Position.End);
        cluster.Elect(1, 2);
        cluster.Elect(2, 3);
        Assert.Equal(3, (await client.ListOffsetsAsync("t", Position.End).WaitAsync(Patience)).Count);
    }

    [Fact]
    public async Task AClientThatLostAllNodesComesBackToTheBootstrapServers()
    {
        await using FakeBroker first = await FakeBroker.StartAsync(("t", 1));
        await using var second = new FakeBroker { NodeId = 2 };
        second.ShareTopic("t", first);
        await second.StartAsync();
        await using var bootstrap = new FakeBroker { NodeId = 9 };
        bootstrap.ShareTopic("t", first);
        await bootstrap.StartAsync();
        (int, string, int) leader = (1, first.Address, 1);
        first.LeaderOf = second.LeaderOf = bootstrap.LeaderOf = _ => leader;
        await using LogBrokerClient client = Clients.Of(bootstrap);
        await using Producer producer = client.CreateProducer();
        await producer.ProduceAsync("t", ProducerFaultTests.Record(0, 0));
        await first.KillAsync();
        leader = (2, second.Address, 2);
        Assert.Equal(1, (await producer.ProduceAsync("t", ProducerFaultTests.Record(1, 0)).AsTask().WaitAsync(Patience)).Offset);
    }

    [Fact]
    public async Task ATopicThatOneNodeHasNotHeardOfIsFoundAtAnother()
    {
        await using FakeCluster cluster = await FakeCluster.StartAsync();
        cluster.Node(3).AddTopic("late", 1);
        cluster.Elect(0, 3);
        await using LogBrokerClient client = cluster.Client();
        await using Producer producer = client.CreateProducer();
        Assert.Equal(0, (await producer.ProduceAsync("late", ProducerFaultTests.Record(0, 0)).AsTask().WaitAsync(Patience)).Offset);
    }

    [Fact]
    public async Task ANodeThatHangsDoesNotHoldUpAQuestion()
    {
        await using FakeCluster cluster = await FakeCluster.StartAsync();
        await using LogBrokerClient client = cluster.Client();
        await client.Cluster.GetMetadataAsync(["t"]);
        cluster.Node(1).Pause();
        ClusterMetadata metadata = await client.Cluster.GetMetadataAsync(["t"]).WaitAsync(TimeSpan.FromSeconds(20));
        Assert.NotEqual(1, metadata.NodeId);
    }

    [Fact]
    public void AServerThatFailedIsLeftAloneLongerEachTimeAndAskedLast()
    {
        var clock = new FakeTimeProvider();
        var book = new ServerBook(["a:1", "b:1", "c:1"], clock);
        Assert.Equal(["a:1", "b:1", "c:1"], book.InOrder());
        book.Failed("a:1");
        Assert.Equal(["b:1", "c:1", "a:1"], book.InOrder());
        clock.Advance(TimeSpan.FromMilliseconds(251));
        Assert.Equal(["a:1", "b:1", "c:1"], book.InOrder());
        book.Failed("a:1");
        clock.Advance(TimeSpan.FromMilliseconds(251));
        Assert.True(book.IsTroubled("a:1"));
        clock.Advance(TimeSpan.FromMilliseconds(250));
        Assert.False(book.IsTroubled("a:1"));
        for (int i = 0; i < 20; i++)
        {
            book.Failed("a:1");
        }

        clock.Advance(TimeSpan.FromSeconds(10.01));
        Assert.False(book.IsTroubled("a:1"));
        book.Failed("a:1");
        book.Answered("a:1");
        Assert.Equal(["a:1", "b:1", "c:1"], book.InOrder());
        book.Answered("c:1");
        Assert.Equal(["c:1", "a:1", "b:1"], book.InOrder());
    }

    [Fact]
    public void NodesComeBeforeBootstrapServersAndAnotherOneEachTimeWhenAnAnswerDidNotHelp()
    {
        var book = new ServerBook(["boot:1"], new FakeTimeProvider());
        book.Learn(1, "boot:1", [new BrokerNode(1, "n1:1", ""), new BrokerNode(2, "n2:1", "east"), new BrokerNode(3, "no address", "")]);
        book.Learn(3, "n3:1");
        Assert.Equal("boot:1", book.AddressOf(1));
        Assert.Equal("n2:1", book.AddressOf(2));
        Assert.Equal("east", book.RackOf(2));
        Assert.Equal(["boot:1", "n2:1", "n3:1"], book.InOrder());
        Assert.Equal(["n2:1", "n3:1", "boot:1"], book.InOrder(isElsewhere: true));
        Assert.Equal(["n3:1", "boot:1", "n2:1"], book.InOrder(isElsewhere: true));

        // What node 1 advertises counts when it changes.
        book.Learn(2, "n2:1", [new BrokerNode(1, "n1:2", "")]);
        Assert.Equal("n1:2", book.AddressOf(1));
        Assert.Equal("boot:1", book.InOrder()[^1]);
    }

    [Theory]
    [InlineData(1, 5, 1, 4, false)]
    [InlineData(1, 5, 2, 5, false)]
    [InlineData(1, 5, 2, 6, true)]
    [InlineData(1, 5, 1, 6, true)]
    [InlineData(0, 5, 2, 4, true)]
    [InlineData(1, 5, 2, 0, false)]
    public async Task AHintCountsOnlyWhenItIsLater(int knownNode, int knownEpoch, int node, int epoch, bool counts)
    {
        await using FakeCluster cluster = await FakeCluster.StartAsync();
        cluster.Belief = (_, _) => (knownNode, knownEpoch);
        await using LogBrokerClient client = cluster.Client();
        await client.Metadata.RefreshAsync("t", CancellationToken.None);
        var hint = new LogBrokerException(ErrorCode.NotLeader, "not me")
        {
            Details = new Dictionary<string, string>
            {
                ["leaderNodeId"] = $"{node}",
                ["leaderAddress"] = "new:7",
                ["leaderEpoch"] = $"{epoch}",
            },
        };
        int changes = 0;
        client.Metadata.LeaderChanged += _ => changes++;
        Assert.Equal(counts, client.Metadata.TakeHint("t", 0, hint));
        Assert.Equal(counts ? 1 : 0, changes);
        LeaderPlace leader = client.Metadata.LeaderOf("t", 0) ?? new LeaderPlace("", 0, 5);
        Assert.Equal(counts ? (node, epoch) : (knownNode, knownEpoch), (leader.NodeId, leader.Epoch));
        Assert.Equal(counts, leader.Server == "new:7");
    }

    [Fact]
    public async Task MetadataOfALaggingNodeBringNoOldLeaderBack()
    {
        await using FakeCluster cluster = await FakeCluster.StartAsync();
        cluster.Elect(0, 2);
        await using LogBrokerClient client = cluster.Client();
        await client.Metadata.RefreshAsync("t", CancellationToken.None);
        cluster.Belief = (_, _) => (1, 1);
        await client.Metadata.RefreshAsync("t", CancellationToken.None);
        Assert.Equal(2, client.Metadata.LeaderOf("t", 0)!.Value.NodeId);
        cluster.Belief = (_, _) => (0, 7);
        await client.Metadata.RefreshAsync("t", CancellationToken.None);
        Assert.Equal(2, client.Metadata.LeaderOf("t", 0)!.Value.NodeId);
    }
}
