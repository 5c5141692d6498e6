using LogBroker.Rpc.Server;
using Microsoft.Extensions.Logging;

namespace LogBroker.Rpc.Tests;

/// <summary>A server on a free port of loopback, with a channel to it.</summary>
internal sealed class TestServer : IAsyncDisposable
{
    private TestServer(GrpcServer server, GrpcChannelOptions? channelOptions)
    {
        Server = server;
        Channel = GrpcChannel.ForAddress(Address, channelOptions);
    }

    public GrpcServer Server { get; }

    public GrpcChannel Channel { get; }

    public int Port => Server.BoundEndPoints[0].Port;

    public string Address => $"http://127.0.0.1:{Port}";

    /// <summary>A server of grpc.testing.TestService, or of the given services.</summary>
    public static async Task<TestServer> StartAsync(
        GrpcServerOptions? options = null,
        Action<GrpcServices>? services = null,
        ILoggerFactory? log = null,
        GrpcChannelOptions? channel = null)
    {
        var offered = new GrpcServices();
        if (services is null)
            TestService.AddTo(offered);
        else
            services(offered);
        var server = new GrpcServer(options ?? new GrpcServerOptions(), offered, log);
        await server.StartAsync(TestContext.Current.CancellationToken);
        return new TestServer(server, channel);
    }

    public async ValueTask DisposeAsync()
    {
        await Channel.DisposeAsync();
        await Server.DisposeAsync();
    }
}
