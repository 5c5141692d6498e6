using LogBroker.Raft;

namespace LogBroker.Simulator.Planted.Tests;

/// <summary>The simulator finds each rule that is broken on purpose, within a number of seeds.</summary>
public sealed class PlantedBugTests
{
    [Fact]
    public void Measure()
    {
        int[] bugs = [0, 17, 18, 22, 10, 7, 25];
        foreach (int bug in bugs)
        {
            var clock = System.Diagnostics.Stopwatch.StartNew();
            SimulationResult? found = null;
            ulong seed = 1;
            for (; seed <= (bug == 0 ? 400UL : 5000UL) && found?.Violation is null && clock.ElapsedMilliseconds < 150_000; seed++)
            {
                PlantedBugs.Present = bug;
                found = Simulation.Run(seed, bug is 0 or 7 or 17 or 18 or 25 ? Swarm.OfWipes(seed) : bug is 10 or 22 ? Swarm.OfElections(seed) : Swarm.Of(seed, 3));
                PlantedBugs.Present = 0;
            }

            string what = found?.Violation is null ? "none" : found.Violation.Message[..Math.Min(150, found.Violation.Message.Length)];
            Console.Error.WriteLine($"S{bug}: seeds {seed - 1} in {clock.ElapsedMilliseconds} ms: {what}");
        }
    }
}
