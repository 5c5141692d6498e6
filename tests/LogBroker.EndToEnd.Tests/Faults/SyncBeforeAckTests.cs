using LogBroker.Protocol.V1;

namespace LogBroker.EndToEnd.Tests;

/// <summary>What strace sees of the syncs behind acknowledgements.</summary>
public sealed class SyncBeforeAckTests
{
    private const int ProducesCount = 100;

    [Fact]
    public async Task Each_of_100_acknowledged_produces_has_its_own_sync_before_the_acknowledgement()
    {
        var (spans, syncs) = await TraceAsync(("durability", "fsync"));
        Assert.True(syncs.Count >= ProducesCount, $"{syncs.Count} successful syncs of the segment for {ProducesCount} acks");
        Assert.All(spans, span => Assert.Contains(syncs, sync => sync.Began >= span.Sent && sync.Ended <= span.Acknowledged));
    }

    [Fact]
    public async Task A_memory_topic_syncs_no_data_for_its_acknowledgements()
    {
        var (spans, syncs) = await TraceAsync(("durability", "memory"));
        Assert.DoesNotContain(syncs, sync => sync.Ended >= spans[0].Sent && sync.Began <= spans[^1].Acknowledged);
    }

    /// <summary>Produces one batch after the other; when each was sent and acknowledged, and all syncs of the topic's segments.</summary>
    private static async Task<(List<(double Sent, double Acknowledged)> Spans, List<TracedSync> Syncs)> TraceAsync((string, string) config)
    {
        string strace = Tools.Require("strace");
        using var directory = new TestDirectory();
        string trace = directory.File("trace");
        var spans = new List<(double, double)>();
        await using (var server = await StartAsync(directory.File("data"), SyncTrace.Wrapper(strace, trace)))
        {
            await using var client = new TestClient(server);
            await client.CreateTopicAsync("orders", 1, config);
            for (int i = 0; i < ProducesCount; i++)
            {
                double sent = Now();
                var ack = await client.ProduceAsync("orders", 0, $"value {i}");
                Assert.Equal(i, ack.Receipt.BaseOffset);
                Assert.Equal(config.Item2 == "fsync" ? Durability.QuorumFsync : Durability.QuorumMemory, ack.Receipt.Durability);
                spans.Add((sent, Now()));
            }

            await server.StopAsync();
        }

        var syncs = SyncTrace.Read(trace);
        Assert.NotEmpty(syncs);
        return (spans, [.. syncs.Where(s => s.File.Contains("/orders~") && s.File.EndsWith(".log", StringComparison.Ordinal))]);
    }

    private static async Task<ServerProcess> StartAsync(string data, string[] wrapper)
    {
        try
        {
            return await ServerProcess.StartAsync(data, wrapper: wrapper);
        }
        catch (InvalidOperationException e) when (e.Message.Contains("PTRACE", StringComparison.Ordinal))
        {
            Assert.Skip("strace is not allowed to trace here: " + e.Message);
            throw;
        }
    }

    private static double Now() => (DateTime.UtcNow - DateTime.UnixEpoch).TotalSeconds;
}
