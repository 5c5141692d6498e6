using LogBroker.Rpc.Server;
using LogBroker.Rpc.Tests.Interop;

namespace LogBroker.Rpc.Tests;

/// <summary>The limits of connections.</summary>
public sealed class ConnectionTests
{
    [Fact]
    public async Task OneConnectionTooManyIsClosedAtOnce()
    {
        await using var server = await TestServer.StartAsync(new GrpcServerOptions { ConnectionsMax = 1 });
        await server.Channel.Unary(TestServiceMethods.EmptyCall, new Empty());
        using var raw = await RawHttp2.ConnectAsync(server.Port);
        Assert.Empty(await raw.ReadToEndAsync());
        await server.Channel.Unary(TestServiceMethods.EmptyCall, new Empty());
    }

    [Fact]
    public async Task APeerThatDoesNotAnswerPingsIsCutOff()
    {
        var options = new GrpcServerOptions
        {
            KeepAlivePingDelay = TimeSpan.FromSeconds(1),
            KeepAlivePingTimeout = TimeSpan.FromSeconds(1),
        };
        await using var server = await TestServer.StartAsync(options);
        using var raw = await RawHttp2.OpenAsync(server.Port);
        await raw.SendFrameAsync(
            RawHttp2.Headers, RawHttp2.EndHeaders, 1, RawHttp2.RequestHeaders(TestServiceMethods.FullDuplexCall.FullName));
        Assert.NotNull(await raw.ReadUntilAsync(static (type, _, _) => type == RawHttp2.Ping));
        await raw.ReadToEndAsync();
    }

    [Fact]
    public async Task AChannelConnectsAnewAfterTheServerWasRestarted()
    {
        var first = await TestServer.StartAsync();
        var port = first.Port;
        await using var channel = GrpcChannel.ForAddress(first.Address);
        await channel.Unary(TestServiceMethods.EmptyCall, new Empty());
        await first.DisposeAsync();
        var exception = await Assert.ThrowsAsync<RpcException>(
            () => channel.Unary(TestServiceMethods.EmptyCall, new Empty()).ResponseAsync);
        Assert.Equal(StatusCode.Unavailable, exception.StatusCode);
        var endPoint = new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, port);
        await using var second = await TestServer.StartAsync(new GrpcServerOptions { EndPoints = [endPoint] });
        await channel.Unary(TestServiceMethods.EmptyCall, new Empty());
    }

    [Fact]
    public async Task WritingAfterTheServerEndedWithOkIsUnavailable()
    {
        await using var server = await TestServer.StartAsync(services: static s => s.Duplex(
            TestServiceMethods.FullDuplexCall, static (_, _, _) => ValueTask.CompletedTask));
        using var call = server.Channel.Duplex(TestServiceMethods.FullDuplexCall);
        Assert.False(await call.ResponseStream.MoveNext());
        Assert.False(await call.ResponseStream.MoveNext());
        var exception = await Assert.ThrowsAsync<RpcException>(
            () => call.RequestStream.WriteAsync(new StreamingOutputCallRequest()).AsTask());
        Assert.Equal(StatusCode.Unavailable, exception.StatusCode);
    }
}
