using System.Net;
using Google.Protobuf;
using LogBroker.Cluster;
using LogBroker.Protocol;
using LogBroker.Rpc;
using LogBroker.Rpc.Server;
using LogBroker.Server;
using Wire = LogBroker.Protocol.Peer.V1;

namespace LogBroker.Peers.Tests;

/// <summary>
/// A node that dials one who is not who it should be: nothing is said to it, nothing is heard from it, and one line says why.
/// </summary>
public sealed class DialerTests
{
    private static readonly PeerIdentity Two = TestNode.Identity(2);

    [Theory]
    [InlineData("another version", "version 9")]
    [InlineData("another node", "the address of node 3, not of node 2")]
    [InlineData("another cluster", "0cb00000000000000000000000000002")]
    [InlineData("no proof", "--peer-secret-file")]
    [InlineData("a wrong proof", "another peer secret")]
    [InlineData("the proof of the other role", "another peer secret")]
    [InlineData("an answer instead", "nothing is accepted before a proof")]
    public async Task Who_is_not_the_one_that_was_dialed_is_left_alone(string what, string said)
    {
        var nodes = TestNode.Nodes(2);
        await using var impostor = await ImpostorAsync(nodes[1], async (requests, responses, context) =>
        {
            Assert.True(await requests.MoveNext(context.CancellationToken));
            var hello = Assert.IsType<Wire.Hello>(requests.Current.Body);
            var answer = what == "an answer instead"
                ? PeerFrame.Of(PeerSamples.Answer(null))
                : new PeerFrame(PeerFrameKind.Challenge, null, Challenge(what, hello));
            await responses.WriteAsync(answer, WriteHint.Flush, context.CancellationToken);
            // A dialer that is content would send its proof.
            Assert.False(await requests.MoveNext(context.CancellationToken));
        });
        await using var one = await TestNode.StartAsync(nodes, 1, cluster: new ClusterId(Guid.NewGuid()));
        string line = await one.Log.WaitAsync(1056);
        Assert.Contains(said, line, StringComparison.Ordinal);
        Assert.Contains("node 2", line, StringComparison.OrdinalIgnoreCase);
        Assert.Empty(one.Receiver.All);
    }

    [Fact]
    public async Task More_than_4_KiB_before_the_proof_is_nonsense()
    {
        var nodes = TestNode.Nodes(2);
        await using var impostor = await ImpostorAsync(nodes[1], async (requests, responses, context) =>
        {
            await requests.MoveNext(context.CancellationToken);
            var challenge = new Wire.Challenge { FormatVersion = 1, Nonce = ByteString.CopyFrom(new byte[5000]) };
            await responses.WriteAsync(new PeerFrame(PeerFrameKind.Challenge, null, challenge), WriteHint.Flush, context.CancellationToken);
            await requests.MoveNext(context.CancellationToken);
        });
        await using var one = await TestNode.StartAsync(nodes, 1);
        Assert.Contains("limit 4096", await one.Log.WaitAsync(1058), StringComparison.Ordinal);
        Assert.Empty(one.Receiver.All);
    }

    [Fact]
    public async Task What_an_impostor_writes_cannot_forge_lines()
    {
        var nodes = TestNode.Nodes(2);
        await using var impostor = await ImpostorAsync(nodes[1], (_, _, _) =>
            throw new RpcException(new Status(StatusCode.FailedPrecondition, "a\r\nforged \u001b[31m" + new string('x', 5000))));
        await using var one = await TestNode.StartAsync(nodes, 1);
        string line = await one.Log.WaitAsync(1056);
        Assert.Contains("a??forged ?[31m", line, StringComparison.Ordinal);
        Assert.InRange(line.Length, 100, 600);
    }

    [Fact]
    public async Task A_peer_that_dials_is_dialed_without_a_wait()
    {
        var nodes = TestNode.Nodes(2);
        await using var one = await TestNode.StartAsync(
            nodes, 1, s => s with { BackoffMin = TimeSpan.FromMinutes(10), BackoffMax = TimeSpan.FromMinutes(10) });
        await one.Log.WaitAsync(1055); // refused once: the next attempt would be in ten minutes
        await using var two = await TestNode.StartAsync(nodes, 2);
        await one.Receiver.WaitAsync<ToldUp>(2);
    }

    [Fact]
    public async Task Nonsense_on_a_dialed_link_cuts_it_and_is_said_once()
    {
        var nodes = TestNode.Nodes(2);
        int links = 0;
        var again = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var settings = TestNode.Settings(nodes, 2);
        await using var impostor = await ImpostorAsync(nodes[1], async (requests, responses, context) =>
        {
            await new PeerHandshake(settings, Two, () => null).AcceptAsync(requests, responses, context.CancellationToken);
            await responses.WriteAsync(PeerSwitchboard.Accepted, WriteHint.Flush, context.CancellationToken);
            if (++links == 3)
                again.SetResult();
            await responses.WriteAsync(PeerFrame.Of(PeerSamples.Vote), WriteHint.Flush, context.CancellationToken);
            while (await requests.MoveNext(context.CancellationToken))
            {
            }
        });
        await using var one = await TestNode.StartAsync(nodes, 1);
        await again.Task.WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
        await one.Receiver.WaitAsync<ToldDown>(2);
        Assert.Contains("wrong direction", Assert.Single(one.Log.Of(1058)), StringComparison.Ordinal);
        Assert.Empty(one.Receiver.Messages);
    }

    private static async Task<GrpcServer> ImpostorAsync(ClusterNode at, DuplexStreamingServerMethod<PeerFrame, PeerFrame> handler)
    {
        var services = new GrpcServices();
        services.Duplex(PeerMethods.Link(new PeerFrameMarshaller()), handler);
        var server = new GrpcServer(new GrpcServerOptions { EndPoints = [IPEndPoint.Parse(at.PeerAddress)] }, services, null);
        await server.StartAsync();
        return server;
    }

    private static Wire.Challenge Challenge(string what, Wire.Hello hello)
    {
        var facts = PeerFacts.Of(Two, what == "another cluster" ? new ClusterId(Guid.Parse("0cb00000-0000-0000-0000-000000000002")) : null);
        var role = what == "the proof of the other role" ? PeerFacts.DialerRole : PeerFacts.DialedRole;
        byte[] mac = PeerFacts.Prove(TestNode.Secret, role, PeerFacts.Of(hello), facts, new NodeId(2));
        return new Wire.Challenge
        {
            FormatVersion = what == "another version" ? 9 : facts.FormatVersion,
            ClusterId = facts.Cluster is { } cluster ? PeerTranslation.ToWire(cluster.Value) : ByteString.Empty,
            NodeId = what == "another node" ? 3 : 2,
            DirectoryId = PeerTranslation.ToWire(Two.Directory.Value),
            BootId = PeerTranslation.ToWire(Two.Boot.Value),
            Nonce = ByteString.CopyFrom(facts.Nonce.Span),
            Mac = what switch
            {
                "no proof" => ByteString.Empty,
                "a wrong proof" => ByteString.CopyFrom(new byte[32]),
                _ => ByteString.CopyFrom(mac),
            },
        };
    }
}
