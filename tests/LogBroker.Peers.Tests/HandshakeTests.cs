using Google.Protobuf;
using LogBroker.Cluster;
using LogBroker.Protocol;
using LogBroker.Rpc;
using LogBroker.Server;
using Wire = LogBroker.Protocol.Peer.V1;

namespace LogBroker.Peers.Tests;

/// <summary>Who is let in, and what the others are told; numbers are rows of the table of bad input.</summary>
public sealed class HandshakeTests : IAsyncLifetime
{
    private static readonly ClusterId Ours = new(Guid.Parse("0ca00000-0000-0000-0000-000000000001"));
    private static readonly ClusterId Theirs = new(Guid.Parse("0cb00000-0000-0000-0000-000000000002"));

    private TestNode? _node;

    private TestNode Node => _node!;

    public static TheoryData<string, Action<Wire.Hello>, string[]> BadHellos => new()
    {
        { "a lower version", h => h.FormatVersion = 0, ["version 0", "version 1"] },
        { "a higher version", h => h.FormatVersion = 2, ["version 2", "version 1"] },
        { "another cluster", h => h.ClusterId = PeerTranslation.ToWire(Theirs.Value), [Ours.ToString(), Theirs.ToString()] },
        { "another node was meant", h => h.DialedNodeId = 3, ["node 1", "node 3"] },
        { "an unknown node", h => h.NodeId = 7, ["node 7", "1, 2, 3"] },
        { "the id of the dialed node", h => h.NodeId = 1, ["node id 1"] },
    };

    public static TheoryData<string, Action<Wire.Hello>> Nonsense => new()
    {
        { "a directory id of 3 bytes", h => h.DirectoryId = ByteString.CopyFrom(1, 2, 3) },
        { "no boot id", h => h.BootId = ByteString.Empty },
        { "a short nonce", h => h.Nonce = ByteString.CopyFrom(1) },
        { "a cluster id of 15 bytes", h => h.ClusterId = ByteString.CopyFrom(new byte[15]) },
        { "node 0", h => h.NodeId = 0 },
    };

    public async ValueTask InitializeAsync() => _node = await TestNode.StartAsync(TestNode.Nodes(3), 1, cluster: Ours);

    public async ValueTask DisposeAsync() => await Node.DisposeAsync();

    [Theory]
    [MemberData(nameof(BadHellos))]
    public async Task Row45_a_peer_that_does_not_belong_here_is_refused_and_both_values_are_named(
        string what, Action<Wire.Hello> change, string[] named)
    {
        Assert.NotEmpty(what);
        await using var raw = new RawPeer(Node, node: 2);
        var hello = raw.Hello();
        change(hello);
        await raw.SayAsync(PeerFrameKind.Hello, hello);
        var end = await raw.EndAsync();
        Assert.Equal(StatusCode.FailedPrecondition, end.StatusCode);
        Assert.All(named, value => Assert.Contains(value, end.Detail, StringComparison.Ordinal));
        Assert.Contains(end.Detail, Assert.Single(Node.Log.Of(1057)), StringComparison.Ordinal);
        Assert.Empty(Node.Receiver.All);
    }

    [Theory]
    [MemberData(nameof(Nonsense))]
    public async Task A_hello_that_makes_no_sense_is_refused(string what, Action<Wire.Hello> change)
    {
        Assert.NotEmpty(what);
        await using var raw = new RawPeer(Node, node: 2);
        var hello = raw.Hello();
        change(hello);
        await raw.SayAsync(PeerFrameKind.Hello, hello);
        Assert.Equal(StatusCode.InvalidArgument, (await raw.EndAsync()).StatusCode);
        Assert.Empty(Node.Receiver.All);
    }

    [Fact]
    public async Task Row45_a_second_data_directory_with_the_id_of_a_live_node_is_refused()
    {
        await using var first = new RawPeer(Node, node: 2);
        await first.ProveAsync();
        await Node.Receiver.WaitAsync<ToldUp>();
        await using var second = new RawPeer(Node, node: 2);
        var refused = await Assert.ThrowsAsync<RpcException>(() => second.ProveAsync());
        Assert.Equal(StatusCode.FailedPrecondition, refused.StatusCode);
        Assert.Contains(first.Self.Directory.ToString(), refused.Status.Detail, StringComparison.Ordinal);
        Assert.Contains(second.Self.Directory.ToString(), refused.Status.Detail, StringComparison.Ordinal);
        Assert.Single(Node.Receiver.All);
    }

    [Fact]
    public async Task The_same_directory_takes_the_place_of_its_older_link()
    {
        await using var first = new RawPeer(Node, node: 2);
        await first.ProveAsync();
        await using var second = new RawPeer(Node, node: 2) { Self = first.Self };
        await second.ProveAsync();
        Assert.Equal(StatusCode.Aborted, (await first.EndAsync()).StatusCode);
        await Node.Receiver.WaitAsync<ToldUp>(2);
        Assert.Equal([new ToldUp(first.Self), new ToldDown(new NodeId(2), false), new ToldUp(first.Self)], Node.Receiver.All);
    }

    [Fact]
    public async Task Row44_what_comes_without_a_hello_goes_nowhere()
    {
        foreach (var message in (PeerMessage[])[PeerSamples.Vote, PeerSamples.Fetch, new LedPartitionsAsked()])
        {
            await using var raw = new RawPeer(Node, node: 2);
            await raw.SayAsync(message);
            Assert.Equal(StatusCode.PermissionDenied, (await raw.EndAsync()).StatusCode);
        }

        Assert.Empty(Node.Receiver.All);
    }

    [Fact]
    public async Task Row44_what_comes_without_a_proof_goes_nowhere()
    {
        foreach (var message in (PeerMessage[])[PeerSamples.Vote, PeerSamples.Fetch])
        {
            await using var raw = new RawPeer(Node, node: 2);
            await raw.SayAsync(PeerFrameKind.Hello, raw.Hello());
            Assert.IsType<Wire.Challenge>((await raw.NextAsync()).Body);
            await raw.SayAsync(message);
            Assert.Equal(StatusCode.PermissionDenied, (await raw.EndAsync()).StatusCode);
        }

        Assert.Empty(Node.Receiver.All);
    }

    [Theory]
    [InlineData("missing")]
    [InlineData("wrong")]
    [InlineData("reflected")]
    [InlineData("short")]
    public async Task Row44_a_bad_proof_is_refused(string kind)
    {
        await using var raw = new RawPeer(Node, node: 2);
        await raw.SayAsync(PeerFrameKind.Hello, raw.Hello());
        var challenge = Assert.IsType<Wire.Challenge>((await raw.NextAsync()).Body);
        await raw.SayAsync(PeerFrameKind.Proof, new Wire.Proof
        {
            Mac = kind switch
            {
                "missing" => ByteString.Empty,
                "wrong" => ByteString.CopyFrom(new byte[32]),
                "reflected" => challenge.Mac,
                _ => ByteString.CopyFrom(challenge.Mac.Span[..31]),
            },
        });
        await raw.TrySayAsync(PeerSamples.Vote);
        var end = await raw.EndAsync();
        Assert.Equal(StatusCode.PermissionDenied, end.StatusCode);
        Assert.Empty(Node.Receiver.All);
        Assert.DoesNotContain(Node.Log.All, line => line.Contains("a secret of the tests", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Row44_another_secret_is_refused_by_the_one_that_dials()
    {
        await using var raw = new RawPeer(Node, node: 2, PeerSecret.Of("another secret, as long"u8));
        var refused = await Assert.ThrowsAsync<RpcException>(() => raw.ProveAsync());
        Assert.Equal(StatusCode.PermissionDenied, refused.StatusCode);
        Assert.Empty(Node.Receiver.All);
    }

    [Fact]
    public async Task A_frame_over_4_KiB_is_refused_before_the_handshake()
    {
        await using var raw = new RawPeer(Node, node: 2);
        await raw.SayBytesAsync(new byte[(4 * 1024) + 1]);
        Assert.Equal(StatusCode.ResourceExhausted, (await raw.EndAsync()).StatusCode);
    }

    [Fact]
    public async Task Who_says_nothing_is_sent_away_in_time()
    {
        await using var node = await TestNode.StartAsync(
            TestNode.Nodes(2), 1, s => s with { HandshakeTime = TimeSpan.FromMilliseconds(200) });
        await using var raw = new RawPeer(node, node: 2);
        Assert.Equal(StatusCode.DeadlineExceeded, (await raw.EndAsync()).StatusCode);
    }

    [Fact]
    public async Task Before_the_start_peers_are_told_to_come_again()
    {
        var nodes = TestNode.Nodes(2);
        await using var transport = new GrpcPeerTransport(TestNode.Settings(nodes, 1), new RecordingLog());
        await transport.ListenAsync(TestContext.Current.CancellationToken);
        await using var two = await TestNode.StartAsync(nodes, 2);
        var receiver = new RecordingReceiver();
        transport.Start(TestNode.Identity(1), null, receiver);
        await receiver.WaitAsync<ToldUp>(2);
    }

    [Fact]
    public async Task Without_a_secret_both_ends_still_say_who_they_are()
    {
        var (one, two) = await TestNode.PairAsync(s => s with { Secret = null });
        await using var oneEnd = one;
        await using var twoEnd = two;
        Assert.All(one.Receiver.All, told => Assert.Equal(new ToldUp(two.Self), told));
    }

    [Fact]
    public async Task One_secret_and_none_do_not_meet()
    {
        var nodes = TestNode.Nodes(2);
        await using var one = await TestNode.StartAsync(nodes, 1);
        await using var two = await TestNode.StartAsync(nodes, 2, s => s with { Secret = null });
        await using var raw = new RawPeer(one, node: 2);
        await raw.SayAsync(PeerFrameKind.Hello, raw.Hello());
        Assert.IsType<Wire.Challenge>((await raw.NextAsync()).Body);
        await raw.SayAsync(PeerFrameKind.Proof, new Wire.Proof());
        Assert.Contains("--peer-secret-file", (await raw.EndAsync()).Detail, StringComparison.Ordinal);
        Assert.Empty(one.Receiver.All);
        Assert.Empty(two.Receiver.All);
    }

    [Fact]
    public async Task Nodes_that_join_different_clusters_part()
    {
        var (one, two) = await TestNode.PairAsync();
        await using var oneEnd = one;
        await using var twoEnd = two;
        one.Transport.Joined(Ours);
        two.Transport.Joined(Theirs);
        await one.Receiver.WaitAsync<ToldDown>(2);
        await two.Receiver.WaitAsync<ToldDown>(2);
        Assert.All(one.Receiver.All.OfType<ToldDown>(), down => Assert.False(down.IsGone));
    }

    [Fact]
    public async Task Nodes_that_join_the_same_cluster_stay_linked()
    {
        var (one, two) = await TestNode.PairAsync();
        await using var oneEnd = one;
        await using var twoEnd = two;
        one.Transport.Joined(Ours);
        two.Transport.Joined(Ours);
        one.Send(2, PeerSamples.Vote);
        two.Send(1, PeerSamples.Vote);
        await one.Receiver.WaitAsync<ToldMessage>();
        await two.Receiver.WaitAsync<ToldMessage>();
        Assert.Empty(one.Receiver.All.OfType<ToldDown>());
        Assert.Empty(two.Receiver.All.OfType<ToldDown>());
    }
}
