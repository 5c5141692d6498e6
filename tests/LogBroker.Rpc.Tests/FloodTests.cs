using System.Net.Sockets;
using LogBroker.Rpc.Server;
using LogBroker.Rpc.Tests.Interop;

namespace LogBroker.Rpc.Tests;

/// <summary>Row 48 of the bad-input table: a flooder costs bounded memory, and others are served meanwhile and afterwards.</summary>
public sealed class FloodTests
{
    private const string UnaryPath = "/grpc.testing.TestService/UnaryCall";
    private const long KeptBytesMax = 32 * 1024 * 1024;

    [Fact]
    public Task Row48_RapidReset() => FloodAsync(new GrpcServerOptions(), piece =>
    {
        var stream = 1 + 2 * piece;
        var open = RawHttp2.Frame(RawHttp2.Headers, RawHttp2.EndHeaders, stream, RawHttp2.RequestHeaders(UnaryPath));
        var reset = RawHttp2.Frame(RawHttp2.RstStream, 0, stream, [0, 0, 0, 8]);
        return [.. open, .. reset];
    });

    [Fact]
    public Task Row48_Ping() => FloodAsync(
        new GrpcServerOptions(), static _ => RawHttp2.Frame(RawHttp2.Ping, 0, 0, [1, 2, 3, 4, 5, 6, 7, 8]));

    [Fact]
    public Task Row48_Settings() => FloodAsync(
        new GrpcServerOptions(), static _ => RawHttp2.Frame(RawHttp2.Settings, 0, 0, [0, 4, 0, 1, 0, 0]));

    [Fact]
    public Task Row48_Continuation() => FloodAsync(new GrpcServerOptions(), static piece => piece == 0
        ? RawHttp2.Frame(RawHttp2.Headers, 0, 1, RawHttp2.RequestHeaders(UnaryPath))
        : RawHttp2.Frame(RawHttp2.Continuation, 0, 1, RawHttp2.RequestHeaders(UnaryPath, ("x-more", new string('x', 1000)))));

    [Fact]
    public async Task Row48_EmptyContinuationsAreCutOffAtTheHeadersTimeout()
    {
        await using var server = await TestServer.StartAsync(new GrpcServerOptions { HeadersTimeout = TimeSpan.FromMilliseconds(200) });
        using var raw = await RawHttp2.OpenAsync(server.Port);
        await raw.SendFrameAsync(RawHttp2.Headers, 0, 1, RawHttp2.RequestHeaders(UnaryPath));
        var end = raw.ReadUntilAsync((type, _, _) => type == RawHttp2.GoAway);
        var empty = RawHttp2.Frame(RawHttp2.Continuation, 0, 1, []);
        try
        {
            while (!end.IsCompleted)
                await raw.SendAsync(empty);
        }
        catch (SocketException)
        {
            // Cut off, as it should be.
        }
        await end;
        Assert.Equal(0, server.Server.CallsInFlight);
    }

    /// <summary>Sends pieces without ever reading, until the server cuts the connection or stops taking them.</summary>
    private static async Task FloodAsync(GrpcServerOptions options, Func<int, byte[]> piece)
    {
        const int Pieces = 20_000;
        await using var server = await TestServer.StartAsync(options);
        await ServeAsync(server);
        var before = GC.GetTotalMemory(forceFullCollection: true);
        using var raw = await RawHttp2.OpenAsync(server.Port);
        using var blocked = new CancellationTokenSource();
        var flood = Task.Run(async () =>
        {
            for (var i = 0; i < Pieces && !blocked.IsCancellationRequested; i++)
                await raw.SendAsync(piece(i));
        });
        for (var i = 0; i < 50; i++)
            await ServeAsync(server);
        await flood.WaitAsync(TimeSpan.FromMilliseconds(500)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await ServeAsync(server);
        var kept = GC.GetTotalMemory(forceFullCollection: true) - before;
        Assert.True(kept < KeptBytesMax, $"{kept} bytes are kept for one flooding connection");
        await blocked.CancelAsync();
        raw.Dispose();
        await flood.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await ServeAsync(server);
    }

    private static async Task ServeAsync(TestServer server) =>
        Assert.Equal(new Empty(), await server.Channel.Unary(
            TestServiceMethods.EmptyCall, new Empty(), new CallOptions(timeout: TimeSpan.FromSeconds(20))));
}
