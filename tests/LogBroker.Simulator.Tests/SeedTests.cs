using LogBroker.TestKit;

namespace LogBroker.Simulator.Tests;

/// <summary>A few hundred seeds in every run of the tests; thousands run by the command.</summary>
public sealed class SeedTests
{
    private const int SeedsPerCase = 25;

    public static TheoryData<ulong> FirstSeeds => [.. Enumerable.Range(0, 12).Select(i => (ulong)(1 + (i * SeedsPerCase)))];

    [Theory]
    [MemberData(nameof(FirstSeeds))]
    public void NothingIsBroken(ulong first)
    {
        int acknowledged = 0;
        int elections = 0;
        int faults = 0;
        for (ulong seed = first; seed < first + SeedsPerCase; seed++)
        {
            SimulationResult result = Simulation.Run(seed, Swarm.Of(seed));
            Assert.True(result.Violation is null, $"seed {seed}: {result.Violation?.Message}");
            acknowledged += result.Acknowledged;
            elections += result.Elections;
            faults += result.Faults.Values.Sum();
        }

        // A run in which nothing happened would prove nothing.
        Assert.InRange(acknowledged, 1_000, int.MaxValue);
        Assert.InRange(elections, 100, int.MaxValue);
        Assert.InRange(faults, 100, int.MaxValue);
    }

    /// <summary>Commits of groups: what was answered is found by every later question, whoever coordinates.</summary>
    [Theory]
    [InlineData(1UL)]
    [InlineData(11UL)]
    [InlineData(21UL)]
    public void CommitsAreKept(ulong first)
    {
        long commits = 0;
        for (ulong seed = first; seed < first + 10; seed++)
        {
            SimulationResult result = Simulation.Run(seed, Swarm.OfGroups(seed));
            Assert.True(result.Violation is null, $"seed {seed}: {result.Violation?.Message}");
            commits += result.Commits;
        }

        Assert.InRange(commits, 500, long.MaxValue);
    }

    /// <summary>Compacted topics: replicas compact at different times, and no newest record of a key is ever gone.</summary>
    [Theory]
    [InlineData(1UL)]
    [InlineData(26UL)]
    [InlineData(51UL)]
    [InlineData(76UL)]
    public void NothingIsBrokenWhereReplicasCompact(ulong first)
    {
        int compactions = 0;
        for (ulong seed = first; seed < first + SeedsPerCase; seed++)
        {
            SimulationResult result = Simulation.Run(seed, Swarm.OfCompaction(seed));
            Assert.True(result.Violation is null, $"seed {seed}: {result.Violation?.Message}");
            compactions += result.Compactions;
        }

        Assert.InRange(compactions, 100, int.MaxValue);
    }

    [Theory]
    [InlineData(2UL, 3)]
    [InlineData(7UL, 3)]
    [InlineData(31UL, 5)]
    [InlineData(44UL, 1)]
    public void TheSameSeedTwiceGivesTheSameTrace(ulong seed, int nodes)
    {
        SimulationResult first = Simulation.Run(seed, Swarm.Of(seed, nodes));
        SimulationResult second = Simulation.Run(seed, Swarm.Of(seed, nodes), keptLines: 5);
        Assert.Null(first.Violation);
        Assert.Equal(first.TraceHash, second.TraceHash);
        Assert.Equal(first.Steps, second.Steps);
        Assert.NotEqual(first.TraceHash, Simulation.Run(seed + 1, Swarm.Of(seed + 1, nodes)).TraceHash);
    }

    [Fact]
    public void EachKindOfFaultComesUp()
    {
        Swarm[] swarms = [.. Enumerable.Range(1, 200).Select(s => Swarm.Of((ulong)s))];
        Assert.All(
            new Func<Swarm, double>[]
            {
                s => s.CrashesPerSecond, s => s.CrashesInOperations, s => s.CrashesOfAll, s => s.StopsPerSecond, s => s.PausesPerSecond,
                s => s.PartitionsPerSecond, s => s.OneWay, s => s.LinkResetsPerSecond, s => s.ClogsPerSecond, s => s.SwizzlesPerSecond,
                s => s.ClockJumpsPerSecond, s => s.SlowDisksPerSecond, s => s.FailedSyncsPerSecond, s => s.FullDisksPerSecond,
                s => s.Wipes, s => s.Flips, s => s.Network.Loss, s => s.Network.Duplication, s => s.Network.Reordering, s => s.ClientLoss,
                s => s.ChangesPerSecond,
            },
            rate => Assert.InRange(swarms.Count(s => rate(s) > 0), 10, 190));
        Assert.Contains(swarms, s => s.Losses.Contains(LossMode.Torn) && s.Losses.Contains(LossMode.Reordered));
        Assert.Equal([1, 3, 5], swarms.Select(s => s.Nodes).Distinct().Order());
    }
}
