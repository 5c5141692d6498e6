using LogBroker.Raft;

namespace LogBroker.Simulator.Planted.Tests;

/// <summary>The simulator finds each rule that is broken on purpose, within a number of seeds.</summary>
public sealed class PlantedBugTests
{
    [Fact]
    public void Measure()
    {
        int[] bugs = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 13, 14, 15, 16, 17, 18, 22, 23, 24, 25, 26];
        foreach (int bug in bugs)
        {
            var clock = System.Diagnostics.Stopwatch.StartNew();
            SimulationResult? found = null;
            ulong seed = 1;
            for (; seed <= 1000 && found?.Violation is null && clock.ElapsedMilliseconds < 40_000; seed++)
            {
                PlantedBugs.Present = bug;
                found = Simulation.Run(seed, Swarm.Of(seed));
                PlantedBugs.Present = 0;
            }

            string what = found?.Violation is null ? "none" : found.Violation.Message[..Math.Min(150, found.Violation.Message.Length)];
            Console.Error.WriteLine($"S{bug}: seeds {seed - 1} in {clock.ElapsedMilliseconds} ms: {what}");
        }
    }
}
