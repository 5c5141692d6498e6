using System.Text.Json;
using LogBroker.Protocol.V1;

namespace LogBroker.EndToEnd.Tests;

/// <summary>What a running broker says and does besides its work: heartbeats, logs, and the end at a second signal.</summary>
public sealed class ProcessBehaviourTests
{
    private static readonly TimeSpan EndTime = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task Quiet_streams_get_heartbeats()
    {
        await using var server = await ServerProcess.StartAsync(arguments: ["--limits:heartbeatinterval", "200ms"]);
        await using var client = new TestClient(server);
        await client.CreateTopicAsync("t");
        using var timeout = new CancellationTokenSource(EndTime);
        using var produce = client.Channel.Duplex(BrokerMethods.Produce);
        await produce.RequestStream.WriteAsync(new ProduceRequest { Open = new ProduceOpen() });
        await produce.RequestStream.WriteAsync(new ProduceRequest { Heartbeat = new Heartbeat() });
        do
        {
            Assert.True(await produce.ResponseStream.MoveNext(timeout.Token));
        }
        while (produce.ResponseStream.Current.MessageCase is not ProduceResponse.MessageOneofCase.Heartbeat);

        using var read = client.Channel.ServerStreaming(
            BrokerMethods.Read, new ReadRequest { Topic = "t", From = new Position { Start = new Position.Types.Anchor() } });
        var seen = new List<ReadEvent.EventOneofCase>();
        do
        {
            Assert.True(await read.ResponseStream.MoveNext(timeout.Token));
            seen.Add(read.ResponseStream.Current.EventCase);
        }
        while (seen[^1] is not ReadEvent.EventOneofCase.Heartbeat);
        Assert.Equal([ReadEvent.EventOneofCase.Opened, ReadEvent.EventOneofCase.CaughtUp, ReadEvent.EventOneofCase.Heartbeat], seen);
    }

    [Fact]
    public async Task Logs_can_be_json_with_stable_event_ids()
    {
        await using var server = await ServerProcess.StartAsync(arguments: ["--logging:format", "json"]);
        Assert.Equal(0, await server.StopAsync());
        var ids = new List<int>();
        foreach (string line in server.ErrorLines)
        {
            using var json = JsonDocument.Parse(line);
            ids.Add(json.RootElement.GetProperty("EventId").GetInt32());
        }

        Assert.Equal([1001, 1002, 1004, 1005], ids.Where(id => id is >= 1000 and < 1100));
    }

    [Fact]
    public async Task A_second_signal_ends_it_at_once_and_nothing_acknowledged_is_lost()
    {
        using var directory = new TestDirectory();
        string data = directory.File("data");
        await using (var server = await ServerProcess.StartAsync(data, ["--node:stoptimeout", "5min"]))
        {
            await using var client = new TestClient(server);
            await client.CreateTopicAsync("t");
            string body = new('x', 900_000);
            for (int i = 0; i < 8; i++)
                await client.ProduceAsync("t", 0, body);
            // A reader that does not read holds the stop up for as long as it may.
            using var read = client.Channel.ServerStreaming(
                BrokerMethods.Read, new ReadRequest { Topic = "t", From = new Position { Start = new Position.Types.Anchor() } });
            Assert.True(await read.ResponseStream.MoveNext());
            server.Signal(15);
            await server.WaitForErrorAsync(line => line.Contains("[1004]", StringComparison.Ordinal), EndTime);
            server.Signal(15);
            Assert.Equal(128 + 15, await server.WaitForExitAsync(EndTime));
        }

        await using var again = await ServerProcess.StartAsync(data);
        await using var reader = new TestClient(again);
        Assert.Equal(8, (await reader.FetchAsync("t", 0, 0)).HighWatermark);
    }
}
