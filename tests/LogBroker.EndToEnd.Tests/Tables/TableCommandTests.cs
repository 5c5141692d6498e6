using System.Text.Json;
using LogBroker.Client;

namespace LogBroker.EndToEnd.Tests.Tables;

/// <summary>A compacted topic of a real broker by key, by the SDK and by the command line.</summary>
public sealed class TableCommandTests(Cli.CliBroker broker) : IClassFixture<Cli.CliBroker>
{
    [Fact]
    public async Task What_was_put_is_found_by_the_sdk_and_by_the_command_line()
    {
        await using var client = new LogBrokerClient(broker.Server.GrpcAddress);
        await client.Topics.CreateAsync("stock", static t =>
        {
            t.Partitions = 3;
            t.Config["cleanup.policy"] = "compact";
        });
        await using Table<string, string> stock = client.OpenTable<string, string>(
            "stock", options: new TableReadOptions { Linearizable = true });
        for (int i = 0; i < 50; i++)
        {
            await stock.PutAsync($"fruit/{i:D2}", $"{i}");
        }

        ProduceReceipt newest = await stock.PutAsync("fruit/07", "seven");
        await stock.DeleteAsync("fruit/08");
        await stock.PutAsync("nuts", "1");
        TableEntry<string, string> seven = await stock.GetAsync("fruit/07");
        Assert.Equal(("seven", newest.Partition, newest.Offset), (seven.Value, seven.Partition, seven.Offset));
        Assert.False((await stock.GetAsync("fruit/08")).HasValue);
        Assert.Equal(49, await stock.ScanAsync("fruit/").CountAsync());

        Cli.CliRun got = (await broker.Run("table", "get", "stock", "fruit/07", "--linearizable")).MustSucceed();
        Assert.StartsWith($"fruit/07\tseven\t{newest.Partition}\t{newest.Offset}\t", got.Output);
        Cli.CliRun missing = await broker.Run("table", "get", "stock", "fruit/08", "-l");
        Assert.Equal(3, missing.ExitCode);
        Assert.Empty(missing.Output);
        using JsonDocument all = JsonDocument.Parse(
            (await broker.Run("table", "scan", "stock", "-x", "fruit/", "-l", "-o", "json")).MustSucceed().Output);
        Assert.Equal(49, all.RootElement.GetProperty("entries").GetArrayLength());
        Assert.Equal("nuts", (await broker.Run("table", "scan", "stock", "-x", "n", "-l")).MustSucceed().Output.Split('\t')[0]);
    }

    [Fact]
    public async Task A_topic_that_is_not_compacted_is_no_table()
    {
        string topic = await broker.NewTopic();
        Cli.CliRun refused = await broker.Run("table", "get", topic, "k");
        Assert.Equal(4, refused.ExitCode);
        Assert.Contains("cleanup.policy", refused.Error);
    }
}
