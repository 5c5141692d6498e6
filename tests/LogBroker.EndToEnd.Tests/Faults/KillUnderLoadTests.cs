namespace LogBroker.EndToEnd.Tests;

/// <summary>Row 1, one node: kill -9 at random moments under load.</summary>
public sealed class KillUnderLoadTests
{
    private const int RoundsCount = 6;
    private const int PartitionsCount = 3;
    private const int Seed = 20_241;

    [Fact]
    public async Task Row01_every_acknowledged_record_survives_kill_9_exactly_once_in_order_and_the_others_come_at_most_once()
    {
        using var directory = new TestDirectory();
        string data = directory.File("data");
        var random = new Random(Seed);
        var writers = new PartitionWriter[PartitionsCount];
        for (int round = 0; round < RoundsCount; round++)
        {
            await using var server = await ServerProcess.StartAsync(data);
            await using var client = new TestClient(server);
            if (round == 0)
            {
                // Small segments, so that kills meet rolls as well.
                await client.CreateTopicAsync("orders", PartitionsCount, ("segment.bytes", "65536"));
                for (int i = 0; i < PartitionsCount; i++)
                    writers[i] = await PartitionWriter.CreateAsync(client, "orders", i);
            }

            foreach (var writer in writers)
                writer.CheckRecovered(await ReadAllAsync(client, writer.Partition));
            int acknowledgedMin = random.Next(1, 400);
            var running = writers.Select(writer => writer.WriteUntilBrokenAsync(client, acknowledgedMin)).ToList();
            await Task.WhenAll(writers.Select(writer => writer.ReachedAsync(running)));
            await server.KillAsync();
            await Task.WhenAll(running);
        }

        await using var last = await ServerProcess.StartAsync(data);
        await using var reader = new TestClient(last);
        foreach (var writer in writers)
        {
            writer.CheckRecovered(await ReadAllAsync(reader, writer.Partition));
            await writer.FinishAsync(reader);
            writer.CheckComplete(await ReadAllAsync(reader, writer.Partition));
        }

        Assert.True(writers.Sum(writer => writer.UnansweredCount) > 0, "no kill met a batch in flight: the test showed nothing");
        Assert.Equal(0, await last.StopAsync());
    }

    private static async Task<List<(long Offset, string Value)>> ReadAllAsync(TestClient client, int partition)
    {
        var records = new List<(long Offset, string Value)>();
        while (true)
        {
            var fetched = await client.FetchAsync("orders", partition, records.Count, bytesMax: 8 << 20);
            Assert.Null(fetched.Error);
            Assert.True(records.Count <= fetched.HighWatermark, $"{records.Count} records are in front of {fetched.HighWatermark}");
            if (records.Count == fetched.HighWatermark)
                return records;
            records.AddRange(TestClient.Records(fetched.Batches).Where(record => record.Offset >= records.Count));
        }
    }
}
