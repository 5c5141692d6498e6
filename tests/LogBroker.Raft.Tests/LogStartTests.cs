using LogBroker.Protocol;

namespace LogBroker.Raft.Tests;

/// <summary>Log starts inside a batch, and partitions that never had a leader.</summary>
public sealed class LogStartTests
{
    /// <summary>
    /// A batch of records 4 to 9 lies across the log start 7: a position in front of it is reset to its base, where a log can begin;
    /// one at its base is served, though it is below the log start.
    /// </summary>
    [Theory]
    [InlineData(0, FetchOutcome.Reset)]
    [InlineData(3, FetchOutcome.Reset)]
    [InlineData(4, FetchOutcome.Items)]
    [InlineData(10, FetchOutcome.Items)]
    public void R15_AResetGoesToTheBaseOfTheBatch(int position, FetchOutcome outcome)
    {
        World world = World.Of(new Epoch(1), "1 1 1 1 1 1 1 1 1 1", "1 1 1 1 1 1 1 1 1 1", "");
        var verbs = new Verbs(world);
        verbs.Do(["elect", "A", "with", "B"]);
        verbs.Do(["fetch", "B", "from", "A", "1"]);
        verbs.Do(["flush", "B"]);
        verbs.Do(["flush", "A"]);
        verbs.Do(["report", "B", "A"]);
        RaftCore core = world["A"].Core;
        Assert.Equal(new Offset(10), core.HighWatermark);
        var begin = new EpochRow(new Epoch(1), new Offset(4));
        core.LogStartAdvanced(core.LogStartFor(new Offset(7)), begin, itemStart: new Offset(4));
        core.TakeReady();

        var at = new LogPosition(new Epoch(position == 0 ? 0 : 1), new Offset(position));
        NodeId c = world["C"].Id;
        core.Receive(new RaftSender(c, Replica.DirectoryOf(c, 1)), new FetchRequest(new Epoch(2), at, at, default, 0, true, true));
        Progress peer = core.Peers[1];
        FetchResult result = core.IsAnswerDue(peer)
            ? core.Answer(peer, withItems: true)
            : (FetchResult)core.TakeReady().Messages.Single().Message;
        Assert.Equal(outcome, result.Outcome);
        Assert.Equal(outcome == FetchOutcome.Reset ? new LogPosition(new Epoch(1), new Offset(4)) : default, result.Target);
    }

    [Fact]
    public void WithoutAnyEpochReplicasCampaignInTurn()
    {
        World world = World.Of(Epoch.None, "", "", "");
        foreach ((string name, int ticks) in new[] { ("A", 1), ("B", 7), ("C", 13) })
        {
            RaftCore core = world[name].Core;
            core.CampaignSoon();
            int asked = 0;
            for (int tick = 1; asked == 0; tick++)
            {
                core.Tick(new RaftTick(false, 3));
                asked = core.TakeReady().Messages.Count > 0 ? tick : 0;
            }

            Assert.Equal(ticks, asked);
        }

        RaftCore old = World.Of(new Epoch(1), "1", "1", "1")["A"].Core;
        old.CampaignSoon();
        old.Tick(new RaftTick(false, 3));
        Assert.Empty(old.TakeReady().Messages);
    }
}
