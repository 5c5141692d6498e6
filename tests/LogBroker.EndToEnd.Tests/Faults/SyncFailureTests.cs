using System.Diagnostics;
using LogBroker.Protocol.V1;
using LogBroker.Rpc;

namespace LogBroker.EndToEnd.Tests;

/// <summary>Rows 9 and 18: what the broker does when the disk says no, or takes its time.</summary>
public sealed class SyncFailureTests
{
    private const int Eio = 5;
    private const int Einval = 22;
    private const int Enospc = 28;
    private const int Erofs = 30;
    private const int DiskFailed = 74;

    [Theory]
    [InlineData(Eio)]
    [InlineData(Enospc)]
    [InlineData(Erofs)]
    [InlineData(Einval)]
    public async Task Row09_a_failed_sync_ends_the_process_and_nothing_is_acknowledged_after_it(int errno)
    {
        const string PartOfPath = ".log";
        using var directory = new TestDirectory();
        var shim = await SyncShim.BuildAsync(directory);
        string data = directory.File("data");
        await using (var server = await ServerProcess.StartAsync(data, environment: shim.Environment))
        {
            await using var client = new TestClient(server);
            await client.CreateTopicAsync("orders");
            Assert.Equal(0, (await client.ProduceAsync("orders", 0, "kept")).Receipt.BaseOffset);
            shim.Fail(errno, PartOfPath);
            await Assert.ThrowsAsync<RpcException>(() => client.ProduceAsync("orders", 0, "never acknowledged"));
            Assert.Equal(DiskFailed, await server.WaitForExitAsync(TestClient.CallTime));
            string line = Assert.Single(server.ErrorLines, l => l.StartsWith("LogBroker stopped: ", StringComparison.Ordinal));
            Assert.Contains("sync", line, StringComparison.Ordinal);
            Assert.Contains(PartOfPath, line, StringComparison.Ordinal);
            Assert.Contains("Nothing was acknowledged after this.", line, StringComparison.Ordinal);
            Assert.Contains("Restarting at once will not help", line, StringComparison.Ordinal);
        }

        shim.Clear();
        await using var again = await ServerProcess.StartAsync(data);
        await using var reader = new TestClient(again);
        var fetched = await reader.FetchAsync("orders", 0, 0);
        Assert.Equal((0L, "kept"), TestClient.Records(fetched.Batches)[0]);
        Assert.InRange(fetched.HighWatermark, 1, 2);
    }

    [Fact]
    public async Task Row09_a_failed_sync_of_the_state_store_ends_the_process_too()
    {
        using var directory = new TestDirectory();
        var shim = await SyncShim.BuildAsync(directory);
        await using var server = await ServerProcess.StartAsync(environment: shim.Environment);
        await using var client = new TestClient(server);
        shim.Fail(Eio, "/state/");
        // The first epoch of a new partition is hard state, and durable before the partition serves.
        await Assert.ThrowsAsync<RpcException>(() => client.CreateTopicAsync("orders"));
        Assert.Equal(DiskFailed, await server.WaitForExitAsync(TestClient.CallTime));
        Assert.Single(server.ErrorLines, l => l.StartsWith("LogBroker stopped: ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Row09_a_start_that_meets_the_same_failure_backs_off_before_it_ends()
    {
        using var directory = new TestDirectory();
        var shim = await SyncShim.BuildAsync(directory);
        string data = directory.File("data");
        await using (var server = await ServerProcess.StartAsync(data))
        {
            await using var client = new TestClient(server);
            await client.CreateTopicAsync("orders", 1);
            await client.ProduceAsync("orders", 0, "kept");
            await server.KillAsync();
        }

        shim.Fail(Eio, "/topics/");
        long startedAt = Stopwatch.GetTimestamp();
        var refused = await ServerProcess.RunAsync(
            ["--data-dir", data, "--grpc", "127.0.0.1:0", "--http", "127.0.0.1:0", "--Storage:FailureBackoff=2s"], shim.Environment);
        Assert.Equal(DiskFailed, refused.ExitCode);
        Assert.Empty(refused.Output);
        Assert.Single(refused.Error.Split('\n'), line => line.StartsWith("LogBroker stopped: ", StringComparison.Ordinal));
        Assert.True(Stopwatch.GetElapsedTime(startedAt) >= TimeSpan.FromSeconds(2), refused.Error);

        shim.Clear();
        await using var again = await ServerProcess.StartAsync(data);
        await using var reader = new TestClient(again);
        Assert.Equal([(0L, "kept")], TestClient.Records((await reader.FetchAsync("orders", 0, 0)).Batches));
    }

    [Fact]
    public async Task Row18_slow_syncs_make_late_acknowledgements_and_leave_memory_topics_alone()
    {
        const int DelayMs = 200;
        const int BatchesCount = 20;
        using var directory = new TestDirectory();
        var shim = await SyncShim.BuildAsync(directory);
        await using var server = await ServerProcess.StartAsync(environment: shim.Environment);
        await using var slow = new TestClient(server);
        await using var fast = new TestClient(server);
        await slow.CreateTopicAsync("slow", 1);
        await fast.CreateTopicAsync("fast", 1, ("durability", "memory"));
        await slow.ProduceAsync("slow", 0, "0");
        await fast.ProduceAsync("fast", 0, "0");
        shim.Delay(DelayMs, "/slow~");
        int fastWhileSlow = 0;
        for (int i = 1; i <= 3; i++)
        {
            long sentAt = Stopwatch.GetTimestamp();
            var pending = slow.ProduceAsync("slow", 0, $"{i}");
            for (int j = 0; j < BatchesCount; j++)
            {
                Assert.Equal(Durability.QuorumMemory, (await fast.ProduceAsync("fast", 0, "x")).Receipt.Durability);
                fastWhileSlow += pending.IsCompleted ? 0 : 1;
            }

            var ack = await pending;
            Assert.Equal((i, Durability.QuorumFsync), (ack.Receipt.BaseOffset, ack.Receipt.Durability));
            Assert.True(Stopwatch.GetElapsedTime(sentAt) >= TimeSpan.FromMilliseconds(DelayMs), "acknowledged before its sync ended");
        }

        Assert.True(fastWhileSlow > 3, $"only {fastWhileSlow} batches of the memory topic were acknowledged while a sync ran");
        shim.Clear();
        Assert.Equal(4, (await slow.FetchAsync("slow", 0, 0)).HighWatermark);
        Assert.Equal(0, await server.StopAsync());
    }
}
