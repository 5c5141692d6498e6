using LogBroker.Protocol;

namespace LogBroker.Client.Tests;

/// <summary>Groups looked at and changed from outside.</summary>
public sealed class GroupsAdminTests
{
    [Fact]
    public async Task AGroupIsListedDescribedAndMeasured()
    {
        await using FakeCluster cluster = await FakeCluster.StartAsync(2);
        await using LogBrokerClient client = cluster.Client();
        cluster.Node(1).Groups.MoveTo(cluster.Node(2));
        await ConsumerRun.ProduceAsync(client, 0, 10);
        await ConsumerRun.ProduceAsync(client, 0, 4, partition: 1);
        await using (var run = new ConsumerRun(client, ConsumerRun.Options()))
        {
            await run.HasSeenAsync(14);
        }

        await ConsumerRun.ProduceAsync(client, 10, 3);
        var inHand = new TaskCompletionSource();
        await using var member = new ConsumerRun(client, ConsumerRun.Options(), async _ => await inHand.Task);
        await member.HoldsAsync(2);
        GroupSummary listed = Assert.Single(await client.Groups.ListAsync());
        Assert.Equal(("g", GroupState.Stable, 1, 2), (listed.Group, listed.State, listed.Members, listed.CoordinatorNodeId));

        GroupDescription described = await client.Groups.DescribeAsync("g");
        GroupMember one = Assert.Single(described.Members);
        Assert.Equal(member.Consumer.MemberId, one.MemberId);
        Assert.Equal([new TopicPartition("t", 0), new TopicPartition("t", 1)], one.Held);
        Assert.Equal(["t/0 10 13 3", "t/1 4 4 0"], described.Partitions.Select(p =>
            $"{p.Topic}/{p.Partition} {p.Committed} {p.HighWatermark} {p.Lag}"));
        GroupLag lag = await client.Groups.GetLagAsync("g");
        Assert.Equal(3, lag.Records);
        Assert.NotNull(lag.Partitions[0].Time);
        Assert.Equal(TimeSpan.Zero, lag.Partitions[1].Time);
        Assert.Null((await client.Groups.GetLagAsync("g", withTime: false)).Partitions[0].Time);
        inHand.SetResult();
        LogBrokerException unknown = await Assert.ThrowsAsync<LogBrokerException>(() => client.Groups.DescribeAsync("nobody"));
        Assert.Equal(ErrorCode.UnknownGroup, unknown.Reason);
    }

    [Fact]
    public async Task AResetIsPlannedAndChangesNothingBeforeItIsApplied()
    {
        await using FakeBroker broker = await FakeBroker.StartAsync(("t", 2));
        await using LogBrokerClient client = Clients.Of(broker);
        await ConsumerRun.ProduceAsync(client, 0, 10);
        await ConsumerRun.ProduceAsync(client, 0, 4, partition: 1);
        OffsetPlan plan = await client.Groups.PlanResetAsync("g", Position.At(7), ["t"]);
        Assert.Equal([new OffsetChange("t", 0, -1, 7), new OffsetChange("t", 1, -1, 4)], plan.Changes);
        Assert.Equal(-1, broker.Groups.CommittedOf("g", "t"));
        await plan.ApplyAsync(validateOnly: true);
        Assert.Equal(-1, broker.Groups.CommittedOf("g", "t"));
        Assert.Equal(plan.Changes, await plan.ApplyAsync());
        Assert.Equal(7, broker.Groups.CommittedOf("g", "t"));

        await (await client.Groups.PlanResetAsync("g", Position.BeforeEnd(1))).ApplyAsync();
        Assert.Equal(9, broker.Groups.CommittedOf("g", "t"));
        await (await client.Groups.PlanResetToGroupAsync("other", "g")).ApplyAsync();
        Assert.Equal(3, broker.Groups.CommittedOf("other", "t", 1));
        await (await client.Groups.PlanResetAsync("g", new Dictionary<TopicPartition, long> { [new("t", 0)] = 2 })).ApplyAsync();
        Assert.Equal(
            [("t", 0, 2L), ("t", 1, 3L)],
            (await client.Groups.GetCommittedAsync("g")).Select(static o => (o.Topic, o.Partition, o.Offset)));
        LogBrokerException outside = await Assert.ThrowsAsync<LogBrokerException>(
            () => client.Groups.PlanResetAsync("g", new Dictionary<TopicPartition, long> { [new("t", 0)] = 11 }));
        Assert.Equal(ErrorCode.OffsetOutOfRange, outside.Reason);
        Assert.Contains("0 to 10", outside.Message);
        await Assert.ThrowsAsync<LogBrokerException>(() => client.Groups.PlanResetAsync("new", Position.Start));
    }

    [Fact]
    public async Task AGroupWithMembersIsNotResetAndNotDeleted()
    {
        await using FakeBroker broker = await FakeBroker.StartAsync(("t", 1));
        await using LogBrokerClient client = Clients.Of(broker);
        await using (var run = new ConsumerRun(client, ConsumerRun.Options()))
        {
            await run.HoldsAsync(1);
            OffsetPlan plan = await client.Groups.PlanResetAsync("g", Position.Start, ["t"]);
            LogBrokerException refused = await Assert.ThrowsAsync<LogBrokerException>(() => plan.ApplyAsync());
            Assert.Equal(ErrorCode.GroupNotEmpty, refused.Reason);
            Assert.Contains(run.Consumer.MemberId!, refused.Message);
            refused = await Assert.ThrowsAsync<LogBrokerException>(() => client.Groups.DeleteAsync("g"));
            Assert.Equal(ErrorCode.GroupNotEmpty, refused.Reason);
        }

        await client.Groups.DeleteAsync("g", validateOnly: true);
        Assert.Single(await client.Groups.ListAsync());
        await client.Groups.DeleteAsync("g");
        Assert.Empty(await client.Groups.ListAsync());
    }
}
