using LogBroker.Raft;

namespace LogBroker.Simulator.Planted.Tests;

/// <summary>The simulator finds each rule that is broken on purpose, within a number of seeds.</summary>
public sealed class PlantedBugTests
{
    [Fact]
    public void Measure()
    {
        int[] bugs = [0, 7, 13, 16, 17, 22, 23, 24, 26];
        foreach (int bug in bugs)
        {
            var clock = System.Diagnostics.Stopwatch.StartNew();
            SimulationResult? found = null;
            ulong seed = 1;
            for (; seed <= (bug == 0 ? 200UL : 5000UL) && found?.Violation is null && clock.ElapsedMilliseconds < 80_000; seed++)
            {
                PlantedBugs.Present = bug;
                found = Simulation.Run(seed, bug is 23 ? Swarm.OfWipes(seed) : Swarm.OfElections(seed));
                PlantedBugs.Present = 0;
            }

            string what = found?.Violation is null ? "none" : found.Violation.Message[..Math.Min(150, found.Violation.Message.Length)];
            Console.Error.WriteLine($"S{bug}: seeds {seed - 1} in {clock.ElapsedMilliseconds} ms: {what}");
        }
    }
}
