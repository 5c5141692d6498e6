using LogBroker.Protocol;

namespace LogBroker.Cluster.Tests;

/// <summary>Members of a group at one node: places, streams, sessions, and commits by epoch.</summary>
public sealed class MemberTests
{
    private const string Group = "readers";

    private static async Task<TestBroker> Open()
    {
        TestBroker broker = await TestBroker.Open(with: GroupTester.FewPartitions);
        await broker.Create("t", 4);
        for (int p = 0; p < 4; p++)
        {
            await broker.ProduceOk("t", p, GroupTester.Records(10));
        }

        await broker.Broker.Groups.Coordinate(Group);
        return broker;
    }

    private static TestMember Join(TestBroker broker, string id)
    {
        TestMember member = new TestMember(broker.Broker.Groups, Group, id).Join("t");
        broker.Pump();
        return member;
    }

    /// <summary>Lets everybody acknowledge until nobody is told anything new.</summary>
    private static void Settle(TestBroker broker, params TestMember[] members)
    {
        for (int round = 0; round < 10; round++)
        {
            foreach (TestMember member in members.Where(m => !m.Ear.HasEnded))
            {
                member.Acknowledge();
            }

            broker.Pump();
            broker.Time.Advance(TimeSpan.FromMilliseconds(100));
            broker.Pump();
        }
    }

    [Fact]
    public async Task FirstMemberGetsEverythingAtOnce()
    {
        await using TestBroker broker = await Open();
        TestMember a = Join(broker, "a");
        Assert.Equal("t/0 t/1 t/2 t/3", a.Ear.Holds);
        Assert.Null((await a.Commit("t", 2, 5)).Value[0]);
        Assert.Equal(5, await broker.Broker.Groups.Committed(Group, "t", 2));
    }

    [Fact]
    public async Task SecondMemberTakesHalfAndGivesItBackWhenItLeaves()
    {
        await using TestBroker broker = await Open();
        TestMember a = Join(broker, "a");
        TestMember b = Join(broker, "b");
        Settle(broker, a, b);
        Assert.Equal(2, a.Ear.Holds.Split(' ').Length);
        Assert.Equal(2, b.Ear.Holds.Split(' ').Length);
        Assert.Equal("t/0 t/1 t/2 t/3", string.Join(' ', $"{a.Ear.Holds} {b.Ear.Holds}".Split(' ').Order(StringComparer.Ordinal)));

        Assert.Null(await b.Leave());
        broker.Pump();
        Assert.True(b.Ear.HasEnded);
        Settle(broker, a);
        Assert.Equal("t/0 t/1 t/2 t/3", a.Ear.Holds);
        Assert.Equal(ErrorCode.UnknownMember, (await b.Leave())?.Code);
    }

    [Fact]
    public async Task EachHeartbeatIsAnswered()
    {
        await using TestBroker broker = await Open();
        TestMember a = Join(broker, "a");
        a.Acknowledge();
        a.Acknowledge();
        broker.Pump();
        Assert.Equal(2, a.Ear.Heartbeats);
    }

    [Fact]
    public async Task SilentMemberLosesItsPlaceAfterItsSession()
    {
        await using TestBroker broker = await Open();
        TestMember a = Join(broker, "a");
        TestMember b = Join(broker, "b");
        Settle(broker, a, b);
        for (int second = 0; second < 7; second++)
        {
            a.Acknowledge();
            broker.Pump();
            broker.Time.Advance(TimeSpan.FromSeconds(1));
            broker.Pump();
        }

        Assert.Equal("t/0 t/1 t/2 t/3", a.Ear.Holds);
        Assert.Equal(ErrorCode.UnknownMember, (await b.Commit("t", 0, 1)).Error?.Code);
        Assert.Equal(-1, await broker.Broker.Groups.Committed(Group, "t", 0));
    }

    [Fact]
    public async Task BrokenStreamKeepsThePlace()
    {
        await using TestBroker broker = await Open();
        TestMember a = Join(broker, "a");
        TestMember b = Join(broker, "b");
        Settle(broker, a, b);
        string held = b.Ear.Holds;
        int epoch = b.Epoch;
        b.Break();
        broker.Pump();
        broker.Time.Advance(TimeSpan.FromSeconds(2));
        broker.Pump();
        b.Resume(broker.Broker.Groups, "t");
        broker.Pump();
        Assert.False(b.Ear.HasEnded, b.Ear.Error?.ToString());
        Assert.Equal(held, b.Ear.Holds);
        Assert.Equal(epoch, b.Epoch);
    }

    [Fact]
    public async Task SecondStreamOfAMemberEndsTheFirst()
    {
        await using TestBroker broker = await Open();
        TestMember a = Join(broker, "a");
        MemberEar first = a.Ear;
        a.Resume(broker.Broker.Groups, "t");
        broker.Pump();
        Assert.Equal(ErrorCode.FencedMemberEpoch, first.Error?.Code);
        Assert.Equal("t/0 t/1 t/2 t/3", a.Ear.Holds);
    }

    [Fact]
    public async Task PlacesSurviveARestart()
    {
        await using TestBroker broker = await Open();
        TestMember a = Join(broker, "a");
        TestMember b = Join(broker, "b");
        Settle(broker, a, b);
        string held = b.Ear.Holds;
        int epoch = b.Epoch;
        Assert.Null((await b.Commit("t", Partition(b), 4)).Value[0]);
        int committed = Partition(b);
        await broker.Restart();
        broker.Pump(); // coordinators have read
        Assert.True(b.Ear.HasEnded);
        a.Resume(broker.Broker.Groups, "t");
        b.Resume(broker.Broker.Groups, "t");
        broker.Pump();
        Assert.Null(b.Ear.Error);
        Assert.Equal(held, b.Ear.Holds);
        Assert.Equal(epoch, b.Epoch);
        Assert.Equal(4, await broker.Broker.Groups.Committed(Group, "t", committed));
        Assert.Null((await b.Commit("t", committed, 6)).Value[0]);
    }

    [Fact]
    public async Task CommitOfAnOldEpochStoresNothing()
    {
        await using TestBroker broker = await Open();
        TestMember a = Join(broker, "a");
        int old = a.Epoch;
        TestMember b = Join(broker, "b");
        Settle(broker, a, b);
        Assert.True(a.Epoch > old);
        int partition = Partition(a);
        Assert.Equal(ErrorCode.StaleMemberEpoch, (await a.Commit("t", partition, 3, epoch: old)).Error?.Code);
        Assert.Equal(ErrorCode.StaleMemberEpoch, (await a.Commit("t", partition, 3, epoch: a.Epoch + 1)).Error?.Code);
        Assert.Equal(ErrorCode.NotAssigned, (await a.Commit("t", Partition(b), 3)).Value[0]?.Code);
        for (int p = 0; p < 4; p++)
        {
            Assert.Equal(-1, await broker.Broker.Groups.Committed(Group, "t", p));
        }
    }

    [Fact]
    public async Task GroupWithMembersIsNotAltered()
    {
        await using TestBroker broker = await Open();
        IGroups groups = broker.Broker.Groups;
        TestMember a = Join(broker, "a");
        OffsetTarget[] targets = [new(new TopicPartition("t", 0), 1)];
        BrokerError?[] errors =
        [
            (await groups.Alter(Group, targets, validateOnly: true, CancellationToken.None)).Error,
            (await groups.Alter(Group, targets, validateOnly: false, CancellationToken.None)).Error,
            await groups.Delete(Group, validateOnly: false, CancellationToken.None),
            await groups.Commit(Group, "t", 0, 1),
        ];
        Assert.All(errors, e =>
        {
            Assert.Equal(ErrorCode.GroupNotEmpty, e?.Code);
            Assert.Contains(a.Id, e!.Message, StringComparison.Ordinal);
        });
        Assert.Equal(-1, await groups.Committed(Group, "t", 0));
        Assert.Null(await a.Leave());
        Assert.True((await groups.Alter(Group, targets, validateOnly: false, CancellationToken.None)).IsOk);
        Assert.Equal(1, await groups.Committed(Group, "t", 0));
    }

    [Fact]
    public async Task FullGroupTakesNobody()
    {
        await using TestBroker broker = await TestBroker.Open(
            with: s => s with { Groups = new GroupSettings { OffsetsPartitions = 1, MembersMax = 1 } });
        await broker.Create("t", 2);
        await broker.Broker.Groups.Coordinate(Group);
        TestMember a = Join(broker, "a");
        TestMember b = Join(broker, "b");
        Assert.Equal(ErrorCode.GroupFull, b.Ear.Error?.Code);
        Assert.Equal("t/0 t/1", a.Ear.Holds);
        GroupListing listed = Assert.Single(await broker.Broker.Groups.List(CancellationToken.None));
        Assert.Equal(1, listed.Members);
    }

    [Fact]
    public async Task OffsetsExpireFromTheTimeWhenTheLastMemberLeft()
    {
        await using TestBroker broker = await TestBroker.Open(with: s => s with
        {
            Groups = new GroupSettings { OffsetsPartitions = 1, OffsetsRetentionMs = 60_000, OffsetsCheckMs = 5_000 },
        });
        await broker.Create("t", 1);
        await broker.Broker.Groups.Coordinate(Group);
        TestMember a = Join(broker, "a");
        Assert.Null((await a.Commit("t", 0, 0)).Value[0]);
        PassSeconds(broker, 90, a);
        Assert.Equal(0, await broker.Broker.Groups.Committed(Group, "t", 0));
        Assert.Null(await a.Leave());
        PassSeconds(broker, 55);
        await broker.Restart();
        broker.Pump(); // when the group became empty is known to the next coordinator too
        Assert.Equal(0, await broker.Broker.Groups.Committed(Group, "t", 0));
        PassSeconds(broker, 15);
        Assert.Equal(-1, await broker.Broker.Groups.Committed(Group, "t", 0));
        Assert.Empty(await broker.Broker.Groups.List(CancellationToken.None));
    }

    private static void PassSeconds(TestBroker broker, int seconds, params TestMember[] alive)
    {
        for (int second = 0; second < seconds; second++)
        {
            foreach (TestMember member in alive)
            {
                member.Acknowledge();
            }

            broker.Pump();
            broker.Time.Advance(TimeSpan.FromSeconds(1));
            broker.Pump();
        }
    }

    [Fact]
    public async Task NewPartitionsAreGivenOut()
    {
        await using TestBroker broker = await Open();
        TestMember a = Join(broker, "a");
        Assert.True((await broker.AddPartitions("t", 5)).IsOk);
        Settle(broker, a);
        Assert.Equal("t/0 t/1 t/2 t/3 t/4", a.Ear.Holds);
    }

    [Fact]
    public async Task DescriptionNamesHoldersAndLag()
    {
        await using TestBroker broker = await Open();
        TestMember a = Join(broker, "a");
        Settle(broker, a);
        Assert.Null((await a.Commit("t", 1, 4)).Value[0]);
        DescribedGroup described = (await broker.Broker.Groups.Describe(Group, CancellationToken.None)).Value;
        Assert.Equal(GroupPhase.Stable, described.Group.Phase);
        Assert.Equal("a", Assert.Single(described.Group.Members).MemberId);
        Assert.Equal(4, described.Partitions.Count);
        DescribedPartition one = described.Partitions[1];
        Assert.Equal(("a", 4L, 10L), (one.Member, one.Committed.Offset, one.HighWatermark));
        broker.Time.Advance(TimeSpan.FromSeconds(2));
        broker.Pump();
        GroupFigures figures = Assert.Single(broker.Broker.Coordinators.SelectMany(c => c.Figures));
        Assert.Equal((Group, 1), (figures.Group, figures.Members));
    }

    private static int Partition(TestMember member) => member.Ear.Last!.Topics[0].Partitions[0];
}
