using LogBroker.Protocol;

namespace LogBroker.Raft.Tests;

/// <summary>
/// The table of bugs that other implementations had (reliability.md, section 4), by row. Elsewhere: rows 11 and 12 are about membership
/// changes, which do not exist yet; row 20 is about applied state, which is Storage's and Cluster's; row 22 is about metadata.
/// </summary>
public sealed class KnownBugTests
{
    private static readonly NodeId A = new(1);
    private static readonly NodeId B = new(2);
    private static readonly NodeId C = new(3);

    [Fact]
    public void Row1_RecordsOfEarlierEpochsAreNotCommittedByCounting()
    {
        Script.Passes("Figure8");
        Script.Passes("S3_CountWithoutRow");
    }

    [Fact]
    public void Row2_EpochAndVoteAreOneValueAndStoredBeforeTheReply()
    {
        Script.Passes("S7_VoteNotDurable");
        Script.Passes("NothingIsToldBeforeItIsStored");
        var core = Core(C);
        core.Receive(From(A), new VoteRequest(new Epoch(4), LogPosition.Zero, false, true));
        RaftReady ready = core.TakeReady();
        Assert.Equal(new HardState(new Epoch(4), A, Replica.DirectoryOf(A, 1)), ready.Persist);
        Assert.Empty(ready.Messages);
    }

    [Fact]
    public void Row3_NothingCountsBeforeItsFsync()
    {
        Script.Passes("S1_AckBeforeLeaderFsync");
        Script.Passes("S2_CountAppended");
    }

    /// <summary>NATS#6944: a follower that is catching up is far ahead by offset, in an older epoch.</summary>
    [Fact]
    public void Row4_AFollowerThatIsCatchingUpIsNotCounted()
    {
        Script.Passes("S4_CountWithoutDurableRow_WithARecord");
        Script.Passes("ACatchingUpFollowerIsNotCounted");
    }

    [Fact]
    public void Row5_TheEpochNeverFallsAndAnUncommittedTailGoes()
    {
        var core = Core(A, new Epoch(7));
        core.Receive(From(B), new BeginEpoch(new Epoch(5)));
        core.Receive(From(B), new VoteRequest(new Epoch(6), LogPosition.Zero, false, true));
        core.Receive(From(B), new EndEpoch(new Epoch(6), [A]));
        core.LeaderHeard(B, new Epoch(6));
        Assert.Equal(new Epoch(7), core.Epoch);
        Assert.All(core.TakeReady().Messages, m => Assert.Equal(new Epoch(7), m.Message.Epoch));
        Script.Passes("S10_TruncateKeepsEqualRows");
    }

    [Fact]
    public void Row6_OldResultsCutNothing()
    {
        Script.Passes("S13_ResponseOffsetOnly");
        Script.Passes("ACopyOfItemsIsDropped");
    }

    [Fact]
    public void Row7_WhatIsCountedNeverFalls() => Script.Passes("ReportsOutOfOrder");

    [Fact]
    public void Row8_ALeaderVotesForNobodyInItsEpoch()
    {
        Script.Passes("ALeaderVotesForNobody");
        Script.Passes("S23_WipedVotesAtOnce");
    }

    [Fact]
    public void Row9_AnOldLeaderCountsNothingMore() => Script.Passes("AnOldLeaderCountsNothingMore");

    [Fact]
    public void Row10_ALeaderThatRestartsTakesAHigherEpoch() => Script.Passes("S8_ReleadSameEpoch");

    [Fact]
    public void Row13_APartialPartitionChangesNoLeader() => Script.Passes("APartialPartitionChangesNoLeader");

    [Fact]
    public void Row14_AStuckCandidateIsFreedAndAnIsolatedLeaderResigns()
    {
        Script.Passes("AStuckCandidateIsFreed");
        Script.Passes("ALeaderWithoutAMajorityResigns");
    }

    /// <summary>Of a new leader the high watermark may be below what was shown before; it says so until its epoch is reached.</summary>
    [Fact]
    public void Row15_ANewLeaderDoesNotKnowItsHighWatermark()
    {
        World world = World.Of(new Epoch(1), "1 1", "1 1", "1");
        var verbs = new Verbs(world);
        verbs.Do(["elect", "A", "with", "B"]);
        Assert.True(world["A"].Core.MayServe);
        Assert.False(world["A"].Core.KnowsHighWatermark);
        verbs.Do(["stabilize"]);
        Assert.True(world["A"].Core.KnowsHighWatermark);
    }

    [Fact]
    public void Row16_OnlyEchoesConfirmThatALeaderIsInOffice()
    {
        Script.Passes("ARoundIsConfirmedByAMajority");
        Script.Passes("AnEchoKeepsALeaderInOffice");
    }

    [Fact]
    public void Row17_AResetThatIsCutShortIsBegunAgain()
    {
        Script.Passes("AResetIsCutShort");
        Script.Passes("S18_ResetWithoutRestatedRow");
    }

    [Fact]
    public void Row18_AFollowerBehindTheLogStartIsNotStuck() => Script.Passes("AParkedFollowerIsReset");

    /// <summary>A flush that a cut overtook is not reported by a driver; if it were, it would be found out.</summary>
    [Fact]
    public void Row19_AFlushOfWhatWasCutIsABreach()
    {
        World world = World.Of(new Epoch(2), "1 1", "2", "2");
        LogPosition cut = world["A"].Core.AppendedPosition;
        var verbs = new Verbs(world);
        verbs.Do(["elect", "B", "with", "C"]);
        verbs.Do(["heard", "A", "B", "3"]);
        verbs.Do(["deliver", "all"]);
        Assert.True(world["A"].Core.AppendedPosition > cut);
        var gone = new LogPosition(new Epoch(2), cut.Offset);
        Assert.Throws<InvariantViolationException>(() => world["A"].Core.Flushed(gone));
        Script.Passes("ACutTakesItsTime");
    }

    [Fact]
    public void Row21_TheTableIsCutWithTheLog()
    {
        Script.Passes("S9_TruncateDropsEqualRows");
        Script.Passes("ElectionsBackToBack");
    }

    private static RaftSender From(NodeId node) => new(node, Replica.DirectoryOf(node, 1));

    private static RaftCore Core(NodeId self, Epoch epoch = default) => new(
        new RaftConfig(self, Replica.DirectoryOf(self, 1), [A, B, C], true),
        new RecoveredReplica(new HardState(epoch, NodeId.None, default), [new EpochRow(Epoch.None, default)], default, default, default));
}
