using LogBroker.Raft;

namespace LogBroker.Simulator.Planted.Tests;

/// <summary>The simulator finds each rule that is broken on purpose, within a number of seeds.</summary>
public sealed class PlantedBugTests
{
    [Fact]
    public void Measure()
    {
        int[] bugs = [0, 23, 24, 25, 26, 13, 7];
        foreach (int bug in bugs)
        {
            var clock = System.Diagnostics.Stopwatch.StartNew();
            SimulationResult? found = null;
            ulong seed = 1;
            for (; seed <= (bug == 0 ? 200UL : 5000UL) && found?.Violation is null && clock.ElapsedMilliseconds < 100_000; seed++)
            {
                PlantedBugs.Present = bug;
                found = Simulation.Run(seed, bug is 13 or 7 ? Swarm.Of(seed, 3) : Swarm.OfWipes(seed));
                PlantedBugs.Present = 0;
            }

            string what = found?.Violation is null ? "none" : found.Violation.Message[..Math.Min(150, found.Violation.Message.Length)];
            Console.Error.WriteLine($"S{bug}: seeds {seed - 1} in {clock.ElapsedMilliseconds} ms: {what}");
        }
    }
}
