using LogBroker.Protocol;

namespace LogBroker.Cluster.Tests;

/// <summary>How partitions move from one member to another: one test for each rule.</summary>
public sealed class GroupReconcileTests
{
    private static readonly GroupTopic Orders = GroupScript.Topic("orders", 4);

    [Fact]
    public void TheFirstMemberGetsEverythingAtOnce()
    {
        var script = new GroupScript(Orders);
        Assert.Equal(GroupPhase.Empty, script.Machine.Phase);
        Assert.Null(script.Join("a"));
        Assert.Equal("orders/0,1,2,3", GroupScript.Show(script.Told["a"].Topics));
        Assert.Equal((1, 1, 5_000), (script.Told["a"].Epoch, script.Told["a"].Number, script.Told["a"].HeartbeatIntervalMs));
        Assert.Equal(GroupPhase.Stable, script.Machine.Phase);
    }

    [Fact]
    public void AMemberThatIsToLetGoKeepsItsEpochAndWhatItKeeps()
    {
        var script = new GroupScript(Orders);
        script.Join("a");
        script.Join("b");
        Assert.Equal("orders/0,1", GroupScript.Show(script.Told["a"].Topics));
        Assert.Equal(1, script.Told["a"].Epoch);
        Assert.Equal((2, ""), (script.Told["b"].Epoch, GroupScript.Show(script.Told["b"].Topics)));
        Assert.Equal(GroupPhase.Reconciling, script.Machine.Phase);
    }

    [Fact]
    public void ARevokedPartitionGoesOnWhenTheOldOwnerHasLetGoOfIt()
    {
        var script = new GroupScript(Orders);
        script.Join("a");
        script.Join("b");
        script.Ack("a", held: script.Set("orders", 0, 1, 2, 3)); // it has seen the message, and still commits
        Assert.Equal("", script.HeldBy("b"));
        script.Ack("a", held: script.Set("orders", 0, 1, 3));
        Assert.Equal("orders/2", GroupScript.Show(script.Told["b"].Topics));
        Assert.Equal(1, script.EpochOf("a"));
        script.Ack("a", held: script.Set("orders", 0, 1));
        Assert.Equal("orders/2,3", GroupScript.Show(script.Told["b"].Topics));
        Assert.Equal((2, 2), (script.EpochOf("a"), script.Told["a"].Epoch));
        Assert.Equal(GroupPhase.Stable, script.Machine.Phase);
    }

    [Fact]
    public void NobodyStopsWhoKeepsHisPartitions()
    {
        var script = new GroupScript(Orders);
        script.Join("a");
        script.Join("b");
        script.Settle();
        GroupPartitionSet kept = script.Set("orders", 0);
        for (int member = 0; member < 5; member++)
        {
            script.Join("c" + member);
            script.Settle();
        }

        Assert.All(
            script.Sent.OfType<MemberMessage.Assigned>().Where(m => m.MemberId == "a"),
            m => Assert.True(kept.IsSubsetOf(m.Partitions)));
    }

    [Fact]
    public void AHeartbeatThatCrossedWithAnAssignmentLetsGoOfNothing()
    {
        var script = new GroupScript(Orders);
        script.Join("a");
        script.Join("b");
        int before = script.Told["b"].Number;
        script.Ack("a"); // 2 and 3 are given to b, whose heartbeat of before is on its way
        script.Topics = new GroupTopics([]);
        script.Apply(new GroupEvent.TopicsChanged()); // and taken from it again
        Assert.Equal("orders/2,3", script.HeldBy("b"));
        script.Ack("b", held: GroupPartitionSet.Empty, seen: before);
        Assert.NotEqual("", script.HeldBy("b"));
        script.Ack("b");
        Assert.Equal("", script.HeldBy("b"));
    }

    [Fact]
    public void AHeartbeatWithoutHeldLetsGoOfNothing()
    {
        var script = new GroupScript(Orders);
        script.Join("a");
        script.Join("b");
        Assert.Null(script.Beat("a"));
        Assert.Equal("", script.HeldBy("b"));
        Assert.Equal(new MemberMessage.Alive("a", 1, 1), Assert.Single(script.Effects.Send));
    }

    [Fact]
    public void AMemberThatDoesNotLetGoInTimeIsFencedAndItsPartitionsGoOn()
    {
        var script = new GroupScript(Orders);
        script.Join("a", j => j with { RebalanceTimeoutMs = 10_000, SessionTimeoutMs = 60_000 });
        script.Join("b");
        script.Pass(9_999);
        script.Beat("a");
        script.Beat("b");
        Assert.Equal("orders/0,1,2,3", script.HeldBy("a"));
        script.Pass(1);
        var fenced = Assert.IsType<MemberMessage.Fenced>(script.Effects.Send.First(m => m.MemberId == "a"));
        Assert.Equal(ErrorCode.FencedMemberEpoch, fenced.Error.Code);
        Assert.Contains("rebalance_timeout_ms", fenced.Error.Message, StringComparison.Ordinal);
        Assert.Equal("orders/0,1,2,3", script.HeldBy("b"));
    }

    [Fact]
    public void AMemberThatLeavesGivesItsPartitionsAwayAtOnce()
    {
        var script = new GroupScript(Orders);
        script.Join("a");
        script.Join("b");
        script.Settle();
        Assert.Null(script.Leave("a"));
        Assert.Equal("orders/0,1,2,3", GroupScript.Show(script.Told["b"].Topics));
        Assert.IsType<MemberMessage.Ended>(script.Effects.Send[0]);
        script.Leave("b");
        Assert.Equal(GroupPhase.Empty, script.Machine.Phase);
    }

    [Fact]
    public void TheRecordsOfAnEventAreInOneOrder()
    {
        var script = new GroupScript(Orders);
        script.Join("a");
        Assert.Equal(
            ["MemberKnown", "TopicsKnown", "EpochSet", "TargetSet", "TargetEpochSet", "CurrentSet"],
            script.Effects.Append.Select(r => r.GetType().Name));
        script.Beat("a");
        Assert.Empty(script.Effects.Append);
    }

    [Fact]
    public void ATopicThatIsMadeGrownOrDeletedLaterIsPickedUp()
    {
        var script = new GroupScript();
        script.Join("a");
        script.Join("b");
        Assert.Equal("", script.HeldBy("a"));
        script.Topics = new GroupTopics([Orders]);
        script.Apply(new GroupEvent.TopicsChanged());
        script.Settle();
        Assert.Equal(("orders/0,2", "orders/1,3"), (script.HeldBy("a"), script.HeldBy("b")));
        script.Topics = new GroupTopics([Orders with { PartitionCount = 6 }]);
        script.Beat("a"); // any event brings the new view
        script.Settle();
        Assert.Equal(("orders/0,2,4", "orders/1,3,5"), (script.HeldBy("a"), script.HeldBy("b")));
        var again = new GroupTopic("orders", new TopicId(new Guid(1, 2, 3, new byte[8])), 2);
        script.Topics = new GroupTopics([again]);
        script.Apply(new GroupEvent.TopicsChanged());
        Assert.Empty(script.Told["a"].Partitions);
        script.Settle();
        Assert.Equal(again.Id, Assert.Single(script.Told["a"].Topics).Id);
    }

    [Fact]
    public void ATopicThatNobodyAsksForChangesNothing()
    {
        var script = new GroupScript(Orders);
        script.Join("a");
        script.Topics = new GroupTopics([Orders, GroupScript.Topic("other", 3)]);
        script.Apply(new GroupEvent.TopicsChanged());
        Assert.Empty(script.Effects.Append);
    }

    [Fact]
    public void ManyWhoJoinAtOnceCostFewComputations()
    {
        var script = new GroupScript(new GroupLimits { AssignmentIntervalMs = 25 }, GroupScript.Topic("orders", 100));
        for (int member = 0; member < 50; member++)
        {
            script.Join($"m{member:00}");
        }

        Assert.Equal(1, script.Machine.Rebalances);
        Assert.Equal(GroupPhase.Assigning, script.Machine.Phase);
        Assert.Contains("is computed in 25 ms", script.Machine.DescribeAt(script.NowMs).WaitingFor, StringComparison.Ordinal);
        Assert.False(script.Told.ContainsKey("m49"));
        script.Settle();
        Assert.Equal(2, script.Machine.Rebalances);
        Assert.Equal(2, script.Told["m49"].Partitions.Count);
    }

    [Fact]
    public void AfterAFailoverSessionsBeginAnewAndNobodyStops()
    {
        var script = new GroupScript(Orders);
        script.Join("a");
        script.Join("b");
        script.Settle();
        GroupPartitionSet held = script.Told["a"].Partitions;
        script.Pass(44_000);
        script.Failover();
        script.Pass(44_000);
        Assert.Null(script.Return("a"));
        Assert.Null(script.Return("b"));
        Assert.Equal((held, 1), (script.Told["a"].Partitions, script.Told["a"].Number));
        Assert.Equal(GroupPhase.Stable, script.Machine.Phase);
        Assert.Equal(0, script.Machine.Rebalances);
    }

    [Fact]
    public void ARevocationGoesOnAfterAFailover()
    {
        var script = new GroupScript(Orders);
        script.Join("a");
        script.Join("b");
        script.Failover();
        script.Return("b");
        Assert.Equal("", GroupScript.Show(script.Told["b"].Topics));
        script.Return("a", held: script.Set("orders", 0, 1, 2, 3));
        Assert.Equal("orders/0,1", GroupScript.Show(script.Told["a"].Topics));
        script.Ack("a");
        Assert.Equal("orders/2,3", GroupScript.Show(script.Told["b"].Topics));
    }

    [Fact]
    public void AMemberThatCameBackWithoutWhatItIsToLetGoOfHasLetGoOfIt()
    {
        var script = new GroupScript(Orders);
        script.Join("a");
        script.Break("a");
        script.Join("b"); // a cannot be told
        Assert.Equal("orders/0,1,2,3", script.HeldBy("a"));
        script.Return("a", held: script.Set("orders", 0, 3));
        Assert.Equal("orders/2", GroupScript.Show(script.Told["b"].Topics));
        Assert.Equal("orders/0,1", GroupScript.Show(script.Told["a"].Topics));
    }
}
