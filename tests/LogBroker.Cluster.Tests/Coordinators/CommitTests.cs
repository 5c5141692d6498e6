using LogBroker.Protocol;
using LogBroker.TestKit;

namespace LogBroker.Cluster.Tests;

/// <summary>Offsets without members: stored, refused, altered, expired.</summary>
public sealed class CommitTests
{
    private const string Group = "readers";

    private static async Task<TestBroker> Open(Func<BrokerSettings, BrokerSettings>? with = null)
    {
        TestBroker broker = await TestBroker.Open(with: s => (with ?? (few => few))(GroupTester.FewPartitions(s)));
        await broker.Create("t", 2);
        await broker.ProduceOk("t", 0, GroupTester.Records(10));
        await broker.Broker.Groups.Coordinate(Group);
        return broker;
    }

    [Fact]
    public async Task FirstQuestionCreatesTheTopicOnce()
    {
        await using TestBroker broker = await Open();
        TopicInfo topic = broker.Broker.Topics.Find(OffsetsTopic.Name)!;
        await broker.Broker.Groups.Coordinate("another");
        Assert.Same(topic, broker.Broker.Topics.Find(OffsetsTopic.Name));
        Assert.Equal(2, topic.PartitionCount);
        Assert.Equal(-1, topic.Config.RetentionMs);
        Assert.True(topic.IsInternal);
    }

    [Fact]
    public async Task ClientsDoNotWriteToIt()
    {
        await using TestBroker broker = await Open();
        ProduceOutcome outcome = await broker.Produce(OffsetsTopic.Name, 0, GroupTester.Records(1));
        Assert.Equal(ErrorCode.InternalTopic, outcome.Error?.Code);
        Assert.Equal(ErrorCode.InternalTopic, (await broker.DeleteTopic(OffsetsTopic.Name)).Error?.Code);
    }

    [Fact]
    public async Task WhatWasCommittedIsFound()
    {
        await using TestBroker broker = await Open();
        IGroups groups = broker.Broker.Groups;
        Assert.Null(await groups.Commit(Group, "t", 0, 7, "because", leaderEpoch: 1));
        await groups.CommitOk(Group, "t", 1, 0);
        Result<StoredOffset[]> all = await groups.FetchCommitted(Group, null, CancellationToken.None);
        Assert.Equal(
            [
                new StoredOffset(new TopicPartition("t", 0), 7, 1, "because", broker.NowMs),
                new StoredOffset(new TopicPartition("t", 1), 0, -1, "", broker.NowMs),
            ],
            all.Value);
        Assert.Equal(-1, await groups.Committed("nobody", "t", 0));
        await groups.CommitOk(Group, "t", 0, 3);
        Assert.Equal(3, await groups.Committed(Group, "t", 0));
    }

    [Theory]
    [InlineData(LossMode.LoseUnsynced)]
    [InlineData(LossMode.KeepAll)]
    public async Task WhatWasAnsweredSurvivesACrash(LossMode mode)
    {
        await using TestBroker broker = await Open();
        await broker.Broker.Groups.CommitOk(Group, "t", 0, 9);
        await broker.Crash(mode);
        broker.Pump(); // coordinators have read
        Assert.Equal(9, await broker.Broker.Groups.Committed(Group, "t", 0));
        await broker.Restart();
        broker.Pump(); // coordinators have read
        Assert.Equal(9, await broker.Broker.Groups.Committed(Group, "t", 0));
    }

    [Fact]
    public async Task ManyCommitsShareABatch()
    {
        await using TestBroker broker = await Open();
        IGroups groups = broker.Broker.Groups;
        await groups.CommitOk(Group, "t", 0, 1);
        int partition = GroupIds.PartitionOf(Group, 2);
        long before = broker.Partition(OffsetsTopic.Name, partition).SizeBytes;
        var answers = new List<BrokerError?>();
        GroupCoordinator here = broker.Broker.Coordinators.ElementAt(partition);
        TopicId topic = broker.Broker.Topics.Find("t")!.Id;
        for (int i = 0; i < 100; i++)
        {
            OffsetToStore[] offsets = [new OffsetToStore(new TopicPartition("t", 0), i % 10, -1, "")];
            here.Commit(new OffsetCommit(Group, "", 0, offsets), [topic], [null], answers.Add);
        }

        broker.Pump();
        Assert.Equal(100, answers.Count);
        Assert.All(answers, Assert.Null);
        Assert.Equal(9, await groups.Committed(Group, "t", 0));
        long bytes = broker.Partition(OffsetsTopic.Name, partition).SizeBytes - before;
        Assert.InRange(bytes, 1, 100 * 100); // a batch of its own would have taken 61 bytes more for each
    }

    [Fact]
    public async Task BadGroupIdsAreRefused()
    {
        await using TestBroker broker = await Open();
        IGroups groups = broker.Broker.Groups;
        foreach (string bad in new[] { "", new string('g', 250), "a\nb", "ü" + new string('g', 248) })
        {
            Assert.Equal(ErrorCode.InvalidGroupId, (await groups.Commit(bad, "t", 0, 1))?.Code);
            Assert.Equal(ErrorCode.InvalidGroupId, (await groups.FindCoordinator(bad, CancellationToken.None)).Error?.Code);
            Assert.Equal(ErrorCode.InvalidGroupId, (await groups.FetchCommitted(bad, null, CancellationToken.None)).Error?.Code);
            Assert.Equal(ErrorCode.InvalidGroupId, (await groups.Delete(bad, false, CancellationToken.None))?.Code);
            Assert.Equal(ErrorCode.InvalidGroupId, Ended(groups, bad));
        }

        await groups.CommitOk(new string('g', 249), "t", 0, 1);
    }

    [Fact]
    public async Task BadOffsetsAreRefusedAndOthersStored()
    {
        await using TestBroker broker = await Open();
        IGroups groups = broker.Broker.Groups;
        OffsetToStore Of(string topic, int partition, long offset, string metadata = "") =>
            new(new TopicPartition(topic, partition), offset, -1, metadata);
        OffsetToStore[] offsets =
        [
            Of("t", 0, -1),
            Of("t", 0, 11),
            Of("t", 0, 1, new string('m', 4097)),
            Of("t", 2, 0),
            Of("nothing", 0, 0),
            Of("t", 0, 10, new string('m', 4096)),
        ];
        Result<BrokerError?[]> stored = await groups.Commit(new OffsetCommit(Group, "", 0, offsets), CancellationToken.None);
        Assert.Equal(
            [
                ErrorCode.InvalidArgument, ErrorCode.InvalidArgument, ErrorCode.OffsetMetadataTooLarge,
                ErrorCode.UnknownTopicOrPartition, ErrorCode.UnknownTopicOrPartition, null,
            ],
            stored.Value.Select(e => e?.Code));
        Assert.Contains("11", stored.Value[1]!.Message, StringComparison.Ordinal);
        Assert.Contains("10", stored.Value[1]!.Message, StringComparison.Ordinal);
        Assert.Equal(10, await groups.Committed(Group, "t", 0));
    }

    [Fact]
    public async Task MemberOfNoGroupStoresNothing()
    {
        await using TestBroker broker = await Open();
        var member = new TestMember(broker.Broker.Groups, Group, "m");
        Assert.Equal(ErrorCode.UnknownMember, (await member.Commit("t", 0, 1, epoch: 1)).Error?.Code);
        Assert.Equal(-1, await broker.Broker.Groups.Committed(Group, "t", 0));
    }

    [Fact]
    public async Task AlterSaysWhatItDoesAndDoesIt()
    {
        await using TestBroker broker = await Open();
        IGroups groups = broker.Broker.Groups;
        await groups.CommitOk(Group, "t", 0, 5);
        OffsetTarget[] targets = [new(new TopicPartition("t", 0), -1), new(new TopicPartition("t", 1), 0)];
        OffsetChange[] changes = [new(new TopicPartition("t", 0), 5, -1), new(new TopicPartition("t", 1), -1, 0)];
        Assert.Equal(changes, (await groups.Alter(Group, targets, validateOnly: true, CancellationToken.None)).Value);
        Assert.Equal(5, await groups.Committed(Group, "t", 0));
        Assert.Equal(changes, (await groups.Alter(Group, targets, validateOnly: false, CancellationToken.None)).Value);
        await broker.Restart();
        broker.Pump(); // coordinators have read
        groups = broker.Broker.Groups;
        Assert.Equal(-1, await groups.Committed(Group, "t", 0));
        Assert.Equal(0, await groups.Committed(Group, "t", 1));
        OffsetTarget[] beyond = [new(new TopicPartition("t", 0), 11)];
        Assert.Equal(ErrorCode.InvalidArgument, (await groups.Alter(Group, beyond, false, CancellationToken.None)).Error?.Code);
    }

    [Fact]
    public async Task DeletedGroupIsGone()
    {
        await using TestBroker broker = await Open();
        IGroups groups = broker.Broker.Groups;
        Assert.Equal(ErrorCode.UnknownGroup, (await groups.Delete(Group, false, CancellationToken.None))?.Code);
        await groups.CommitOk(Group, "t", 0, 5);
        Assert.Null(await groups.Delete(Group, validateOnly: true, CancellationToken.None));
        Assert.Equal(5, await groups.Committed(Group, "t", 0));
        Assert.Equal(Group, Assert.Single(await groups.List(CancellationToken.None)).Group);
        Assert.Null(await groups.Delete(Group, validateOnly: false, CancellationToken.None));
        Assert.Empty(await groups.List(CancellationToken.None));
        await broker.Restart();
        broker.Pump(); // coordinators have read
        Assert.Equal(-1, await broker.Broker.Groups.Committed(Group, "t", 0));
        Assert.Equal(ErrorCode.UnknownGroup, (await broker.Broker.Groups.Describe(Group, CancellationToken.None)).Error?.Code);
    }

    [Fact]
    public async Task CommitsExpireAfterTheRetention()
    {
        await using TestBroker broker = await Open(
            s => s with { Groups = s.Groups with { OffsetsRetentionMs = 3_600_000, OffsetsCheckMs = 600_000 } });
        IGroups groups = broker.Broker.Groups;
        await groups.CommitOk(Group, "t", 0, 5);
        Pass(broker, TimeSpan.FromMinutes(50));
        await groups.CommitOk(Group, "t", 1, 0);
        Pass(broker, TimeSpan.FromMinutes(20));
        Assert.Equal(-1, await groups.Committed(Group, "t", 0));
        Assert.Equal(0, await groups.Committed(Group, "t", 1));
        Pass(broker, TimeSpan.FromMinutes(60));
        Assert.Empty(await groups.List(CancellationToken.None));
    }

    [Fact]
    public async Task CommitsOfADeletedTopicSayNothingOfItsSuccessor()
    {
        await using TestBroker broker = await Open();
        IGroups groups = broker.Broker.Groups;
        await groups.CommitOk(Group, "t", 0, 5);
        Assert.True((await broker.DeleteTopic("t")).IsOk);
        await broker.Create("t", 2);
        Assert.Equal(-1, await groups.Committed(Group, "t", 0));
        Pass(broker, TimeSpan.FromSeconds(2));
        await groups.CommitOk(Group, "t", 0, 0);
        await broker.Restart();
        broker.Pump(); // coordinators have read
        Assert.Equal(0, await broker.Broker.Groups.Committed(Group, "t", 0));
    }

    [Fact]
    public void PartitionsAreKafkas()
    {
        Assert.Equal(0, GroupIds.PartitionOf("polygenelubricants", 50)); // Java's hash of it is Int32.MinValue
        Assert.Equal(Math.Abs("hello".Aggregate(0, (h, c) => (31 * h) + c)) % 50, GroupIds.PartitionOf("hello", 50));
        Assert.Equal(99162322 % 50, GroupIds.PartitionOf("hello", 50));
    }

    private static ErrorCode? Ended(IGroups groups, string group)
    {
        var ear = new MemberEar();
        groups.Join(new MemberOpening(group, "m", 0) { Topics = ["t"] }, ear);
        Assert.True(ear.HasEnded);
        return ear.Error?.Code;
    }

    private static void Pass(TestBroker broker, TimeSpan time)
    {
        var step = TimeSpan.FromMinutes(1) < time ? TimeSpan.FromMinutes(1) : TimeSpan.FromSeconds(1);
        for (TimeSpan passed = TimeSpan.Zero; passed < time; passed += step)
        {
            broker.Time.Advance(step);
            broker.Pump();
        }
    }
}
