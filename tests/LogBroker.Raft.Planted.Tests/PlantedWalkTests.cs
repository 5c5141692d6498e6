using LogBroker.Raft.Tests;

namespace LogBroker.Raft.Planted.Tests;

/// <summary>
/// The random walks find broken rules without being told where to look: most within a few dozen lives. Those that need a rare order of
/// events (S7, S11, S19, S20, S24 to S28) are for the scripts.
/// </summary>
public sealed class PlantedWalkTests
{
    private const int SeedsMax = 150;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    [InlineData(8)]
    [InlineData(9)]
    [InlineData(10)]
    [InlineData(12)]
    [InlineData(13)]
    [InlineData(14)]
    [InlineData(15)]
    [InlineData(16)]
    [InlineData(17)]
    [InlineData(18)]
    [InlineData(21)]
    [InlineData(22)]
    [InlineData(23)]
    public void IsCaughtWithinSoManyLives(int bug)
    {
        PlantedBugs.Present = bug;
        try
        {
            Exception? caught = null;
            for (int seed = 1; seed <= SeedsMax && caught is null; seed++)
            {
                caught = Record.Exception(() => Live(seed));
            }

            Assert.NotNull(caught);
            TestContext.Current.TestOutputHelper?.WriteLine(caught.Message);
        }
        finally
        {
            PlantedBugs.Present = 0;
        }
    }

    private static void Live(int seed)
    {
        var walk = new Walk((ulong)seed, voters: 3, observers: seed % 2);
        for (int step = 0; step < 1500; step++)
        {
            walk.Step();
        }
    }
}
