using LogBroker.Rpc.Server;
using LogBroker.Rpc.Server.Health;
using Wire = LogBroker.Rpc.Server.Health.HealthCheckResponse.Types.ServingStatus;

namespace LogBroker.Rpc.Tests;

public sealed class HealthTests
{
    private static Task<TestServer> StartAsync(HealthService health) => TestServer.StartAsync(services: s => s.AddHealth(health));

    [Fact]
    public async Task CheckTellsTheStatusOfServerAndService()
    {
        var health = new HealthService();
        await using var server = await StartAsync(health);
        Assert.Equal(Wire.NotServing, await CheckAsync(server, ""));
        health.SetStatus("", ServingStatus.Serving);
        health.SetStatus("a.B", ServingStatus.NotServing);
        Assert.Equal(Wire.Serving, await CheckAsync(server, ""));
        Assert.Equal(Wire.NotServing, await CheckAsync(server, "a.B"));
        var unknown = await Assert.ThrowsAsync<RpcException>(() => CheckAsync(server, "c.D"));
        Assert.Equal(StatusCode.NotFound, unknown.StatusCode);
    }

    [Fact]
    public async Task WatchTellsEveryChangeAndTheStop()
    {
        var health = new HealthService();
        await using var server = await StartAsync(health);
        using var watch = server.Channel.ServerStreaming(StandardServices.HealthWatch, new HealthCheckRequest { Service = "a.B" });
        Assert.Equal(Wire.ServiceUnknown, await NextAsync(watch));
        health.SetStatus("a.B", ServingStatus.NotServing);
        Assert.Equal(Wire.NotServing, await NextAsync(watch));
        health.SetStatus("other", ServingStatus.Serving);
        health.SetStatus("a.B", ServingStatus.Serving);
        Assert.Equal(Wire.Serving, await NextAsync(watch));
        var stop = server.Server.StopAsync(TimeSpan.FromSeconds(10));
        Assert.Equal(Wire.NotServing, await NextAsync(watch));
        Assert.False(await watch.ResponseStream.MoveNext());
        await stop;
    }

    private static async Task<Wire> CheckAsync(TestServer server, string service) =>
        (await server.Channel.Unary(StandardServices.HealthCheck, new HealthCheckRequest { Service = service })).Status;

    private static async Task<Wire> NextAsync(AsyncServerStreamingCall<HealthCheckResponse> watch)
    {
        Assert.True(await watch.ResponseStream.MoveNext().AsTask().WaitAsync(TimeSpan.FromSeconds(20)));
        return watch.ResponseStream.Current.Status;
    }
}
