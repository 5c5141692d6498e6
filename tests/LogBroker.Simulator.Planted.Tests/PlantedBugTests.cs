using LogBroker.Raft;
using LogBroker.TestKit;

namespace LogBroker.Simulator.Planted.Tests;

/// <summary>
/// The simulator finds rules that are broken on purpose, within <see cref="SeedsMax"/> seeds of its three mixtures. The numbers are those
/// of the regression scripts. S11 and S19 to S21 are rules of the log, planted elsewhere; S7, S17, S18, S22 and S24 to S28 need longer
/// coincidences than ten seeds have, and are held by their scripts.
/// </summary>
public sealed class PlantedBugTests
{
    private const ulong SeedsMax = 10;

    public static TheoryData<int> Found => [1, 2, 3, 4, 5, 6, 8, 9, 10, 12, 13, 14, 15, 16, 23];

    [Theory]
    [MemberData(nameof(Found))]
    public void A_broken_rule_is_found_within_ten_seeds(int bug)
    {
        SimViolation? found = null;
        for (ulong seed = 1; seed <= SeedsMax && found is null; seed++)
        {
            found = Run(bug, seed, Swarm.Of(seed, 3)) ?? Run(bug, seed, Swarm.OfElections(seed)) ?? Run(bug, seed, Swarm.OfWipes(seed));
        }

        Assert.NotNull(found);
    }

    [Fact]
    public void Nothing_is_found_where_no_rule_is_broken()
    {
        for (ulong seed = 1; seed <= SeedsMax; seed++)
        {
            Assert.Null(Run(0, seed, Swarm.Of(seed, 3)));
            Assert.Null(Run(0, seed, Swarm.OfElections(seed)));
            Assert.Null(Run(0, seed, Swarm.OfWipes(seed)));
        }
    }

    private static SimViolation? Run(int bug, ulong seed, Swarm swarm)
    {
        PlantedBugs.Present = bug;
        try
        {
            return Simulation.Run(seed, swarm).Violation;
        }
        finally
        {
            PlantedBugs.Present = 0;
        }
    }
}
