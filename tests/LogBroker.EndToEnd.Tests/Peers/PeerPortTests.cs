using LogBroker.Rpc;
using LogBroker.Server;

namespace LogBroker.EndToEnd.Tests;

/// <summary>Which port has what.</summary>
public sealed class PeerPortTests(ServerFixture fixture) : IClassFixture<ServerFixture>
{
    [Fact]
    public async Task The_port_of_clients_has_no_links_between_nodes()
    {
        await using var channel = GrpcChannel.ForAddress(fixture.Server.GrpcUri);
        using var call = channel.Duplex(PeerMethods.Link(new PeerFrameMarshaller()));
        var refused = await Assert.ThrowsAsync<RpcException>(() => call.ResponseStream.MoveNext().AsTask());
        Assert.Equal(StatusCode.Unimplemented, refused.StatusCode);
        Assert.Contains("logbroker.peer.v1.Peer", refused.Status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_ready_line_of_a_cluster_names_the_port_of_peers()
    {
        await using var server = await ServerProcess.StartAsync(
            arguments: ["--cluster", "1@127.0.0.1:1,2@127.0.0.1:2", "--peer", "127.0.0.1:0"]);
        Assert.Matches(@"^127\.0\.0\.1:\d+$", server.Fields["peer"]);
        Assert.DoesNotContain("peer=", fixture.Server.ReadyLine, StringComparison.Ordinal);
    }
}
