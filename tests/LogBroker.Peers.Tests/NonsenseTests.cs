using LogBroker.Protocol.V1;
using LogBroker.Rpc;

namespace LogBroker.Peers.Tests;

/// <summary>A proven peer that makes no sense is cut off, and named in one line per period.</summary>
public sealed class NonsenseTests : IAsyncLifetime
{
    private TestNode? _node;

    private TestNode Node => _node!;

    public static TheoryData<string, byte[], StatusCode> Frames => new()
    {
        { "no bytes", [], StatusCode.InvalidArgument },
        { "random bytes", [0xde, 0xad, 0xbe, 0xef, 1, 2, 3], StatusCode.InvalidArgument },
        { "an unknown kind", [(100 << 3 & 0x7f) | 0x82, 6, 0], StatusCode.InvalidArgument },
        { "two members", [(byte)((10 << 3) | 2), 0, (byte)((10 << 3) | 2), 0], StatusCode.InvalidArgument },
        { "a fetch without a partition", [(5 << 3) | 2, 0], StatusCode.InvalidArgument },
        { "a truncated heartbeat", [(7 << 3) | 2, 2, 8], StatusCode.InvalidArgument },
        { "a hello", [(1 << 3) | 2, 0], StatusCode.InvalidArgument },
        { "more than 2 MiB", new byte[(2 * 1024 * 1024) + 1], StatusCode.ResourceExhausted },
    };

    public async ValueTask InitializeAsync() => _node = await TestNode.StartAsync(TestNode.Nodes(2), 1);

    public async ValueTask DisposeAsync() => await Node.DisposeAsync();

    [Theory]
    [MemberData(nameof(Frames))]
    public async Task Bytes_that_are_no_frame_cut_the_link(string what, byte[] bytes, StatusCode status)
    {
        Assert.NotEmpty(what);
        var self = TestNode.Identity(2);
        for (int i = 1; i <= 3; i++)
        {
            await using var raw = new RawPeer(Node, node: 2) { Self = self };
            await raw.ProveAsync();
            try
            {
                await raw.SayBytesAsync(bytes);
            }
            catch (RpcException)
            {
                // Refused from its length, before all of it was sent.
            }

            Assert.Equal(status, (await raw.EndAsync()).StatusCode);
            Assert.False((await Node.Receiver.WaitAsync<ToldDown>(i)).IsGone);
        }

        string line = Assert.Single(Node.Log.Of(1058));
        Assert.Contains("Node 2", line, StringComparison.Ordinal);
        Assert.Empty(Node.Receiver.Messages);
    }

    [Fact]
    public async Task An_answer_that_goes_up_cuts_the_link_and_its_buffer_is_given_back()
    {
        await using var raw = new RawPeer(Node, node: 2);
        await raw.ProveAsync();
        await raw.SayAsync(PeerSamples.Answer(FakeSlice.Random(5000)));
        var end = await raw.EndAsync();
        Assert.Equal(StatusCode.InvalidArgument, end.StatusCode);
        Assert.Contains("wrong direction", end.Detail, StringComparison.Ordinal);
        Assert.Empty(Node.Receiver.Messages);
    }

    [Fact]
    public async Task What_came_before_the_nonsense_is_taken()
    {
        await using var raw = new RawPeer(Node, node: 2);
        await raw.ProveAsync();
        await raw.SayAsync(PeerSamples.Fetch);
        await raw.SayBytesAsync([1]);
        await raw.EndAsync();
        PeerSamples.Same(PeerSamples.Fetch, (await Node.Receiver.WaitAsync<ToldMessage>()).Message);
    }

    [Fact]
    public async Task The_peer_port_has_nothing_but_links()
    {
        await using var channel = GrpcChannel.ForAddress("http://" + Node.Address);
        var listTopics = Method.Create(
            TopicsReflection.Descriptor.Services[0], "ListTopics", ListTopicsRequest.Parser, ListTopicsResponse.Parser);
        var refused = await Assert.ThrowsAsync<RpcException>(async () => await channel.Unary(listTopics, new ListTopicsRequest()));
        Assert.Equal(StatusCode.Unimplemented, refused.StatusCode);
    }
}
