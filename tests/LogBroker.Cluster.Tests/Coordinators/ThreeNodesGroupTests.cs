using LogBroker.Protocol;

namespace LogBroker.Cluster.Tests;

/// <summary>Groups on three nodes: who coordinates, and what a failover keeps.</summary>
public sealed class ThreeNodesGroupTests
{
    private const string Group = "readers";

    private static readonly TopicPartition Place = new(OffsetsTopic.Name, GroupIds.PartitionOf(Group, 3));

    [Fact]
    public async Task EveryNodeNamesTheSameCoordinatorAndOthersRefuse()
    {
        await using ThreeNodes cluster = await Start();
        int at = await cluster.UntilLed(Place);
        var expected = new NodeId(at + 1);
        foreach (Broker? broker in cluster.Brokers)
        {
            Result<CoordinatorPlace> place = await broker!.Groups.FindCoordinator(Group, TestContext.Current.CancellationToken);
            Assert.Equal((expected, $"127.0.0.1:{8001 + at}"), (place.Value.Node, place.Value.Address));
        }

        BrokerError? refused = await cluster.Brokers[(at + 1) % 3]!.Groups.Commit(Group, "t", 0, 0);
        Assert.Equal(ErrorCode.NotCoordinator, refused?.Code);
        Assert.Equal(expected.ToString(), refused!.Metadata["coordinatorNodeId"]);
        Assert.Equal($"127.0.0.1:{8001 + at}", refused.Metadata["coordinatorAddress"]);
    }

    [Fact]
    public async Task FailoverKeepsEveryAnsweredCommitAndTheMembersPlaces()
    {
        await using ThreeNodes cluster = await Start();
        int first = await cluster.UntilLed(Place);
        IGroups groups = cluster.Brokers[first]!.Groups;
        TestMember a = new TestMember(groups, Group, "a").Join("t");
        TestMember b = new TestMember(groups, Group, "b").Join("t");
        await Settled(cluster, a, b);
        (string heldByA, string heldByB) = (a.Ear.Holds, b.Ear.Holds);
        (int epochA, int epochB) = (a.Epoch, b.Epoch);
        var answered = new Dictionary<int, long>();
        foreach (TestMember member in new[] { a, b })
        {
            foreach (int partition in member.Ear.Last!.Topics[0].Partitions)
            {
                for (long offset = 1; offset <= 5; offset++)
                {
                    Assert.Null((await member.Commit("t", partition, offset)).Value[0]);
                    answered[partition] = offset;
                }
            }
        }

        await cluster.Kill(first);
        await cluster.Until(() => cluster.LeaderOf(Place) is var l && l >= 0 && l != first);
        IGroups next = cluster.Brokers[cluster.LeaderOf(Place)]!.Groups;
        await Resumed(cluster, next, a);
        await Resumed(cluster, next, b);
        Assert.Equal((heldByA, heldByB), (a.Ear.Holds, b.Ear.Holds));
        Assert.Equal((epochA, epochB), (a.Epoch, b.Epoch));
        foreach ((int partition, long offset) in answered)
        {
            Assert.Equal(offset, await next.Committed(Group, "t", partition));
        }

        int mine = a.Ear.Last!.Topics[0].Partitions[0];
        Assert.Equal(ErrorCode.StaleMemberEpoch, (await a.Commit("t", mine, 6, epoch: epochA - 1)).Error?.Code);
        Assert.Equal(5, await next.Committed(Group, "t", mine));
        Assert.Null((await a.Commit("t", mine, 6)).Value[0]);
    }

    [Fact]
    public async Task CommitWithoutAMajorityIsNotAnswered()
    {
        await using ThreeNodes cluster = await Start();
        int at = await cluster.UntilLed(Place);
        IGroups groups = cluster.Brokers[at]!.Groups;
        await groups.CommitOk(Group, "t", 0, 1);
        int[] others = [.. Enumerable.Range(0, 3).Where(n => n != at)];
        await cluster.Kill(others[0]);
        await cluster.Kill(others[1]);
        BrokerError? error = await groups.Commit(Group, "t", 0, 2);
        Assert.True(
            error?.Code is ErrorCode.OutcomeUnknown or ErrorCode.NotCoordinator or ErrorCode.CoordinatorLoading, error?.ToString());
    }

    [Fact]
    public async Task HandedOverCoordinatorSendsItsMembersOn()
    {
        await using ThreeNodes cluster = await Start();
        int first = await cluster.UntilLed(Place);
        TestMember a = new TestMember(cluster.Brokers[first]!.Groups, Group, "a").Join("t");
        await cluster.Until(() => a.Ear.Last is not null);
        string held = a.Ear.Holds;
        Result<NodeId> moved = await cluster.Brokers[first]!.TransferLeader(
            Place, new NodeId(((first + 1) % 3) + 1), TestContext.Current.CancellationToken);
        Assert.True(moved.IsOk, moved.Error?.ToString());
        await cluster.Until(() => a.Ear.HasEnded);
        Assert.True(a.Ear.Error?.Code is ErrorCode.NotCoordinator or ErrorCode.CoordinatorLoading, a.Ear.Error?.ToString());
        int next = await cluster.UntilLed(Place);
        await Resumed(cluster, cluster.Brokers[next]!.Groups, a);
        Assert.Equal(held, a.Ear.Holds);
    }

    private static async Task<ThreeNodes> Start()
    {
        ThreeNodes cluster = await ThreeNodes.Start();
        await cluster.Create("t", 4);
        for (int p = 0; p < 4; p++)
        {
            Assert.Null((await cluster.Produce(new TopicPartition("t", p), GroupTester.Records(10))).Error);
        }

        await cluster.Until(() => cluster.Brokers.All(b => b!.Topics.Find("t") is not null));
        int asked = (await cluster.UntilLed(new TopicPartition(MetadataLog.TopicName, 0)) + 1) % 3; // which has to ask the controller
        while (!(await cluster.Brokers[asked]!.Groups.FindCoordinator(Group, TestContext.Current.CancellationToken)).IsOk)
        {
            await cluster.UntilLed(new TopicPartition(MetadataLog.TopicName, 0));
        }

        await cluster.Until(() => cluster.Brokers.All(b => b!.Topics.Find(OffsetsTopic.Name) is not null));
        int at = await cluster.UntilLed(Place);
        while (!(await cluster.Brokers[at]!.Groups.FetchCommitted(Group, null, TestContext.Current.CancellationToken)).IsOk)
        {
            at = await cluster.UntilLed(Place);
        }

        return cluster;
    }

    private static Task Settled(ThreeNodes cluster, params TestMember[] members) => cluster.Until(() =>
    {
        foreach (TestMember member in members.Where(m => m.Ear.Last is not null))
        {
            member.Acknowledge();
        }

        return members.All(m => m.Ear.Last is not null && m.Ear.Holds.Split(' ').Length == 4 / members.Length);
    });

    /// <summary>Opens the stream again until the coordinator takes it.</summary>
    private static async Task Resumed(ThreeNodes cluster, IGroups groups, TestMember member)
    {
        MemberMessage.Assigned? before = member.Ear.Last;
        do
        {
            member.Ear.Recall(before);
            member.Resume(groups, "t");
            await cluster.Until(() => member.Ear.HasEnded || member.Ear.Last is not null);
        }
        while (member.Ear.HasEnded && member.Ear.Error?.Code is ErrorCode.CoordinatorLoading or ErrorCode.NotCoordinator);
        Assert.False(member.Ear.HasEnded, member.Ear.Error?.ToString());
    }
}
