using LogBroker.Protocol;
using LogBroker.Protocol.V1;

namespace LogBroker.EndToEnd.Tests;

/// <summary>Row 11 at its hardest: somebody else takes the headroom as well. Needs root, to mount.</summary>
public sealed class DiskFullTests
{
    private const long MiB = 1024 * 1024;
    private const int ValueBytes = 60_000;

    [Fact]
    public async Task Row11_a_disk_that_others_fill_to_the_last_byte_loses_nothing_acknowledged()
    {
        using var directory = new TestDirectory();
        await using var disk = await Mount.TmpfsAsync(directory, 48 * MiB);
        string data = disk.File("data");
        int orders;
        await using (var server = await ServerProcess.StartAsync(data, ["--Storage:DiskHeadroom=1MiB"]))
        {
            await using var client = new TestClient(server);
            await client.CreateTopicAsync("orders", 1, ("segment.bytes", "1048576"));
            orders = await ProduceAsync(client, "orders", 20);
            FillToTheLastByte(disk.File("of-somebody-else"));
            await AssertFullAsync(client, "orders");
            await AssertReadableAsync(client, "orders", orders);
            File.Delete(disk.File("of-somebody-else"));
            orders += await ProduceWhenPossibleAsync(client, "orders", orders);
            await AssertReadableAsync(client, "orders", orders);
            Assert.Equal(0, await server.StopAsync());
        }

        await using var again = await ServerProcess.StartAsync(data);
        await using var reader = new TestClient(again);
        await AssertReadableAsync(reader, "orders", orders);
    }

    private static ProduceBatch Batch(string topic, int number) =>
        new() { Topic = topic, Records = TestClient.Batch(Value(number)) };

    private static string Value(int number) => $"{number} ".PadRight(ValueBytes, (char)('a' + (number % 26)));

    private static async Task<int> ProduceAsync(TestClient client, string topic, int count)
    {
        for (int i = 0; i < count; i++)
            Assert.Equal(i, (await client.ProduceAsync(Batch(topic, i))).Receipt.BaseOffset);
        return count;
    }

    private static async Task AssertFullAsync(TestClient client, string topic)
    {
        var (reason, message) = await client.ProduceRefusedAsync(Batch(topic, 0));
        Assert.Equal("DISK_FULL", reason);
        Assert.True(ErrorCatalogue.Find(reason)!.IsRetriable);
        Assert.NotEmpty(message);
    }

    /// <summary>Space comes back when the last lease on a deleted file ends: asks until a batch is taken.</summary>
    private static async Task<int> ProduceWhenPossibleAsync(TestClient client, string topic, int number)
    {
        using var deadline = new CancellationTokenSource(TestClient.CallTime);
        while (true)
        {
            var ack = await client.ProduceAsync(Batch(topic, number));
            if (ack.Error is null)
                return 1;
            Assert.Equal("DISK_FULL", TestClient.Explain(ack.Error).Reason);
            deadline.Token.ThrowIfCancellationRequested();
        }
    }

    private static async Task AssertReadableAsync(TestClient client, string topic, int count)
    {
        var records = new List<(long Offset, string Value)>();
        while (records.Count < count)
        {
            var fetched = await client.FetchAsync(topic, 0, records.Count, bytesMax: 4 << 20);
            Assert.True(fetched.Error is null, fetched.Error?.ToString());
            var more = TestClient.Records(fetched.Batches);
            Assert.NotEmpty(more);
            records.AddRange(more.Where(record => record.Offset >= records.Count));
        }

        Assert.Equal(Enumerable.Range(0, count).Select(i => ((long)i, Value(i))), records);
    }

    private static void FillToTheLastByte(string path)
    {
        using var file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write);
        byte[] block = new byte[4096];
        for (long at = 0; ; at += block.Length)
        {
            try
            {
                RandomAccess.Write(file, block, at);
            }
            catch (IOException)
            {
                return;
            }
        }
    }
}
