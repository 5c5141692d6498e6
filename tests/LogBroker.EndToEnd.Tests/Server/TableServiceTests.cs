using System.Text;
using Google.Protobuf;
using LogBroker.Client;
using LogBroker.Protocol.V1;
using LogBroker.Rpc;

namespace LogBroker.EndToEnd.Tests;

/// <summary>logbroker.v1.Tables of a real broker, with its views in RocksDB.</summary>
public sealed class TableServiceTests
{
    private static readonly Method<TableGetRequest, TableGetResponse> Get =
        Method.Create(TablesReflection.Descriptor.Services[0], "Get", TableGetRequest.Parser, TableGetResponse.Parser);

    private static readonly Method<TableScanRequest, TableScanResponse> Scan =
        Method.Create(TablesReflection.Descriptor.Services[0], "Scan", TableScanRequest.Parser, TableScanResponse.Parser);

    [Fact]
    public async Task Keys_are_read_and_scanned_before_and_after_a_kill()
    {
        using var directory = new TestDirectory();
        await using (var server = await ServerProcess.StartAsync(directory.Path))
        {
            await FillAsync(server, from: 0);
            await CheckAsync(server, records: 3_000);
            await server.KillAsync();
        }

        await using (var server = await ServerProcess.StartAsync(directory.Path))
        {
            await CheckAsync(server, records: 3_000);
            await FillAsync(server, from: 3_000);
            await CheckAsync(server, records: 6_000);
            Assert.Equal(0, await server.StopAsync());
        }

        await using (var server = await ServerProcess.StartAsync(directory.Path))
            await CheckAsync(server, records: 6_000);
    }

    [Fact]
    public async Task Bad_questions_are_refused()
    {
        await using var server = await ServerProcess.StartAsync();
        await using var client = new TestClient(server);
        await client.CreateTopicAsync("plain");
        var plain = new TableGetRequest { Topic = "plain", Keys = { ByteString.CopyFromUtf8("k") } };
        Assert.Equal("NOT_A_TABLE", (await client.RefusedAsync(Get, plain)).Reason);
        Assert.Equal("UNKNOWN_TOPIC_OR_PARTITION", (await client.RefusedAsync(Get, new TableGetRequest { Topic = "none" })).Reason);
        var many = new TableGetRequest { Topic = "plain" };
        many.Keys.AddRange(Enumerable.Repeat(ByteString.Empty, 1_001));
        var (_, reason, message) = await client.RefusedAsync(Get, many);
        Assert.Equal("LIMIT_EXCEEDED", reason);
        Assert.Contains("1001", message, StringComparison.Ordinal);
        await client.CreateTopicAsync("t", 1, ("cleanup.policy", "compact"));
        Assert.Equal("INVALID_ARGUMENT", await ScanRefusedAsync(client, new TableScanRequest { Topic = "t", EntriesMax = -1 }));
        Assert.Equal("NOT_A_TABLE", await ScanRefusedAsync(client, new TableScanRequest { Topic = "plain" }));
    }

    private static async Task FillAsync(ServerProcess server, int from)
    {
        await using var client = new LogBrokerClient(server.GrpcAddress);
        await client.Topics.EnsureAsync("t", topic =>
        {
            topic.Partitions = 1;
            topic.Config["cleanup.policy"] = "compact";
        });
        await using var producer = client.CreateProducer();
        for (int i = from; i < from + 3_000; i++)
            await producer.EnqueueAsync("t", new ProducerRecord(Bytes($"k{i:0000}"), Bytes($"v{i}")));
        for (int i = from; i < from + 3_000; i += 3)
            await producer.EnqueueAsync("t", new ProducerRecord(Bytes($"k{i:0000}"), i % 2 == 0 ? null : Bytes($"w{i}")));
        await producer.FlushAsync();
    }

    private static async Task CheckAsync(ServerProcess server, int records)
    {
        await using var client = new TestClient(server);
        var expected = Enumerable.Range(0, records).Where(i => i % 3 != 0 || i % 2 != 0)
            .ToDictionary(i => $"k{i:0000}", i => i % 3 == 0 ? $"w{i}" : $"v{i}");
        var ask = new TableGetRequest { Topic = "t", Linearizable = true };
        ask.Keys.AddRange(Enumerable.Range(records - 1_000, 1_000).Select(i => ByteString.CopyFromUtf8($"k{i:0000}")));
        var answer = await client.CallAsync(Get, ask);
        Assert.Equal(1_000, answer.Entries.Count);
        Assert.All(answer.Entries, e => Assert.Equal(
            expected.GetValueOrDefault(e.Key.ToStringUtf8()), e.Found ? e.Value.ToStringUtf8() : null));
        Assert.Equal(0, answer.Freshness.BehindMs);
        Assert.Equal(answer.Freshness.HighWatermark, answer.Freshness.AppliedOffset);
        var scanned = await ScanAsync(client, new TableScanRequest { Topic = "t" });
        Assert.Equal(expected.OrderBy(e => e.Key, StringComparer.Ordinal), scanned);
        var few = new TableScanRequest
        {
            Topic = "t",
            Prefix = ByteString.CopyFromUtf8("k1"),
            After = ByteString.CopyFromUtf8("k1001"),
            EntriesMax = 2,
        };
        Assert.Equal(["k1003", "k1004"], (await ScanAsync(client, few)).Select(e => e.Key));
    }

    private static async Task<List<KeyValuePair<string, string>>> ScanAsync(TestClient client, TableScanRequest request)
    {
        var found = new List<KeyValuePair<string, string>>();
        using var call = client.Channel.ServerStreaming(Scan, request, new CallOptions(timeout: TestClient.CallTime));
        while (await call.ResponseStream.MoveNext(CancellationToken.None))
        {
            Assert.NotNull(call.ResponseStream.Current.Freshness);
            found.AddRange(call.ResponseStream.Current.Entries.Select(
                e => new KeyValuePair<string, string>(e.Key.ToStringUtf8(), e.Value.ToStringUtf8())));
        }

        return found;
    }

    private static async Task<string> ScanRefusedAsync(TestClient client, TableScanRequest request)
    {
        var refused = await Assert.ThrowsAsync<RpcException>(() => ScanAsync(client, request));
        Assert.True(refused.TryGetDetail<Google.Rpc.ErrorInfo>(out var info), refused.ToString());
        return info.Reason;
    }

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);
}
