using LogBroker.Protocol.V1;

namespace LogBroker.EndToEnd.Tests;

/// <summary>The shortest way through everything: one record in, acknowledged as fsynced, kill -9, start again, the record out.</summary>
public sealed class ThinThreadTests
{
    [Fact]
    public async Task An_acknowledged_record_survives_kill_9()
    {
        using var directory = new TestDirectory();
        string data = directory.File("data");
        await using (var first = await ServerProcess.StartAsync(data))
        {
            await using var client = new TestClient(first);
            await client.CreateTopicAsync("orders");
            var ack = await client.ProduceAsync("orders", 0, "hello");
            Assert.Equal(ProduceAck.ResultOneofCase.Receipt, ack.ResultCase);
            Assert.Equal((0, Durability.QuorumFsync), (ack.Receipt.BaseOffset, ack.Receipt.Durability));
            await first.KillAsync();
        }

        await using var second = await ServerProcess.StartAsync(data);
        await using var reader = new TestClient(second);
        var fetched = await reader.FetchAsync("orders", 0, 0);
        Assert.Null(fetched.Error);
        Assert.Equal(1, fetched.HighWatermark);
        Assert.Equal([(0L, "hello")], TestClient.Records(fetched.Batches));
        // A new leader epoch begins at each start; offsets go on without a gap.
        var next = await reader.ProduceAsync("orders", 0, "again");
        Assert.Equal((1, 2), (next.Receipt.BaseOffset, next.Receipt.LeaderEpoch));
        Assert.Equal(0, await second.StopAsync());
    }

    [Fact]
    public async Task The_ready_line_is_the_only_one_on_stdout()
    {
        await using var server = await ServerProcess.StartAsync();
        Assert.Equal(server.DataDirectory, server.Fields["data"]);
        Assert.Equal("1", server.Fields["node"]);
        Assert.Equal(LogBroker.Server.ServerVersion.Text, server.Fields["version"]);
        Assert.Equal(0, await server.StopAsync());
        Assert.Equal([server.ReadyLine], server.OutputLines);
    }
}
