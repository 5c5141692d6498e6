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
        var around = new BrokerSurroundings(
            settings, new SimDisk(machine), new SimStateStore(machine), TimeProvider.System, NullLoggerFactory.Instance,
            new RecordedFailure(), new EagerCluster());
        Result<Broker> opened = await BrokerStart.Open(around, isPumped: false, null, CancellationToken.None);
        Assert.True(opened.IsOk, opened.Error?.ToString());
        await using Broker broker = opened.Value;
        while (!broker.Hosted.Replicas.Any())
        {
            await Task.Delay(5, TestContext.Current.CancellationToken);
        }

        await Task.Delay(50, TestContext.Current.CancellationToken);
        Assert.Equal(0, Assert.Single(broker.Hosted.Replicas).Number);
    }

    /// <summary>Offers its cluster to whoever starts, and lets it go on when it has joined.</summary>
    private sealed class EagerCluster : IPeerTransport
    {
        private readonly ManualResetEventSlim _joined = new();

        public void Start(PeerIdentity self, ClusterId? cluster, IPeerReceiver receiver)
        {
            FormedVoter[] voters =
                [.. Enumerable.Range(1, 3).Select(n => new FormedVoter(new NodeId(n), new DirectoryId(Guid.NewGuid())))];
            var from = new PeerIdentity(new NodeId(1), voters[0].Directory, new BootId(Guid.NewGuid()));
            receiver.Received(from, new ClusterOffered(new ClusterId(Guid.NewGuid()), voters));
            Assert.True(_joined.Wait(TimeSpan.FromSeconds(30)));
        }

        public void Joined(ClusterId cluster) => _joined.Set();

        public void Send(NodeId to, PeerMessage message) => (message as PartitionMessage)?.Items?.Dispose();

        public long QueuedBytes(NodeId to) => 0;

        public ValueTask DisposeAsync()
        {
            _joined.Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
