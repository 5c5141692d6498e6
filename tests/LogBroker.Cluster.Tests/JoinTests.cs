using LogBroker.Protocol;
using LogBroker.TestKit;
using Microsoft.Extensions.Logging.Abstractions;

namespace LogBroker.Cluster.Tests;

/// <summary>An empty node meets a cluster.</summary>
public sealed class JoinTests
{
    /// <summary>
    /// A node that was offered its cluster while it started opened the metadata log twice, and hosted a replica that no message reached.
    /// </summary>
    [Fact]
    public async Task A_node_that_joins_while_it_starts_opens_the_metadata_once()
    {
        var machine = new SimMachine();
        var settings = new BrokerSettings
        {
            DataDirectory = "/data",
            NodeId = new NodeId(2),
            DiskHeadroomBytes = 0,
            Cluster = new ClusterSettings
            {
                Nodes = [.. Enumerable.Range(1, 3).Select(n => new ClusterNode(new NodeId(n), $"127.0.0.1:{7000 + n}"))],
                ClientAddress = () => "127.0.0.1:8002",
                TickMs = 10,
            },
        };
        var cluster = new EagerCluster();
        var around = new BrokerSurroundings(
            settings, new SimDisk(machine), new SimStateStore(machine), TimeProvider.System, NullLoggerFactory.Instance,
            new RecordedFailure(), cluster);
        Result<Broker> opened = await BrokerStart.Open(around, isPumped: false, null, CancellationToken.None);
        Assert.True(opened.IsOk, opened.Error?.ToString());
        await using Broker broker = opened.Value;
        Assert.Empty(broker.Hosted.Replicas); // the one who joins is still at it
        cluster.GoOn.Set();
        using var timeout = new CancellationTokenSource(EagerCluster.WaitMax);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(5));
        while (!broker.Hosted.Replicas.Any())
        {
            await timer.WaitForNextTickAsync(timeout.Token);
        }

        Assert.Equal(0, Assert.Single(broker.Hosted.Replicas).Number);
    }

    /// <summary>Offers its cluster to whoever starts: joining has begun when the start goes on, and waits for the test.</summary>
    private sealed class EagerCluster : IPeerTransport
    {
        public static readonly TimeSpan WaitMax = TimeSpan.FromSeconds(30);

        private readonly ManualResetEventSlim _joined = new();

        public ManualResetEventSlim GoOn { get; } = new();

        public void Start(PeerIdentity self, ClusterId? cluster, IPeerReceiver receiver)
        {
            FormedVoter[] voters =
                [.. Enumerable.Range(1, 3).Select(n => new FormedVoter(new NodeId(n), new DirectoryId(Guid.NewGuid())))];
            var from = new PeerIdentity(new NodeId(1), voters[0].Directory, new BootId(Guid.NewGuid()));
            receiver.Received(from, new ClusterOffered(new ClusterId(Guid.NewGuid()), voters));
            Assert.True(_joined.Wait(WaitMax));
        }

        public void Joined(ClusterId cluster)
        {
            _joined.Set();
            GoOn.Wait(WaitMax);
        }

        public void Send(NodeId to, PeerMessage message) => (message as PartitionMessage)?.Items?.Dispose();

        public long QueuedBytes(NodeId to) => 0;

        public ValueTask DisposeAsync()
        {
            _joined.Dispose();
            GoOn.Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
