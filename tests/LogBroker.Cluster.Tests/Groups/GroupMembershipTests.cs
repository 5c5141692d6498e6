using LogBroker.Protocol;

namespace LogBroker.Cluster.Tests;

/// <summary>Who is a member, and for how long: one test for each rule.</summary>
public sealed class GroupMembershipTests
{
    private static readonly GroupTopic Orders = GroupScript.Topic("orders", 4);

    [Fact]
    public void ASilentMembersSessionEndsToTheMillisecond()
    {
        var script = new GroupScript(Orders);
        script.Join("a", j => j with { SessionTimeoutMs = 6_000 });
        script.Join("b");
        script.Settle();
        script.Pass(5_000);
        script.Beat("a");
        script.Pass(5_999);
        Assert.Equal(2, script.Machine.MembersCount);
        script.Pass(1);
        Assert.Equal(["b"], script.Machine.MemberIds);
        Assert.Equal("orders/0,1,2,3", script.HeldBy("b"));
        var fenced = Assert.IsType<MemberMessage.Fenced>(script.Effects.Send[0]);
        Assert.Equal((ErrorCode.UnknownMember, "a"), (fenced.Error.Code, fenced.MemberId));
        Assert.Equal(ErrorCode.UnknownMember, script.Beat("a")!.Code);
    }

    [Fact]
    public void ABrokenStreamEndsNoSession()
    {
        var script = new GroupScript(Orders);
        script.Join("a");
        script.Break("a");
        script.Pass(44_999);
        Assert.Null(script.Return("a"));
        Assert.Equal("orders/0,1,2,3", GroupScript.Show(script.Told["a"].Topics));
        Assert.Equal(1, script.Told["a"].Epoch);
        script.Break("a");
        script.Pass(45_000);
        Assert.Equal(ErrorCode.UnknownMember, script.Return("a")!.Code);
    }

    [Fact]
    public void ACoordinatorThatWasAwayFencesNobodyForIt()
    {
        var script = new GroupScript(Orders);
        script.Join("a");
        script.Stall(300_000);
        Assert.Equal(1, script.Machine.MembersCount);
        Assert.Null(script.Beat("a"));
        script.Pass(45_000);
        Assert.Equal(0, script.Machine.MembersCount);
    }

    [Fact]
    public void TimeoutsHaveARangeAndDefaults()
    {
        var script = new GroupScript(Orders);
        foreach (int bad in (int[])[1, 5_999, 1_800_001, -1])
        {
            Assert.Equal(ErrorCode.InvalidSessionTimeout, script.Join("a", j => j with { SessionTimeoutMs = bad })!.Code);
            BrokerError error = script.Join("a", j => j with { RebalanceTimeoutMs = bad })!;
            Assert.Equal(ErrorCode.InvalidSessionTimeout, error.Code);
            Assert.Contains("rebalance_timeout_ms", error.Message, StringComparison.Ordinal);
            Assert.Contains("1800000", error.Message, StringComparison.Ordinal);
        }

        Assert.Null(script.Join("a"));
        GroupMemberFacts facts = script.Machine.DescribeAt(0).Members[0].Facts;
        Assert.Equal((45_000, 300_000), (facts.SessionTimeoutMs, facts.RebalanceTimeoutMs));
        Assert.Null(script.Join("b", j => j with { SessionTimeoutMs = 6_000 }));
        Assert.Equal(2_000, script.Told["b"].HeartbeatIntervalMs);
        Assert.Null(script.Join("c", j => j with { SessionTimeoutMs = 1_800_000, RebalanceTimeoutMs = 1_800_000 }));
    }

    [Fact]
    public void AnEpochAboveTheMembersIsFenced()
    {
        var script = new GroupScript(Orders);
        script.Join("a");
        Assert.Equal(ErrorCode.FencedMemberEpoch, script.Ack("a", epoch: 2)!.Code);
        Assert.Equal(ErrorCode.FencedMemberEpoch, script.Return("a", epoch: 2)!.Code);
        Assert.Equal(ErrorCode.UnknownMember, script.Join("b", j => j with { MemberEpoch = 1 })!.Code);
    }

    [Fact]
    public void AMemberThatHoldsWhatIsNotItsOwnIsFenced()
    {
        var script = new GroupScript(Orders);
        script.Join("a");
        script.Join("b");
        script.Settle();
        BrokerError error = script.Return("a", held: script.Set("orders", 0, 2))!;
        Assert.Equal(ErrorCode.FencedMemberEpoch, error.Code);
        Assert.Contains("orders/2", error.Message, StringComparison.Ordinal);
        Assert.Equal(ErrorCode.FencedMemberEpoch, script.Ack("a", held: script.Set("orders", 2))!.Code);
        Assert.Null(script.Return("a", held: script.Set("orders", 1)));
    }

    [Fact]
    public void AMemberThatBeginsAnewKeepsItsPlaceAndHoldsNothing()
    {
        var script = new GroupScript(Orders);
        script.Join("a");
        script.Join("b");
        Assert.Equal("orders/0,1,2,3", script.HeldBy("a"));
        Assert.Null(script.Join("a"));
        Assert.Equal("orders/0,1", GroupScript.Show(script.Told["a"].Topics));
        Assert.Equal("orders/2,3", GroupScript.Show(script.Told["b"].Topics));
    }

    [Fact]
    public void ALaterStreamEndsTheEarlierOne()
    {
        var script = new GroupScript(Orders);
        script.Join("a", j => j with { Attempt = 1 });
        script.Join("a", j => j with { MemberEpoch = 1, Attempt = 3 });
        var fenced = Assert.IsType<MemberMessage.Fenced>(script.Effects.Send[0]);
        Assert.Equal((1L, ErrorCode.FencedMemberEpoch), (fenced.Stream, fenced.Error.Code));
        var late = new GroupEvent.HeartbeatReceived(1, "a", 1, 1, GroupPartitionSet.Empty);
        Assert.Equal(ErrorCode.FencedMemberEpoch, script.Apply(late)!.Code);
        script.Apply(new GroupEvent.StreamClosed(1, "a"));
        Assert.True(script.Machine.DescribeAt(0).Members[0].IsConnected);
        Assert.Equal(ErrorCode.FencedMemberEpoch, script.Join("a", j => j with { MemberEpoch = 1, Attempt = 2 })!.Code);
        Assert.Null(script.Apply(new GroupEvent.HeartbeatReceived(2, "a", 1, 1, null)));
    }

    [Fact]
    public void AnOpenIsRecordedWhateverItChanges()
    {
        var script = new GroupScript(Orders);
        script.Join("a");
        script.Return("a");
        Assert.IsType<GroupRecord.MemberKnown>(Assert.Single(script.Effects.Append));
    }

    [Fact]
    public void AStaticMemberThatLeavesForAWhileKeepsItsPlaceUntilItsSessionEnds()
    {
        var script = new GroupScript(Orders);
        script.Join("a1", j => j with { InstanceId = "a" });
        script.Join("b1", j => j with { InstanceId = "b" });
        script.Settle();
        (int epoch, string held) = (script.Machine.Epoch, script.HeldBy("a1"));
        Assert.Null(script.Leave("a1", temporarily: true));
        Assert.Equal(-2, script.EpochOf("a1"));
        Assert.Equal(held, script.HeldBy("a1"));
        Assert.Contains("it left for a while", script.Machine.DescribeAt(script.NowMs).WaitingFor, StringComparison.Ordinal);
        script.Pass(20_000);
        script.Beat("b1");
        Assert.Null(script.Join("a2", j => j with { InstanceId = "a" }));
        Assert.Equal(held, GroupScript.Show(script.Told["a2"].Topics));
        Assert.Equal(["a2", "b1"], script.Machine.MemberIds);
        Assert.Equal(epoch, script.Machine.Epoch);
        Assert.Equal(epoch, script.Told["a2"].Epoch);
        script.Leave("a2", temporarily: true);
        script.Pass(44_000);
        script.Beat("b1");
        script.Pass(1_000);
        Assert.Equal("orders/0,1,2,3", script.HeldBy("b1"));
    }

    [Fact]
    public void AnInstanceIdHasOneLiveMember()
    {
        var script = new GroupScript(Orders);
        script.Join("a1", j => j with { InstanceId = "a" });
        BrokerError error = script.Join("a2", j => j with { InstanceId = "a" })!;
        Assert.Equal(ErrorCode.UnreleasedInstanceId, error.Code);
        Assert.Contains("\"a1\"", error.Message, StringComparison.Ordinal);
        script.Break("a1");
        Assert.Equal(ErrorCode.UnreleasedInstanceId, script.Join("a2", j => j with { InstanceId = "a" })!.Code);
        script.Pass(45_000);
        Assert.Null(script.Join("a2", j => j with { InstanceId = "a" }));
        Assert.Equal(ErrorCode.InvalidArgument, script.Join("a2", j => j with { InstanceId = "other" })!.Code);
    }

    [Fact]
    public void WhatAMemberThatIsAwayIsNotToHaveGoesOnAtOnce()
    {
        var script = new GroupScript(Orders);
        script.Join("a1", j => j with { InstanceId = "a" });
        script.Leave("a1", temporarily: true);
        script.Join("b");
        Assert.Equal("orders/2,3", GroupScript.Show(script.Told["b"].Topics));
        Assert.Equal("orders/0,1", script.HeldBy("a1"));
    }

    [Fact]
    public void AMemberWithoutAnInstanceIdLeavesForGood()
    {
        var script = new GroupScript(Orders);
        script.Join("a");
        script.Leave("a", temporarily: true);
        Assert.Equal(0, script.Machine.MembersCount);
        Assert.Equal(ErrorCode.UnknownMember, script.Leave("a")!.Code);
    }

    [Fact]
    public void AFullGroupTakesNobodyElse()
    {
        var script = new GroupScript(new GroupLimits { MembersMax = 2 }, Orders);
        script.Join("a1", j => j with { InstanceId = "a" });
        script.Join("b");
        BrokerError error = script.Join("c")!;
        Assert.Equal(ErrorCode.GroupFull, error.Code);
        Assert.Contains("may have 2", error.Message, StringComparison.Ordinal);
        script.Leave("a1", temporarily: true);
        Assert.Null(script.Join("a2", j => j with { InstanceId = "a" }));
        Assert.Null(script.Join("b"));
    }

    [Fact]
    public void AMemberIdHasAForm()
    {
        var script = new GroupScript(Orders);
        foreach (string bad in (string[])["", "with space", "ünïcode", new string('x', 65)])
        {
            Assert.Equal(ErrorCode.InvalidArgument, script.Join(bad)!.Code);
        }

        Assert.Null(script.Join(new string('x', 64)));
    }

    [Fact]
    public void AGroupIdHasAForm()
    {
        Assert.Null(GroupChecks.GroupId("billing of März"));
        Assert.Null(GroupChecks.GroupId(new string('x', 249)));
        foreach (string bad in (string[])["", "a\nb", new string('x', 250), new string('ü', 125)])
        {
            Assert.Equal(ErrorCode.InvalidGroupId, GroupChecks.GroupId(bad)!.Code);
        }
    }

    [Fact]
    public void FieldsOfAJoinAreBounded()
    {
        var script = new GroupScript(Orders);
        string tooLong = new('x', 250);
        Assert.Contains("instance_id", script.Join("a", j => j with { InstanceId = tooLong })!.Message, StringComparison.Ordinal);
        Assert.Contains("rack", script.Join("a", j => j with { Rack = "\u0001" })!.Message, StringComparison.Ordinal);
        Assert.Contains("client_id", script.Join("a", j => j with { ClientId = tooLong })!.Message, StringComparison.Ordinal);
        Assert.Contains("\"uniform\" and \"range\"", script.Join("a", j => j with { Assignor = "x" })!.Message, StringComparison.Ordinal);
        Assert.Contains("member_epoch", script.Join("a", j => j with { MemberEpoch = -1 })!.Message, StringComparison.Ordinal);
        Assert.Equal(0, script.Machine.MembersCount);
    }
}
