using System.Runtime.InteropServices;
using System.Text.Json;
using LogBroker.Client;

namespace LogBroker.EndToEnd.Tests.Groups;

/// <summary>Consumer groups of real processes: members of a real broker that come, are killed, and throw.</summary>
public sealed partial class GroupProcessTests(Cli.CliBroker broker) : IClassFixture<Cli.CliBroker>
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task A_second_member_takes_half_and_its_kill_gives_it_back_without_a_loss()
    {
        string topic = await broker.NewTopic(4);
        string group = "killed-" + topic;
        await using ProgramRun first = Start("consume", topic, "-g", group, "-f", "%p:%o", "--session-timeout", "6s");
        await HoldsAsync(group, 4);
        await using ProgramRun second = Start("consume", topic, "-g", group, "-f", "%p:%o", "--session-timeout", "6s");
        await HoldsAsync(group, 2, 2);
        await ProduceAsync(topic, 0, 400);
        await AllSeenAsync(400, first, second);
        Assert.NotEmpty(second.OutputLines);
        Assert.NotEmpty(first.OutputLines);

        // SIGKILL: it neither commits nor leaves, so its session has to end.
        Assert.Equal(0, Kill(second.ProcessId, 9));
        await ProduceAsync(topic, 400, 400);
        await AllSeenAsync(800, first, second);
        await HoldsAsync(group, 4);
        Assert.Equal(0, Kill(first.ProcessId, 2));
        Assert.Equal(130, await first.WaitForExitAsync(Deadline));
        Assert.Equal(0, (await LagAsync(group)).Records);
    }

    [Fact]
    public async Task A_clean_leave_hands_over_at_once()
    {
        string topic = await broker.NewTopic(2);
        string group = "left-" + topic;
        await using LogBrokerClient client = Client();
        await using Consumer staying = client.CreateConsumer(group, topic);
        using var stop = new CancellationTokenSource();
        Task reading = ReadAsync(staying, stop.Token);
        await UntilAsync(() => staying.Assignment.Count == 2);
        await using (Consumer leaving = client.CreateConsumer(group, topic))
        {
            using var enough = new CancellationTokenSource();
            Task other = ReadAsync(leaving, enough.Token);
            await UntilAsync(() => staying.Assignment.Count == 1 && leaving.Assignment.Count == 1);
            await enough.CancelAsync();
            await other;
        }

        // Far below the session of 45 seconds.
        await UntilAsync(() => staying.Assignment.Count == 2).WaitAsync(TimeSpan.FromSeconds(10));
        await stop.CancelAsync();
        await reading;
    }

    [Fact]
    public async Task A_handler_that_throws_on_record_7_sees_it_again_and_8_is_not_committed()
    {
        string topic = await broker.NewTopic();
        string group = "throws-" + topic;
        await ProduceAsync(topic, 0, 20);
        await using LogBrokerClient client = Client();
        await using (Consumer<Nothing, string> failing = client.CreateConsumer<Nothing, string>(group, topic))
        {
            await Assert.ThrowsAsync<FormatException>(async () =>
            {
                await foreach (Record<Nothing, string> record in failing.ConsumeAsync())
                {
                    if (record.Value == "7")
                    {
                        throw new FormatException("no such order");
                    }
                }
            });
        }

        Assert.Equal(7, Assert.Single(await client.Groups.GetCommittedAsync(group)).Offset);
        await using Consumer<Nothing, string> again = client.CreateConsumer<Nothing, string>(group, topic);
        await foreach (Record<Nothing, string> record in again.ConsumeAsync())
        {
            Assert.Equal("7", record.Value);
            break;
        }
    }

    [Fact]
    public async Task A_reset_is_refused_while_somebody_reads_and_says_who()
    {
        string topic = await broker.NewTopic();
        string group = "reset-" + topic;
        await ProduceAsync(topic, 0, 20);
        (await broker.Run("consume", topic, "-g", group, "-n", "10")).MustSucceed();
        await using (ProgramRun reading = Start("consume", topic, "-g", group))
        {
            await reading.WaitForOutputAsync(static line => line == "19", Deadline);
            Cli.CliRun refused = await broker.Run("group", "reset", group, "--to", "start", "--apply");
            Assert.Equal(4, refused.ExitCode);
            Assert.Contains("1 active member", refused.Error);
            Assert.Contains("logbroker-cli", refused.Error);
            Assert.Equal(0, Kill(reading.ProcessId, 2));
            Assert.Equal(130, await reading.WaitForExitAsync(Deadline));
        }

        Cli.CliRun plan = (await broker.Run("group", "reset", group, "--to", "start")).MustSucceed();
        Assert.Equal($"{topic}\t0\t20\t0\t-20\n", plan.Output);
        (await broker.Run("group", "reset", group, "--to", "start", "--apply")).MustSucceed();
        Assert.Equal("0\n", (await broker.Run("consume", topic, "-g", group, "-n", "1")).MustSucceed().Output);
        using JsonDocument described = JsonDocument.Parse(
            (await broker.Run("group", "describe", group, "-o", "json")).MustSucceed().Output);
        Assert.Equal(19, described.RootElement.GetProperty("lag").GetInt64());
        (await broker.Run("group", "delete", group, "--yes")).MustSucceed();
        Assert.Equal(3, (await broker.Run("group", "describe", group)).ExitCode);
    }

    private static async Task ReadAsync(Consumer consumer, CancellationToken stop)
    {
        try
        {
            await foreach (ConsumedRecord _ in consumer.ConsumeAsync(stop))
            {
                // Only members matter here.
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Enough.
        }
    }

    private LogBrokerClient Client() => new(broker.Server.GrpcAddress);

    private ProgramRun Start(params string[] args) => ProgramRun.Start(Cli.CliBroker.ProgramPath, args, broker.Environment);

    private async Task ProduceAsync(string topic, int from, int count) => (await broker.RunWith(
        string.Concat(Enumerable.Range(from, count).Select(static i => $"{i}\n")),
        "produce",
        topic,
        "--key-regex",
        ".*")).MustSucceed();

    private async Task<GroupLag> LagAsync(string group)
    {
        await using LogBrokerClient client = Client();
        return await client.Groups.GetLagAsync(group);
    }

    /// <summary>Waits until the members of a group hold so many partitions each.</summary>
    private async Task HoldsAsync(string group, params int[] counts)
    {
        await using LogBrokerClient client = Client();
        await UntilAsync(async () =>
        {
            try
            {
                GroupDescription described = await client.Groups.DescribeAsync(group);
                return described.Members.Select(static m => m.Held.Count).Order().SequenceEqual(counts.Order());
            }
            catch (LogBrokerException e) when (e.Reason == Protocol.ErrorCode.UnknownGroup)
            {
                return false;
            }
        });
    }

    /// <summary>Waits until every record was seen by somebody; more than once is allowed after a kill, a gap is not.</summary>
    private static async Task AllSeenAsync(int count, params ProgramRun[] members) => await UntilAsync(
        () => members.SelectMany(static m => m.OutputLines).Distinct().Count() == count);

    private static Task UntilAsync(Func<bool> condition) => UntilAsync(() => Task.FromResult(condition()));

    private static async Task UntilAsync(Func<Task<bool>> condition)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(90));
        using var ticks = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        while (!await condition())
        {
            await ticks.WaitForNextTickAsync(patience.Token);
        }
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int processId, int signal);
}
