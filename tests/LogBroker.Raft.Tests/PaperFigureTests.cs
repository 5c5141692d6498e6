using LogBroker.Protocol;

namespace LogBroker.Raft.Tests;

/// <summary>Figures 7 and 8 of the Raft paper.</summary>
public sealed class PaperFigureTests
{
    private const string LeaderOfEpoch8 = "1 1 1 4 4 5 5 6 6 6";

    /// <summary>
    /// Figure 7: when the leader at the top comes to power, a follower may lack entries (a, b), have entries that were never committed
    /// (c, d), or both (e, f). Its log becomes the leader's, whose entries all stay.
    /// </summary>
    [Theory]
    [InlineData("a", "1 1 1 4 4 5 5 6 6")]
    [InlineData("b", "1 1 1 4")]
    [InlineData("c", "1 1 1 4 4 5 5 6 6 6 6")]
    [InlineData("d", "1 1 1 4 4 5 5 6 6 6 7 7")]
    [InlineData("e", "1 1 1 4 4 4 4")]
    [InlineData("f", "1 1 1 2 2 2 3 3 3 3 3")]
    public void Figure7_AFollowerBecomesAsItsLeader(string follower, string log)
    {
        World world = World.Of(new Epoch(7), LeaderOfEpoch8, log, LeaderOfEpoch8);
        var verbs = new Verbs(world);
        verbs.Do(["elect", "A", "with", "C"]);
        Assert.Equal(new Epoch(8), world["A"].Core.Epoch);
        verbs.Do(["stabilize"]);
        Assert.True(world["A"].Log.Items.SequenceEqual(world["B"].Log.Items), $"{follower}: {world["B"].Log}");
        Assert.Equal(new Offset(10), world["A"].Core.End);
        Assert.Equal(new Offset(10), world["B"].Core.HighWatermark);

        // Each answer that diverges cuts away a whole epoch at least.
        int cuts = follower switch { "a" or "b" => 0, "f" => 2, _ => 1 };
        Assert.InRange(world["B"].Cuts, Math.Min(cuts, 1), cuts);
    }

    /// <summary>Figure 7, section 5.4.1: those with a log that is older vote for the leader, c and d do not.</summary>
    [Theory]
    [InlineData("1 1 1 4 4 5 5 6 6", true)]
    [InlineData("1 1 1 4", true)]
    [InlineData("1 1 1 4 4 5 5 6 6 6 6", false)]
    [InlineData("1 1 1 4 4 5 5 6 6 6 7 7", false)]
    [InlineData("1 1 1 4 4 4 4", true)]
    [InlineData("1 1 1 2 2 2 3 3 3 3 3", true)]
    public void Figure7_WhoVotesForTheLeader(string log, bool votes)
    {
        World world = World.Of(new Epoch(7), LeaderOfEpoch8, log, log);
        var verbs = new Verbs(world);
        verbs.Do(["campaign", "A"]);
        verbs.Do(["deliver", "A>B", "vote"]);
        Packet reply = world.Network.Single(p => p.To == world["A"].Id && p.Message is VoteResult);
        Assert.Equal(votes, ((VoteResult)reply.Message).IsGranted);
    }

    /// <summary>Figure 8 (a) to (d).</summary>
    [Fact]
    public void Figure8_AnOldRecordOnAMajorityIsNotCommitted() => Script.Passes("Figure8");

    /// <summary>Figure 8 (e): when the leader's own epoch is on a majority, all in front of it is committed and S5 cannot win.</summary>
    [Fact]
    public void Figure8_WithARecordOfTheOwnEpochItIs() => Script.Passes("Figure8e");
}
