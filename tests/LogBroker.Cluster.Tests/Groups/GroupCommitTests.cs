using LogBroker.Protocol;

namespace LogBroker.Cluster.Tests;

/// <summary>Whose commits count, and what a group says of itself.</summary>
public sealed class GroupCommitTests
{
    private static readonly GroupTopic Orders = GroupScript.Topic("orders", 4);
    private readonly GroupScript _script = new(Orders);

    [Fact]
    public void ACommitOfAnotherEpochIsStale()
    {
        _script.Join("a");
        _script.Join("b");
        _script.Settle();
        Assert.Null(_script.Machine.JudgeCommit("a", 2));
        foreach (int epoch in (int[])[-1, 0, 1, 3])
        {
            BrokerError error = _script.Machine.JudgeCommit("a", epoch)!;
            Assert.Equal(ErrorCode.StaleMemberEpoch, error.Code);
            Assert.Equal("2", error.Metadata["memberEpoch"]);
        }
    }

    [Fact]
    public void ACommitForWhatTheMemberDoesNotHoldIsNotAssigned()
    {
        _script.Join("a");
        _script.Join("b");
        _script.Settle();
        Assert.Null(_script.Machine.JudgeCommit("a", new PartitionId(Orders.Id, 1)));
        BrokerError error = _script.Machine.JudgeCommit("a", new PartitionId(Orders.Id, 2))!;
        Assert.Equal(ErrorCode.NotAssigned, error.Code);
        Assert.Contains("\"b\" holds it", error.Message, StringComparison.Ordinal);
        Assert.Equal(ErrorCode.NotAssigned, _script.Machine.JudgeCommit("a", new PartitionId(Orders.Id, 9))!.Code);
    }

    [Fact]
    public void WhatIsBeingRevokedIsCommittedInTheOldEpochUntilItIsLetGoOf()
    {
        _script.Join("a");
        _script.Join("b");
        Assert.Null(_script.Machine.JudgeCommit("a", 1));
        Assert.Null(_script.Machine.JudgeCommit("a", new PartitionId(Orders.Id, 3)));
        Assert.Equal(ErrorCode.NotAssigned, _script.Machine.JudgeCommit("b", new PartitionId(Orders.Id, 3))!.Code);
        _script.Ack("a");
        Assert.Equal(ErrorCode.StaleMemberEpoch, _script.Machine.JudgeCommit("a", 1)!.Code);
        Assert.Equal(ErrorCode.NotAssigned, _script.Machine.JudgeCommit("a", new PartitionId(Orders.Id, 3))!.Code);
        Assert.Null(_script.Machine.JudgeCommit("b", new PartitionId(Orders.Id, 3)));
    }

    [Fact]
    public void AZombieCommitsNothing()
    {
        _script.Join("a");
        _script.Pass(45_000);
        Assert.Equal(ErrorCode.UnknownMember, _script.Machine.JudgeCommit("a", 1)!.Code);
    }

    [Fact]
    public void OnlyAGroupWithoutMembersTakesCommitsWithoutOne()
    {
        Assert.Null(_script.Machine.JudgeCommit("", -1));
        Assert.Null(_script.Machine.JudgeCommit("", new PartitionId(Orders.Id, 0)));
        Assert.Null(_script.Machine.RequireEmpty());
        _script.Join("a", j => j with { InstanceId = "i" });
        BrokerError error = _script.Machine.JudgeCommit("", -1)!;
        Assert.Equal(ErrorCode.GroupNotEmpty, error.Code);
        Assert.Contains("\"a\" (instance \"i\")", error.Message, StringComparison.Ordinal);
        Assert.Equal(ErrorCode.GroupNotEmpty, _script.Machine.RequireEmpty()!.Code);
        _script.Leave("a", temporarily: true);
        Assert.Equal(ErrorCode.UnknownMember, _script.Machine.JudgeCommit("a", -2)!.Code);
        Assert.Equal(ErrorCode.GroupNotEmpty, _script.Machine.RequireEmpty()!.Code);
    }

    [Fact]
    public void AForgottenGroupHasNoRecords()
    {
        var log = new GroupLog(GroupScript.Group);
        _script.Join("a");
        log.Append(_script.Effects.Append);
        Assert.NotEmpty(log.Records);
        _script.Leave("a");
        log.Append(_script.Effects.Append);
        _script.Effects.Clear();
        _script.Machine.Forget(_script.Effects);
        log.Append(_script.Effects.Append);
        Assert.Empty(log.Records);
    }

    [Fact]
    public void ADescriptionSaysWhoIsWaitedForAndSinceWhen()
    {
        _script.Join("a");
        _script.Join("b");
        _script.Pass(2_000);
        _script.Beat("a");
        _script.Pass(500);
        GroupDescription described = _script.Machine.DescribeAt(_script.NowMs);
        Assert.Equal((GroupPhase.Reconciling, 2), (described.Phase, described.Epoch));
        Assert.Equal((2, "uniform"), (described.TargetEpoch, described.Assignor));
        Assert.Equal(
            "member \"a\" at \"10.0.0.1\" to let go of orders/2, orders/3; it is fenced in 297500 ms", described.WaitingFor);
        Assert.Equal(2_500, described.WaitingMs);
        GroupMemberDescription a = described.Members[0];
        Assert.Equal((GroupMemberState.Revoking, 1, 500L, true), (a.State, a.Epoch, a.SilentMs, a.IsConnected));
        Assert.Equal("orders/0,1,2,3", GroupScript.Show(a.Held));
        Assert.Equal("orders/2,3", GroupScript.Show(a.Revoking));
        Assert.Equal("orders/0,1", GroupScript.Show(a.Target));
        Assert.Equal(GroupMemberState.Waiting, described.Members[1].State);
        _script.Settle();
        described = _script.Machine.DescribeAt(_script.NowMs);
        Assert.Equal(("", 0L), (described.WaitingFor, described.WaitingMs));
    }

    [Fact]
    public void ADescriptionSaysWhoHasNoConnection()
    {
        _script.Join("a");
        _script.Break("a");
        _script.Pass(1_000);
        _script.Join("b");
        GroupDescription described = _script.Machine.DescribeAt(_script.NowMs);
        Assert.Equal(
            "member \"a\" to come back: it has no connection with orders/0, orders/1, orders/2, orders/3; its session ends in 44000 ms",
            described.WaitingFor);
        Assert.Equal(1_000, described.WaitingMs);
    }
}
