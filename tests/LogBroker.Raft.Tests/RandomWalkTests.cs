namespace LogBroker.Raft.Tests;

/// <summary>Random lives of 3 and 5 replicas, some with an observer: the invariants hold at every step, and all agree at the end.</summary>
public sealed class RandomWalkTests
{
    [Theory]
    [InlineData(3, 0, 1000, 150)]
    [InlineData(3, 1, 2000, 60)]
    [InlineData(5, 1, 3000, 40)]
    [InlineData(2, 0, 4000, 20)]
    [InlineData(1, 1, 5000, 20)]
    public void TheInvariantsHoldAtEveryStep(int voters, int observers, int firstSeed, int seeds)
    {
        int committed = 0, epochs = 0, cuts = 0, resets = 0, readmissions = 0, crashes = 0;
        for (int seed = firstSeed; seed < firstSeed + seeds; seed++)
        {
            Walk walk = Live(seed, voters, observers);
            committed += walk.World.Invariants.CommittedCount;
            epochs += walk.World.Invariants.EpochsLed;
            cuts += walk.Cuts;
            resets += walk.Resets;
            readmissions += walk.Readmissions;
            crashes += walk.Crashes;
        }

        string what = $"{committed} records, {epochs} epochs, {cuts} cuts, {resets} resets, {readmissions} readmissions, {crashes} crashes";
        TestContext.Current.TestOutputHelper?.WriteLine(what);
        Assert.True(committed > seeds && epochs > seeds && crashes > seeds, what);
        Assert.True(voters != 3 || (cuts > 0 && resets > 0 && readmissions > 0), what);
    }

    [Fact]
    public void TheSameSeedGivesTheSameLife()
    {
        Assert.Equal(Live(7, 3, 1).Trace.ToHashCode(), Live(7, 3, 1).Trace.ToHashCode());
        Assert.NotEqual(Live(7, 3, 1).Trace.ToHashCode(), Live(8, 3, 1).Trace.ToHashCode());
    }

    /// <summary>
    /// Nodes hear each other, but nobody is told who leads what: replicas find their leader by asking for votes, and a leader that is
    /// none any more by what it asks and answers.
    /// </summary>
    [Fact]
    public void AllAgreeWithoutBeingToldWhoLeads()
    {
        for (int seed = 6000; seed < 6040; seed++)
        {
            Live(seed, seed % 4 == 0 ? 5 : 3, observers: 0, hasNodeLiveness: false);
        }
    }

    private static Walk Live(int seed, int voters, int observers, bool hasNodeLiveness = true)
    {
        int step = 0;
        var walk = new Walk((ulong)seed, voters, observers);
        try
        {
            for (; step < 1500; step++)
            {
                walk.Step();
            }

            Assert.True(walk.Heals(ticks: 400, hasNodeLiveness), $"the replicas do not agree:\n{walk.Describe()}");
        }
        catch (Exception e)
        {
            throw new InvalidOperationException($"seed {seed}, {voters} voters, {observers} observers, step {step}: {e.Message}", e);
        }

        return walk;
    }
}
