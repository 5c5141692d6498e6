using System.Collections.Concurrent;
using LogBroker.Protocol;

namespace LogBroker.Client.Tests;

/// <summary>Several members, coordinators that move, and members that are fenced: no record is skipped, what is kept goes on.</summary>
public sealed class ConsumerGroupTests
{
    [Fact]
    public async Task TwoShareAndTheRestOfOneThatLeavesGoesToTheOther()
    {
        await using FakeBroker broker = await FakeBroker.StartAsync(("t", 4));
        await using LogBrokerClient client = Clients.Of(broker);
        await using var first = new ConsumerRun(client, ConsumerRun.Options());
        await first.HoldsAsync(4);
        var second = new ConsumerRun(client, ConsumerRun.Options());
        await first.HoldsAsync(2);
        await second.HoldsAsync(2);
        await ProduceEverywhereAsync(client, 0, 50);
        await Clients.UntilAsync(() => first.Seen.Count + second.Seen.Count == 200);
        await second.DisposeAsync();
        await first.HoldsAsync(4);
        await ProduceEverywhereAsync(client, 50, 50);
        await Clients.UntilAsync(() => first.Seen.Count + second.Seen.Count >= 400);
        for (int p = 0; p < 4; p++)
        {
            Assert.Equal(Enumerable.Range(0, 100).Select(i => (long)i), first.OffsetsOf(p).Concat(second.OffsetsOf(p)).Order());
        }
    }

    [Fact]
    public async Task ARevokedPartitionIsCommittedBeforeItIsLetGoAndTheKeptOneGoesOn()
    {
        await using FakeBroker broker = await FakeBroker.StartAsync(("t", 2));
        await using LogBrokerClient client = Clients.Of(broker);
        await using var first = new ConsumerRun(client, ConsumerRun.Options());
        await ProduceEverywhereAsync(client, 0, 10);
        await first.HasSeenAsync(20);
        PartitionCursor[] cursors = [.. Enumerable.Range(0, 2).Select(p => first.Consumer.Core.Holdings.Find(new("t", p))!.Cursor!)];
        await using var second = new ConsumerRun(client, ConsumerRun.Options());
        await second.HoldsAsync(1);
        int moved = second.Consumer.Assignment[0].Partition;
        Assert.Equal(10, broker.Groups.CommittedOf("g", "t", moved));
        Assert.Same(cursors[1 - moved], first.Consumer.Core.Holdings.Find(new("t", 1 - moved))!.Cursor);
        await ProduceEverywhereAsync(client, 10, 10);
        await Clients.UntilAsync(() => first.Seen.Count + second.Seen.Count == 40);
        Assert.Equal(Enumerable.Range(10, 10).Select(i => (long)i), second.OffsetsOf(moved));
    }

    [Fact]
    public async Task ARecordInHandIsFinishedBeforeItsPartitionIsLetGo()
    {
        await using FakeBroker broker = await FakeBroker.StartAsync(("t", 2));
        await using LogBrokerClient client = Clients.Of(broker);
        await ProduceEverywhereAsync(client, 0, 1);
        var inHand = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var first = new ConsumerRun(client, ConsumerRun.Options(), async _ => await inHand.Task);
        await first.HasSeenAsync(1);
        await first.HoldsAsync(2);
        int busy = first.Seen.First().Partition.Partition;
        await using var second = new ConsumerRun(client, ConsumerRun.Options());
        await first.HoldsAsync(1);
        bool busyIsRevoked = first.Consumer.Assignment[0].Partition != busy;
        if (busyIsRevoked)
        {
            // It is not given to the second before the first has finished its record.
            Assert.Contains(new TopicPartition("t", busy), first.Consumer.Core.Holdings.All.Select(static h => h.Id));
            Assert.Empty(second.Consumer.Assignment);
        }

        inHand.SetResult();
        await second.HoldsAsync(1);
        await Clients.UntilAsync(() => first.Seen.Count + second.Seen.Count >= 2);
        await first.StopAsync();
        await second.StopAsync();
        Assert.Equal(2, first.Seen.Concat(second.Seen).Select(static s => s.Partition).Distinct().Count());
        Assert.Equal(2, first.Seen.Count + second.Seen.Count);
    }

    [Fact]
    public async Task APartitionThatIsAddedIsReadWhileTheOthersAreQuiet()
    {
        await using FakeBroker broker = await FakeBroker.StartAsync(("t", 2));
        await using LogBrokerClient client = Clients.Of(broker);
        ConsumerOptions options = ConsumerRun.Options() with
        {
            // Longer than this test has patience for.
            Read = new ReadOptions { FetchMaxWait = TimeSpan.FromSeconds(60), UnreachableTimeout = Timeout.InfiniteTimeSpan },
        };
        await using var first = new ConsumerRun(client, options);
        var second = new ConsumerRun(client, options);
        await first.HoldsAsync(1);
        await second.HoldsAsync(1);
        int others = second.Consumer.Assignment[0].Partition;
        await Clients.UntilAsync(() => broker.FetchesSeen >= 2);
        await second.DisposeAsync();
        await first.HoldsAsync(2);
        await ConsumerRun.ProduceAsync(client, 0, 1, others);
        await first.HasSeenAsync(1);
        Assert.Equal(others, first.Seen.First().Partition.Partition);
    }

    [Theory]
    [InlineData(ErrorCode.FencedMemberEpoch)]
    [InlineData(ErrorCode.UnknownMember)]
    public async Task AFencedMemberLosesWhatItHoldsAndJoinsAnew(ErrorCode code)
    {
        await using FakeBroker broker = await FakeBroker.StartAsync(("t", 1));
        await using LogBrokerClient client = Clients.Of(broker);
        var lost = new ConcurrentQueue<string>();
        var assigned = new ConcurrentQueue<string>();
        await using var run = new ConsumerRun(client, ConsumerRun.Options() with
        {
            OnLost = (_, partitions, _) => Note(lost, partitions),
            OnAssigned = (_, partitions, _) => Note(assigned, partitions),
            OnRevoking = (_, _, _) => throw new InvalidOperationException("nothing is revoked"),
        });
        await ConsumerRun.ProduceAsync(client, 0, 5);
        await run.HasSeenAsync(5);
        broker.Groups.Fence("g", run.Consumer.MemberId!, code);
        await Clients.UntilAsync(() => assigned.Count == 2);
        Assert.Equal(["t/0"], lost);

        // Nothing was committed, so everything comes again.
        await run.HasSeenAsync(10);
        Assert.Equal([0, 1, 2, 3, 4, 0, 1, 2, 3, 4], run.OffsetsOf(0));
        await run.Consumer.CommitAsync();
        Assert.InRange(broker.Groups.CommittedOf("g", "t"), 4, 5);
    }

    [Fact]
    public async Task AStreamThatBreaksIsOpenedAnewAndNothingIsLost()
    {
        await using FakeBroker broker = await FakeBroker.StartAsync(("t", 2));
        await using LogBrokerClient client = Clients.Of(broker);
        var lost = new ConcurrentQueue<string>();
        await using var run = new ConsumerRun(
            client, ConsumerRun.Options() with { OnLost = (_, partitions, _) => Note(lost, partitions) });
        await run.HoldsAsync(2);
        await Clients.UntilAsync(() => run.Consumer.Assignment.All(static a => a.Position == 0));
        int epoch = broker.Groups.Look("g", static g => g.Epoch);
        broker.Groups.BreakStreams();
        await Clients.UntilAsync(() => broker.Groups.JoinsSeen == 2);
        await ProduceEverywhereAsync(client, 0, 5, partitions: 2);
        await run.HasSeenAsync(10);
        Assert.Empty(lost);
        Assert.Equal(epoch, broker.Groups.Look("g", static g => g.Epoch));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task ACoordinatorThatMovesIsFollowedByMemberAndCommits(bool givesHints)
    {
        await using FakeCluster cluster = await FakeCluster.StartAsync(2);
        await using LogBrokerClient client = cluster.Client();
        FakeGroups groups = cluster.Node(1).Groups;
        groups.GivesHints = givesHints;
        var lost = new ConcurrentQueue<string>();
        await using var run = new ConsumerRun(
            client, ConsumerRun.Options() with { OnLost = (_, partitions, _) => Note(lost, partitions) });
        await ProduceEverywhereAsync(client, 0, 5, partitions: 2);
        await run.HasSeenAsync(10);
        groups.MoveTo(cluster.Node(3));
        await Clients.UntilAsync(() => groups.JoinsSeen >= 2);
        await run.StopAsync();
        await run.Consumer.CommitAsync();
        Assert.Equal(5, groups.CommittedOf("g", "t", 0));
        Assert.Equal(5, groups.CommittedOf("g", "t", 1));
        Assert.Empty(lost);
    }

    [Fact]
    public async Task RandomChangesSkipNothing()
    {
        await using FakeCluster cluster = await FakeCluster.StartAsync(3);
        await using LogBrokerClient client = cluster.Client();
        FakeGroups groups = cluster.Node(1).Groups;
        var random = new Random(20260714);
        var seen = new ConcurrentDictionary<(int, long), int>();
        var runs = new List<ConsumerRun>();
        int produced = 0;
        for (int step = 0; step < 30; step++)
        {
            await ProduceEverywhereAsync(client, produced, 5, partitions: 3);
            produced += 5;
            switch (random.Next(6))
            {
                case 0 or 1 when runs.Count < 4:
                    runs.Add(new ConsumerRun(client, ConsumerRun.Options() with { CommitInterval = TimeSpan.FromMilliseconds(10) }, Note));
                    break;
                case 2 when runs.Count > 1:
                    ConsumerRun leaving = runs[random.Next(runs.Count)];
                    runs.Remove(leaving);
                    await leaving.DisposeAsync();
                    break;
                case 3 when runs.Count > 0 && runs[random.Next(runs.Count)].Consumer.MemberId is { } member:
                    groups.Fence("g", member);
                    break;
                case 4:
                    groups.MoveTo(cluster.Node(random.Next(1, 4)));
                    break;
                default:
                    groups.BreakStreams();
                    break;
            }
        }

        if (runs.Count == 0)
        {
            runs.Add(new ConsumerRun(client, ConsumerRun.Options(), Note));
        }

        await Clients.UntilAsync(() => seen.Count == 3 * produced);
        foreach (ConsumerRun run in runs)
        {
            await run.DisposeAsync();
        }

        // A commit never passes a record that nobody has seen, and each partition is committed to its end.
        Assert.All(Enumerable.Range(0, 3), p => Assert.Equal(produced, groups.CommittedOf("g", "t", p)));

        ValueTask Note(ConsumedRecord record)
        {
            seen.AddOrUpdate((record.Partition, record.Offset), 1, static (_, n) => n + 1);
            return ValueTask.CompletedTask;
        }
    }

    [Fact]
    public async Task ACommitInAnOldEpochIsRepeatedAndOneThatIsNotHeldFails()
    {
        await using FakeBroker broker = await FakeBroker.StartAsync(("t", 1));
        await using LogBrokerClient client = Clients.Of(broker);
        await ConsumerRun.ProduceAsync(client, 0, 5);
        await using Consumer consumer = client.CreateConsumer("g", "t");
        await ConsumerRun.TakeAsync(consumer, 3);
        int faults = 0;
        broker.Groups.CommitFault = _ => faults++ < 2 ? ErrorCode.StaleMemberEpoch : ErrorCode.None;
        await consumer.CommitAsync();
        Assert.Equal(2, broker.Groups.CommittedOf("g", "t"));
        await ConsumerRun.TakeAsync(consumer, 2);
        broker.Groups.CommitFault = _ => ErrorCode.NotAssigned;
        CommitFailedException failed = await Assert.ThrowsAsync<CommitFailedException>(() => consumer.CommitAsync());
        Assert.Equal(ErrorCode.NotAssigned, failed.Failures[new TopicPartition("t", 0)].Reason);
        broker.Groups.CommitFault = _ => ErrorCode.None;
    }

    [Fact]
    public async Task OnRevokingMayCommit()
    {
        await using FakeBroker broker = await FakeBroker.StartAsync(("t", 2));
        await using LogBrokerClient client = Clients.Of(broker);
        await using var first = new ConsumerRun(client, ConsumerRun.Options() with
        {
            CommitMode = CommitMode.Manual,
            OnRevoking = async (consumer, _, ct) => await consumer.CommitAsync(ct),
        });
        await ProduceEverywhereAsync(client, 0, 5, partitions: 2);
        await first.HasSeenAsync(10);
        await using var second = new ConsumerRun(client, ConsumerRun.Options());
        await second.HoldsAsync(1);
        Assert.Equal(5, broker.Groups.CommittedOf("g", "t", second.Consumer.Assignment[0].Partition));
    }

    [Theory]
    [InlineData(ErrorCode.InvalidSubscription)]
    [InlineData(ErrorCode.UnreleasedInstanceId)]
    [InlineData(ErrorCode.GroupFull)]
    public async Task ARefusalIsToldAtTheAskAndTheNextAskTriesAgain(ErrorCode code)
    {
        await using FakeBroker broker = await FakeBroker.StartAsync(("t", 1));
        await using LogBrokerClient client = Clients.Of(broker);
        await ConsumerRun.ProduceAsync(client, 0, 1);
        broker.Groups.JoinFault = _ => code;
        await using Consumer consumer = client.CreateConsumer("g", "t");
        LogBrokerException refused = await Assert.ThrowsAsync<LogBrokerException>(() => ConsumerRun.TakeAsync(consumer, 1));
        Assert.Equal(code, refused.Reason);
        broker.Groups.JoinFault = _ => ErrorCode.None;
        Assert.Equal(["0"], await ConsumerRun.TakeAsync(consumer, 1));
    }

    [Fact]
    public async Task WhatACallbackThrowsIsToldAtTheAsk()
    {
        await using FakeBroker broker = await FakeBroker.StartAsync(("t", 1));
        await using LogBrokerClient client = Clients.Of(broker);
        await ConsumerRun.ProduceAsync(client, 0, 1);
        await using Consumer consumer = client.CreateConsumer(
            ConsumerRun.Options() with { OnAssigned = (_, _, _) => throw new FormatException("not mine") });
        await Assert.ThrowsAsync<FormatException>(() => ConsumerRun.TakeAsync(consumer, 1));
        Assert.Equal(["0"], await ConsumerRun.TakeAsync(consumer, 1));
    }

    [Fact]
    public async Task TopicsAreTakenByExpressionToo()
    {
        await using FakeBroker broker = await FakeBroker.StartAsync(("t", 1), ("orders-a", 1), ("orders-b", 1));
        await using LogBrokerClient client = Clients.Of(broker);
        await using var run = new ConsumerRun(
            client, new ConsumerOptions { GroupId = "g", TopicRegex = "orders-.", CommitInterval = TimeSpan.FromHours(1) });
        await run.HoldsAsync(2);
        Assert.Equal(["orders-a", "orders-b"], run.Consumer.Assignment.Select(static a => a.Topic));
    }

    private static async Task ProduceEverywhereAsync(LogBrokerClient client, int from, int count, int partitions = 0)
    {
        partitions = partitions > 0 ? partitions : (await client.Topics.GetAsync("t")).Partitions.Count;
        for (int p = 0; p < partitions; p++)
        {
            await ConsumerRun.ProduceAsync(client, from, count, p);
        }
    }

    private static ValueTask Note(ConcurrentQueue<string> notes, IReadOnlyList<TopicPartition> partitions)
    {
        notes.Enqueue(string.Join(' ', partitions));
        return ValueTask.CompletedTask;
    }
}
