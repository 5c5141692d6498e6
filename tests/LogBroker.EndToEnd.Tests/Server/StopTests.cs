using System.Diagnostics;
using System.Net;
using Google.Protobuf.WellKnownTypes;
using LogBroker.Protocol.V1;
using LogBroker.Rpc;

namespace LogBroker.EndToEnd.Tests;

/// <summary>Signals: what is in flight is finished, logs are trimmed, the exit code is 0.</summary>
public sealed class StopTests
{
    private static readonly TimeSpan StopTime = TimeSpan.FromSeconds(10);

    [Theory]
    [InlineData(15)]
    [InlineData(2)]
    public async Task A_signal_stops_within_ten_seconds_and_trims(int signal)
    {
        using var directory = new TestDirectory();
        string data = directory.File("data");
        await using var server = await ServerProcess.StartAsync(data);
        await using var client = new TestClient(server);
        await client.CreateTopicAsync("t", 1, ("segment.bytes", "2MiB"));
        await client.ProduceAsync("t", 0, "x");
        server.Signal(signal);
        Assert.Equal(0, await server.WaitForExitAsync(StopTime));
        string log = Assert.Single(
            Directory.GetFiles(data, "*.log", SearchOption.AllDirectories),
            file => file.Contains("/t~", StringComparison.Ordinal));
        Assert.InRange(new FileInfo(log).Length, 1, 1000);
        Assert.Contains(server.ErrorLines, line => line.Contains("[1005]", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Streams_get_a_go_away_and_their_answers()
    {
        await using var server = await ServerProcess.StartAsync();
        await using var client = new TestClient(server);
        await client.CreateTopicAsync("t");
        using var produce = client.Channel.Duplex(BrokerMethods.Produce);
        await produce.RequestStream.WriteAsync(new ProduceRequest { Open = new ProduceOpen() });
        Assert.NotNull((await TestClient.NextAsync(produce)).Opened);
        using var read = client.Channel.ServerStreaming(
            BrokerMethods.Read, new ReadRequest { Topic = "t", From = new Position { Start = new Position.Types.Anchor() } });
        Assert.True(await read.ResponseStream.MoveNext());

        server.Signal(15);
        Assert.NotNull((await TestClient.NextAsync(produce)).GoAway);
        // What a client had under way when it heard of it is still taken.
        var batch = new ProduceBatch { CorrelationId = 7, Topic = "t", Records = TestClient.Batch("last") };
        await produce.RequestStream.WriteAsync(new ProduceRequest { Batch = batch });
        var ack = (await TestClient.NextAsync(produce)).Ack;
        Assert.Equal((7UL, ProduceAck.ResultOneofCase.Receipt), (ack.CorrelationId, ack.ResultCase));
        await produce.RequestStream.CompleteAsync();
        Assert.False(await produce.ResponseStream.MoveNext());
        Assert.Equal(StatusCode.OK, produce.GetStatus().StatusCode);

        var events = new List<ReadEvent>();
        while (await read.ResponseStream.MoveNext())
            events.Add(read.ResponseStream.Current);
        Assert.NotNull(events[^1].GoAway);
        Assert.Equal(0, await server.WaitForExitAsync(StopTime));
    }

    [Fact]
    public async Task Probes_say_that_a_stopping_node_takes_no_more_work()
    {
        await using var server = await ServerProcess.StartAsync(arguments: ["--node:stoptimeout", "60s"]);
        await using var client = new TestClient(server);
        await client.CreateTopicAsync("t");
        string large = new('x', 900_000);
        for (int i = 0; i < 4; i++)
            await client.ProduceAsync("t", 0, large);
        // A reader that stops reading: what is under way to it holds the node in its stop for as long as the test needs.
        await using var narrow = GrpcChannel.ForAddress(server.GrpcUri, new GrpcChannelOptions { StreamWindowBytes = 65_535 });
        using var read = narrow.ServerStreaming(
            BrokerMethods.Read, new ReadRequest { Topic = "t", From = new Position { Start = new Position.Types.Anchor() } });
        Assert.True(await read.ResponseStream.MoveNext());
        var watch = new Method<StringValue, Int32Value>(
            MethodType.ServerStreaming,
            "grpc.health.v1.Health",
            "Watch",
            Marshaller.Protobuf(StringValue.Parser),
            Marshaller.Protobuf(Int32Value.Parser));
        string[] services = ["", "logbroker.v1.Producer", "logbroker.v1.Consumer"];
        var watches = services.Select(name => client.Channel.ServerStreaming(watch, new StringValue { Value = name })).ToArray();
        foreach (var statuses in watches)
            Assert.Equal(1, await NextStatusAsync(statuses));
        using var http = new HttpClient();
        Assert.Contains("ready", await http.GetStringAsync(server.HttpUri("/healthz/ready")), StringComparison.Ordinal);

        server.Signal(15);
        foreach (var statuses in watches)
            Assert.Equal(2, await NextStatusAsync(statuses));
        using var ready = await http.GetAsync(server.HttpUri("/healthz/ready"));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, ready.StatusCode);
        Assert.Equal("not ready: draining\n", await ready.Content.ReadAsStringAsync());
        using var live = await http.GetAsync(server.HttpUri("/healthz/live"));
        Assert.Equal(HttpStatusCode.OK, live.StatusCode);

        foreach (var statuses in watches)
            statuses.Dispose();
        read.Dispose();
        Assert.Equal(0, await server.WaitForExitAsync(StopTime));
    }

    [Fact]
    public async Task Clients_that_do_not_go_do_not_hold_the_stop_up()
    {
        await using var server = await ServerProcess.StartAsync();
        await using var client = new TestClient(server);
        await client.CreateTopicAsync("t");
        await client.ProduceAsync("t", 0, "x");
        var parked = client.FetchAsync("t", 0, 1, waitMs: 60_000);
        long start = Stopwatch.GetTimestamp();
        Assert.Equal(0, await server.StopAsync(StopTime));
        Assert.True(Stopwatch.GetElapsedTime(start) < StopTime);
        await Assert.ThrowsAsync<RpcException>(() => parked);
    }

    [Fact]
    public async Task A_stopped_broker_starts_clean()
    {
        using var directory = new TestDirectory();
        string data = directory.File("data");
        for (int start = 0; start < 3; start++)
        {
            await using var server = await ServerProcess.StartAsync(data);
            await using var client = new TestClient(server);
            if (start == 0)
                await client.CreateTopicAsync("t");
            Assert.Equal(start, (await client.ProduceAsync("t", 0, "x")).Receipt.BaseOffset);
            Assert.Equal(0, await server.StopAsync());
            Assert.DoesNotContain(server.ErrorLines, line => line.Contains("warn:", StringComparison.Ordinal));
        }
    }

    private static async Task<int> NextStatusAsync(AsyncServerStreamingCall<Int32Value> statuses)
    {
        using var timeout = new CancellationTokenSource(TestClient.CallTime);
        Assert.True(await statuses.ResponseStream.MoveNext(timeout.Token));
        return statuses.ResponseStream.Current.Value;
    }
}
