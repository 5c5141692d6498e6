using FsCheck;
using FsCheck.Fluent;
using LogBroker.Protocol;

namespace LogBroker.Raft.Tests;

/// <summary>The rules of the replication specification as they bind a single voter.</summary>
public sealed class LoneVoterTests
{
    [Fact]
    public void R2_HardStateIsDurableBeforeTheRowIsGivenOut()
    {
        var voter = new LoneVoter();
        voter.Core.Tick();
        RaftReady first = voter.Core.TakeReady();
        Assert.Equal(new HardState(new Epoch(1), LoneVoter.Node, LoneVoter.Directory), first.Persist);
        Assert.Null(first.AppendRow);
        Assert.Equal(RaftRole.Candidate, voter.Core.Role);
        Assert.True(voter.Core.TakeReady().IsEmpty);

        voter.Core.HardStatePersisted(first.Persist!.Value);
        Assert.Equal(new EpochRow(new Epoch(1), Offset.Zero), voter.Core.TakeReady().AppendRow);
    }

    [Fact]
    public void R2_AnOlderHardStateThatBecomesDurableElectsNobody()
    {
        var voter = new LoneVoter();
        voter.Core.Tick();
        HardState now = voter.Core.TakeReady().Persist!.Value;
        voter.Core.HardStatePersisted(now with { VotedFor = NodeId.None });
        Assert.Equal(RaftRole.Candidate, voter.Core.Role);
    }

    [Fact]
    public void R6_StartsAsFollowerThoughItVotedForItself()
    {
        var voter = new LoneVoter();
        voter.Lead();
        voter.Flush();
        voter.Crash();
        Assert.Equal(RaftRole.Follower, voter.Core.Role);
        Assert.Equal(NodeId.None, voter.Core.Leader);
        Assert.False(voter.Core.MayServe);
    }

    [Fact]
    public void R6_S8_LeadsAgainOnlyInAHigherEpoch()
    {
        var voter = new LoneVoter();
        voter.Lead();
        voter.Flush();
        voter.Append(1); // never flushed
        voter.Crash();
        voter.Lead();
        Assert.Equal([new Epoch(1), new Epoch(2)], voter.Led);
        Assert.Equal(new LogPosition(new Epoch(2), Offset.Zero), voter.Core.AppendedPosition);
    }

    [Fact]
    public void R8_R30_ServesOnlyWhenItsRowIsDurable()
    {
        var voter = new LoneVoter();
        voter.Lead();
        Assert.True(voter.Core.IsLeader);
        Assert.False(voter.Core.MayServe);
        Assert.False(voter.Core.KnowsHighWatermark);
        voter.Flush();
        Assert.True(voter.Core.MayServe);
        Assert.True(voter.Core.KnowsHighWatermark);
    }

    [Fact]
    public void R12_CountsWhatIsDurableInItsOwnEpochOnly()
    {
        var voter = new LoneVoter();
        voter.Lead();
        voter.Flush();
        voter.Append(3);
        Assert.Null(voter.Core.TakeReady().HighWatermark);
        LogPosition three = voter.Core.AppendedPosition;
        voter.Append(2);
        voter.Core.Flushed(three);
        Assert.Equal(new Offset(3), voter.Core.TakeReady().HighWatermark);
        Assert.Equal(new Offset(5), voter.Core.End);

        // Records of an earlier epoch are durable already, but count only behind a durable row of the new one.
        voter.Flush();
        voter.Crash();
        voter.HighWatermarkCheckpoint = Offset.Zero;
        voter.Crash();
        Assert.Equal(Offset.Zero, voter.Core.HighWatermark);
        voter.Lead();
        Assert.Equal(Offset.Zero, voter.Core.HighWatermark);
        voter.Flush();
        Assert.Equal(new Offset(5), voter.Core.HighWatermark);
    }

    [Fact]
    public void R12_FlushesThatEndOutOfOrderNeverLowerAnything()
    {
        var voter = new LoneVoter();
        voter.Lead();
        voter.Flush();
        voter.Append(1);
        LogPosition one = voter.Core.AppendedPosition;
        voter.Append(1);
        voter.Flush();
        voter.Core.Flushed(one);
        Assert.Equal(new Offset(2), voter.Core.HighWatermark);
        Assert.Equal(new Offset(2), voter.Core.Durable.Offset);
    }

    [Fact]
    public void MemoryTopicsCountTheEndButTheRowMustBeDurable()
    {
        var voter = new LoneVoter();
        voter.Core.CountAppended(true);
        voter.Lead();
        Assert.False(voter.Core.MayServe);
        voter.Flush();
        voter.Append(4);
        Assert.Equal(new Offset(4), voter.Core.HighWatermark);
        voter.Core.CountAppended(false);
        Assert.Equal(new Offset(4), voter.Core.HighWatermark);
        voter.Append(1);
        Assert.Equal(new Offset(4), voter.Core.HighWatermark);
    }

    [Fact]
    public void R18_ResigningTellsTheDriverAndEndsAppends()
    {
        var voter = new LoneVoter();
        voter.Lead();
        voter.Flush();
        voter.Core.TakeReady();
        voter.Core.Resign();
        Assert.True(voter.Core.TakeReady().LeadershipLost);
        Assert.False(voter.Core.MayServe);
        Assert.Throws<InvariantViolationException>(() => voter.Core.Appended(new Offset(1)));
    }

    [Fact]
    public void R20_S22_TheStoredHighWatermarkIsClampedToTheLog()
    {
        var voter = new LoneVoter();
        voter.Lead();
        voter.Flush();
        voter.Append(2);
        voter.HighWatermarkCheckpoint = new Offset(2);
        voter.Crash(itemsKept: 1);
        Assert.Equal(new Offset(1), voter.Core.HighWatermark);
    }

    [Fact]
    public void R20_ARowAboveTheStoredEpochIsABreach()
    {
        var recovered = new RecoveredReplica(
            new HardState(new Epoch(1), NodeId.None, default),
            [new EpochRow(Epoch.None, Offset.Zero), new EpochRow(new Epoch(2), Offset.Zero)],
            Offset.Zero,
            Offset.Zero,
            Offset.Zero);
        Assert.Throws<InvariantViolationException>(() => new RaftCore(LoneVoter.Config, recovered));
    }

    [Fact]
    public void R26_TheLogStartStopsAtWhatIsCommittedAndFlushed()
    {
        var voter = new LoneVoter();
        voter.Lead();
        voter.Flush();
        voter.Append(5);
        voter.Flush();
        voter.Append(5);
        Assert.Equal(new LogPosition(new Epoch(1), new Offset(5)), voter.Core.LogStartFor(new Offset(9)));
        Assert.Equal(new LogPosition(new Epoch(1), new Offset(2)), voter.Core.LogStartFor(new Offset(2)));
        voter.Core.LogStartAdvanced(new LogPosition(new Epoch(1), new Offset(3)), new EpochRow(Epoch.None, Offset.Zero));
        Assert.Equal(new Offset(3), voter.Core.LogStartFor(new Offset(1)).Offset);
    }

    [Fact]
    public void R26_TheEpochOfALogStartIsThatOfTheRecordInFrontOfIt()
    {
        var table = new EpochTable(
            [new EpochRow(Epoch.None, Offset.Zero), new EpochRow(new Epoch(1), Offset.Zero), new EpochRow(new Epoch(2), new Offset(1))]);
        Assert.Equal(new LogPosition(new Epoch(1), new Offset(1)), table.StartPosition(new Offset(1)));
        Assert.Equal(new LogPosition(new Epoch(2), new Offset(2)), table.StartPosition(new Offset(2)));
        Assert.Equal(LogPosition.Zero, table.StartPosition(Offset.Zero));
    }

    [Fact]
    public void R29_KnowsItsHighWatermarkOnlyAtTheStartOfItsEpoch()
    {
        var voter = new LoneVoter();
        voter.Lead();
        voter.Flush();
        voter.Append(7);
        voter.Flush();
        voter.Crash();
        voter.Lead();
        Assert.False(voter.Core.KnowsHighWatermark);
        voter.Flush();
        Assert.True(voter.Core.KnowsHighWatermark);
        Assert.Equal(new Offset(7), voter.Core.HighWatermark);
    }

    [Fact]
    public void R30_S28_WithoutItsStateItTakesAnEpochAboveEveryRow()
    {
        var voter = new LoneVoter();
        voter.Lead();
        voter.Flush();
        voter.Append(1);
        voter.Flush();
        voter.Crash(losesState: true);
        Assert.Equal(new Epoch(2), voter.Core.Epoch);
        voter.Lead();
        Assert.Equal([new Epoch(1), new Epoch(3)], voter.Led);
    }

    [Fact]
    public void AnUnreadmittedOrForeignReplicaNeverCampaigns()
    {
        var recovered = new RecoveredReplica(null, [new EpochRow(Epoch.None, Offset.Zero)], default, default, default);
        var wiped = new RaftCore(LoneVoter.Config with { IsReadmitted = false }, recovered);
        wiped.Tick();
        Assert.True(wiped.TakeReady().IsEmpty);
        var observer = new RaftCore(LoneVoter.Config with { Self = new NodeId(9) }, recovered);
        observer.Tick();
        Assert.True(observer.TakeReady().IsEmpty);
    }

    /// <summary>Random lives: what was once below the high watermark is never lost, and no epoch is led twice.</summary>
    [Fact]
    public void R12_R6_NothingCommittedIsLost() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(500),
        Prop.ForAll(Gen.Choose(0, 5).ListOf().ToArbitrary(), steps =>
        {
            var voter = new LoneVoter();
            Offset committed = Offset.Zero;
            int kept = 0;
            foreach (int step in steps)
            {
                switch (step)
                {
                    case 0:
                        voter.Core.Tick();
                        break;
                    case 1:
                        voter.Carry();
                        break;
                    case 2 when voter.Core.MayServe:
                        voter.Append(2);
                        break;
                    case 3:
                        voter.Flush();
                        break;
                    case 4:
                        voter.HighWatermarkCheckpoint = voter.Core.HighWatermark;
                        voter.Crash(kept++ % 4);
                        Assert.True(voter.Core.End >= committed);
                        break;
                }

                committed = Offset.Max(committed, voter.Core.HighWatermark);
                Assert.True(voter.Core.LogStart <= voter.Core.HighWatermark && voter.Core.HighWatermark <= voter.Core.End);
            }

            Assert.Equal(voter.Led.Count, voter.Led.Distinct().Count());
            Assert.Equal(voter.Led.Order(), voter.Led);
        }));
}
