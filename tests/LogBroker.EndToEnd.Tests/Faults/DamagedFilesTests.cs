using LogBroker.Protocol;
using LogBroker.Protocol.V1;

namespace LogBroker.EndToEnd.Tests;

/// <summary>
/// Rows 13 and 14: one bit of a stopped broker's files is flipped, or a file is cut, emptied or removed. Wrong bytes are never served,
/// and what is not damaged is served.
/// </summary>
public sealed class DamagedFilesTests(WrittenDirectory written) : IClassFixture<WrittenDirectory>
{
    private const int BatchesCount = WrittenDirectory.BatchesCount;
    private const int CorruptionExit = 9;

    [Theory]
    [InlineData("header", 20)]
    [InlineData("length", 11)]
    [InlineData("crc", 17)]
    [InlineData("body", 700)]
    public async Task Row13_a_flipped_bit_of_a_closed_segment_quarantines_or_refuses_and_the_others_serve(string region, int at)
    {
        using var directory = written.Copy();
        string data = directory.File("data");
        string segment = FilesOf(data, "orders", "*.log")[0];
        Assert.True(FilesOf(data, "orders", "*.log").Length > 1, "the first segment is not closed");
        // The second batch with records, behind the epoch row and the first one.
        long second = SecondBatchAt(segment);
        Flip(segment, second + at);

        var verified = await VerifyAsync(data);
        Assert.True(verified.ExitCode == CorruptionExit, $"{region}: exit {verified.ExitCode} {verified.Output} {verified.Error}");
        Assert.Contains(Path.GetFileName(segment), verified.Output, StringComparison.Ordinal);

        await using var server = await ServerProcess.StartAsync(data);
        await using var client = new TestClient(server);
        Assert.Equal(BatchesCount, await ReadAsync(client, "others"));
        int read = await ReadAsync(client, "orders");
        Assert.True(read < BatchesCount, $"{region}: the flipped bit was served");
        var error = await FirstErrorAsync(client, "orders", read);
        Assert.True(error is "PARTITION_QUARANTINED" or "CORRUPT_BATCH", $"{region}: {error}");
        var topic = await client.CallAsync(BrokerMethods.GetTopic, new GetTopicRequest { Name = "orders" });
        Assert.Equal(Partition.Types.State.Quarantined, topic.Partitions[0].State);
        Assert.Contains(".log", topic.Partitions[0].Detail, StringComparison.Ordinal);
        var status = await client.CallAsync(BrokerMethods.GetStatus, new GetStatusRequest());
        Assert.Equal(1, status.PartitionsQuarantined);
        Assert.False(status.Healthy);
        Assert.NotEmpty(status.Problems);
        Assert.Equal(0, (await client.ProduceAsync("fresh", 0, "served")).Receipt.BaseOffset);
        Assert.Equal(0, await server.StopAsync());
    }

    [Theory]
    [InlineData("*index", "flip")]
    [InlineData("*index", "cut")]
    [InlineData("*index", "remove")]
    [InlineData("state", "empty")]
    [InlineData("state", "remove")]
    public async Task Row14_indexes_and_state_are_rebuilt_and_every_record_is_served(string what, string how)
    {
        using var directory = written.Copy();
        string data = directory.File("data");
        string[] files = what == "state" ? Directory.GetFiles(Path.Combine(data, "state"), "MANIFEST-*") : FilesOf(data, "orders", what);
        Assert.NotEmpty(files);
        foreach (string file in files)
            Damage(file, how);
        await using var server = await ServerProcess.StartAsync(data);
        await using var client = new TestClient(server);
        Assert.Equal(BatchesCount, await ReadAsync(client, "orders"));
        Assert.Equal(BatchesCount, await ReadAsync(client, "others"));
        var next = await client.ProduceAsync("orders", 0, WrittenDirectory.Value("orders", BatchesCount));
        Assert.Equal(BatchesCount, next.Receipt.BaseOffset);
        Assert.Equal(0, await server.StopAsync());
        Assert.Equal(0, (await VerifyAsync(data)).ExitCode);
    }

    [Theory]
    [InlineData("cut")]
    [InlineData("remove")]
    public async Task Row14_a_closed_segment_that_is_cut_or_gone_is_never_skipped(string how)
    {
        using var directory = written.Copy();
        string data = directory.File("data");
        Damage(FilesOf(data, "orders", "*.log")[1], how);
        await using var server = await ServerProcess.StartAsync(data);
        await using var client = new TestClient(server);
        Assert.Equal(BatchesCount, await ReadAsync(client, "others"));
        int read = await ReadAsync(client, "orders");
        Assert.True(read < BatchesCount, "records that are not there were served");
        Assert.Equal("PARTITION_QUARANTINED", await FirstErrorAsync(client, "orders", read));
        Assert.Equal(0, await server.StopAsync());
    }

    [Theory]
    [InlineData("empty")]
    [InlineData("flip")]
    [InlineData("remove")]
    public async Task Row14_a_damaged_identity_file_refuses_the_start_and_changes_nothing(string how)
    {
        using var directory = written.Copy();
        string data = directory.File("data");
        Damage(Path.Combine(data, "meta.json"), how);
        var refused = await ServerProcess.RunAsync(["--data-dir", data, "--grpc", "127.0.0.1:0", "--http", "127.0.0.1:0"]);
        Assert.Equal(78, refused.ExitCode);
        Assert.Contains("meta.json", refused.Error, StringComparison.Ordinal);
        Assert.NotEmpty(FilesOf(data, "orders", "*.log"));
    }

    private static string[] FilesOf(string data, string topic, string pattern)
    {
        string place = Assert.Single(Directory.GetDirectories(Path.Combine(data, "topics"), topic + "~*"));
        return [.. Directory.GetFiles(Path.Combine(place, "0"), pattern).Order(StringComparer.Ordinal)];
    }

    /// <summary>Reads from the start as far as it goes; every record that is served must be the right one.</summary>
    private static async Task<int> ReadAsync(TestClient client, string topic)
    {
        int read = 0;
        while (read < BatchesCount)
        {
            var fetched = await client.FetchAsync(topic, 0, read);
            if (fetched.Error is not null || fetched.Batches.IsEmpty)
                return read;
            foreach (var (offset, value) in TestClient.Records(fetched.Batches))
            {
                Assert.Equal((read, WrittenDirectory.Value(topic, read)), (offset, value));
                read++;
            }
        }

        return read;
    }

    private static async Task<string> FirstErrorAsync(TestClient client, string topic, int offset)
    {
        var fetched = await client.FetchAsync(topic, 0, offset);
        return fetched.Error is null ? "none" : TestClient.Explain(fetched.Error).Reason;
    }

    private static long SecondBatchAt(string segment)
    {
        byte[] bytes = File.ReadAllBytes(segment);
        int at = 0;
        for (int withRecords = 0; ;)
        {
            var batch = new RecordBatch(bytes.AsSpan(at));
            if (batch.RecordsCount > 0 && ++withRecords == 2)
                return at;
            at += batch.TotalBytes;
        }
    }

    private static void Damage(string file, string how)
    {
        long length = new FileInfo(file).Length;
        switch (how)
        {
            case "remove":
                File.Delete(file);
                break;
            case "flip":
                if (length > 0)
                    Flip(file, length / 2);
                break;
            default:
                using (var opened = File.OpenWrite(file))
                    opened.SetLength(how == "empty" ? 0 : length / 2);
                break;
        }
    }

    private static void Flip(string file, long at)
    {
        using var opened = File.Open(file, FileMode.Open, FileAccess.ReadWrite);
        opened.Position = at;
        int value = opened.ReadByte();
        opened.Position = at;
        opened.WriteByte((byte)(value ^ 4));
    }

    private static Task<ProgramResult> VerifyAsync(string data)
    {
        string program = ServerProcess.ProgramPath.Replace("broker/LogBroker.Server", "client/LogBroker.Cli", StringComparison.Ordinal);
        return ProgramRun.RunAsync(program[..^1], ["storage", "verify", data]);
    }
}
