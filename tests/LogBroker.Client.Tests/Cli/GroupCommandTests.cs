using System.Text.Json;

namespace LogBroker.Client.Tests;

/// <summary>The commands below <c>group</c> and <c>table</c>, and <c>consume -g</c>, against a fake broker.</summary>
public sealed class GroupCommandTests
{
    [Fact]
    public async Task ConsumingWithAGroupGoesOnWhereItWas()
    {
        await using FakeBroker broker = await BrokerAsync();
        CliCall first = (await RunAsync(broker, "consume", "t", "-g", "g", "-n", "3")).MustSucceed();
        Assert.Equal("0\n1\n2\n", first.Output);
        Assert.Equal(3, broker.Groups.CommittedOf("g", "t"));
        Assert.Equal("3\n4\n", (await RunAsync(broker, "consume", "t", "-g", "g", "-n", "2")).MustSucceed().Output);
        Assert.Equal(0, broker.Groups.Look("g", static g => g.Members.Count));
        Assert.Equal("t\t0\t5\n", (await RunAsync(broker, "group", "export", "g")).MustSucceed().Output);
    }

    [Fact]
    public async Task CtrlCSaysHowToGoOn()
    {
        await using FakeBroker broker = await BrokerAsync();
        using var interrupted = new CancellationTokenSource();
        Task<CliCall> running = CliCall.RunAsync(broker, ["consume", "t", "-g", "g"], interrupted.Token);
        await Clients.UntilAsync(() => broker.Groups.Look("g", static g => g.Members.Count) == 1 && broker.FetchesSeen >= 2);
        await interrupted.CancelAsync();
        CliCall run = await running;
        Assert.Equal(130, run.ExitCode);
        Assert.Equal("stopped after 10 records; the group goes on where it was: logbroker consume t -g g\n", run.Error);
        Assert.Equal(10, broker.Groups.CommittedOf("g", "t"));
    }

    [Fact]
    public async Task AResetIsShownFirstAndRefusedWhileMembersAreActive()
    {
        await using FakeBroker broker = await BrokerAsync();
        await using LogBrokerClient client = Clients.Of(broker);
        await (await client.Groups.PlanResetAsync("g", Position.At(7), ["t"])).ApplyAsync();
        CliCall plan = (await RunAsync(broker, "group", "reset", "g", "--to", "start")).MustSucceed();
        Assert.Equal("t\t0\t7\t0\t-7\n", plan.Output);
        Assert.Contains("nothing was changed; add --apply", plan.Error);
        Assert.Equal(7, broker.Groups.CommittedOf("g", "t"));
        await using (var run = new ConsumerRun(client, ConsumerRun.Options()))
        {
            await run.HoldsAsync(1);
            CliCall refused = await RunAsync(broker, "group", "reset", "g", "--to", "start", "--apply");
            Assert.Equal(4, refused.ExitCode);
            Assert.Equal("t\t0\t7\t0\t-7\n", refused.Output);
            Assert.Contains("group g has 1 active member: " + run.Consumer.MemberId, refused.Error);
            Assert.Contains("--apply would be refused", (await RunAsync(broker, "group", "reset", "g", "--to", "start")).Error);
            Assert.Equal(4, (await RunAsync(broker, "group", "delete", "g", "--yes")).ExitCode);
        }

        CliCall done = (await RunAsync(broker, "group", "reset", "g", "--to", "-2", "--apply")).MustSucceed();
        Assert.Contains("set 1 offset of group g", done.Error);
        Assert.Equal(8, broker.Groups.CommittedOf("g", "t"));
        (await RunAsync(broker, "group", "reset", "h", "--to-group", "g", "--apply")).MustSucceed();
        Assert.Equal(8, broker.Groups.CommittedOf("h", "t"));
    }

    [Theory]
    [InlineData("tsv")]
    [InlineData("json")]
    [InlineData("jsonl")]
    public async Task WhatWasExportedIsReadBack(string format)
    {
        await using FakeBroker broker = await BrokerAsync();
        await using LogBrokerClient client = Clients.Of(broker);
        await (await client.Groups.PlanResetAsync("g", Position.At(7), ["t"])).ApplyAsync();
        string exported = (await RunAsync(broker, "group", "export", "g", "-o", format)).MustSucceed().Output;
        CliCall back = await CliCall.RunAsync(broker, ["group", "reset", "other", "--to-file", "-", "--apply"], input: exported);
        Assert.Equal(7, broker.Groups.CommittedOf("other", "t"));
        Assert.Equal("t\t0\t-1\t7\t\n", back.MustSucceed().Output);
        CliCall bad = await CliCall.RunAsync(broker, ["group", "reset", "other", "--to-file", "-"], input: "t\t0\n");
        Assert.Equal(2, bad.ExitCode);
        Assert.Contains("line 1", bad.Error);
    }

    [Fact]
    public async Task AGroupIsListedDescribedAndDeleted()
    {
        await using FakeBroker broker = await BrokerAsync();
        await using LogBrokerClient client = Clients.Of(broker);
        await (await client.Groups.PlanResetAsync("g", Position.At(7), ["t"])).ApplyAsync();
        Assert.StartsWith("g\tempty\t0\t", (await RunAsync(broker, "group", "list")).MustSucceed().Output);
        using JsonDocument described = JsonDocument.Parse(
            (await RunAsync(broker, "group", "describe", "g", "-o", "json")).MustSucceed().Output);
        Assert.Equal(3, described.RootElement.GetProperty("lag").GetInt64());
        Assert.Equal("empty", described.RootElement.GetProperty("state").GetString());
        Assert.Equal(7, described.RootElement.GetProperty("partitions")[0].GetProperty("committed").GetInt64());
        Assert.Contains("partitions\tt\t0\t7\t10\t3\t", (await RunAsync(broker, "group", "describe", "g")).MustSucceed().Output);
        CliCall unknown = await RunAsync(broker, "group", "describe", "nobody");
        Assert.Equal(3, unknown.ExitCode);
        Assert.Equal(3, (await RunAsync(broker, "group", "export", "nobody")).ExitCode);
        Assert.Equal(2, (await RunAsync(broker, "group", "delete", "g")).ExitCode);
        (await RunAsync(broker, "group", "delete", "g", "--dry-run")).MustSucceed();
        Assert.Contains("deleted 1 group", (await RunAsync(broker, "group", "delete", "g", "--yes")).MustSucceed().Error);
        Assert.Empty((await RunAsync(broker, "group", "list")).MustSucceed().Output);
        (await RunAsync(broker, "group", "delete", "g", "--yes", "--if-exists")).MustSucceed();
    }

    [Fact]
    public async Task WatchingShowsWhatChanges()
    {
        await using FakeBroker broker = await BrokerAsync();
        await using LogBrokerClient client = Clients.Of(broker);
        await using var run = new ConsumerRun(client, ConsumerRun.Options());
        await run.HoldsAsync(1);
        using var interrupted = new CancellationTokenSource(TimeSpan.FromSeconds(3));
        CliCall watched = await CliCall.RunAsync(broker, ["group", "describe", "g", "--watch", "-o", "jsonl"], interrupted.Token);
        Assert.Equal(130, watched.ExitCode);
        string line = Assert.Single(watched.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        using JsonDocument look = JsonDocument.Parse(line);
        Assert.Equal("t/0", look.RootElement.GetProperty("members")[0].GetProperty("held").GetString());
    }

    [Fact]
    public async Task ATableIsReadByKeyAndWalkedOver()
    {
        await using FakeBroker broker = await FakeBroker.StartAsync(("stock", 2));
        await using LogBrokerClient client = Clients.Of(broker);
        await using Table<string, string> stock = client.OpenTable<string, string>("stock");
        ProduceReceipt apples = await stock.PutAsync("apples", "5");
        await stock.PutAsync("pears", "1");
        CliCall got = (await RunAsync(broker, "table", "get", "stock", "apples")).MustSucceed();
        Assert.StartsWith($"apples\t5\t{apples.Partition}\t{apples.Offset}\t", got.Output);
        CliCall missing = await RunAsync(broker, "table", "get", "stock", "plums", "pears", "-o", "json");
        Assert.Equal(3, missing.ExitCode);
        Assert.Contains("there is no key \"plums\"", missing.Error);
        using JsonDocument found = JsonDocument.Parse(missing.Output);
        Assert.Equal("1", found.RootElement.GetProperty("entries")[0].GetProperty("value").GetString());
        Assert.Equal(0, found.RootElement.GetProperty("entries")[0].GetProperty("behindMs").GetInt64());
        string[] all = (await RunAsync(broker, "table", "scan", "stock")).MustSucceed().Output
            .Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(["apples", "pears"], all.Select(static l => l.Split('\t')[0]).Order(StringComparer.Ordinal));
        Assert.StartsWith("pears\t", (await RunAsync(broker, "table", "scan", "stock", "--prefix", "p", "-n", "1")).MustSucceed().Output);
        broker.IsTable = static _ => false;
        CliCall refused = await RunAsync(broker, "table", "scan", "stock");
        Assert.Equal(4, refused.ExitCode);
        Assert.Contains("cleanup.policy=compact", refused.Error);
    }

    private static async Task<FakeBroker> BrokerAsync()
    {
        FakeBroker broker = await FakeBroker.StartAsync(("t", 1));
        await using LogBrokerClient client = Clients.Of(broker);
        await ConsumerRun.ProduceAsync(client, 0, 10);
        return broker;
    }

    private static Task<CliCall> RunAsync(FakeBroker broker, params string[] args) => CliCall.RunAsync(broker, args);
}
