using System.Diagnostics;
using System.Globalization;

namespace LogBroker.Simulator;

/// <summary>
/// The command: <c>--seeds N [--from N]</c> runs many seeds and names those that broke something, with the last lines of their traces;
/// <c>--seed N [--trace]</c> runs one.
/// <c>--nodes N</c> overrides the number of nodes that a seed chooses, <c>--wipes</c> takes the mixture in which one node loses its
/// disk again and again, <c>--elections</c> the one in which leaders change all the time, <c>--groups</c> adds commits of groups,
/// <c>--compaction</c> takes compacted topics. Exit code 1 when anything was broken, 2 for a wrong command.
/// </summary>
internal static class SimulatorCommand
{
    private const string Usage = "usage: LogBroker.Simulator --seeds COUNT [--from SEED] [--lines N] [--quiet] | --seed SEED [--trace]; "
        + "both with [--nodes N | --wipes | --elections | --groups | --compaction]";

    public static int Run(string[] args, TextWriter output)
    {
        var options = new Dictionary<string, ulong>(StringComparer.Ordinal);
        for (int i = 0; i < args.Length; i++)
        {
            bool isFlag = args[i] is "--trace" or "--quiet" or "--wipes" or "--elections" or "--groups" or "--compaction";
            bool isKnown = isFlag || args[i] is "--seeds" or "--from" or "--seed" or "--nodes" or "--lines";
            ulong value = 1;
            if (!isKnown || (!isFlag && (++i == args.Length || !ulong.TryParse(args[i], CultureInfo.InvariantCulture, out value))))
            {
                output.WriteLine(Usage);
                return 2;
            }

            options[isFlag ? args[i] : args[i - 1]] = value;
        }

        int? nodes = options.TryGetValue("--nodes", out ulong n) ? (int)n : null;
        Func<ulong, Swarm> mixture = options.ContainsKey("--wipes") ? Swarm.OfWipes
            : options.ContainsKey("--elections") ? Swarm.OfElections
            : options.ContainsKey("--groups") ? Swarm.OfGroups
            : options.ContainsKey("--compaction") ? Swarm.OfCompaction
            : s => Swarm.Of(s, nodes);
        if (options.TryGetValue("--seed", out ulong seed))
        {
            return RunOne(seed, mixture, options.ContainsKey("--trace"), output);
        }

        if (!options.TryGetValue("--seeds", out ulong count))
        {
            output.WriteLine(Usage);
            return 2;
        }

        int lines = (int)options.GetValueOrDefault("--lines");
        return RunMany(options.GetValueOrDefault("--from", 1UL), count, mixture, lines, options.ContainsKey("--quiet"), output);
    }

    private static int RunOne(ulong seed, Func<ulong, Swarm> mixture, bool trace, TextWriter output)
    {
        SimulationResult result = Simulation.Run(seed, mixture(seed), trace ? output.WriteLine : null);
        output.WriteLine(mixture(seed));
        Report(result, output);
        return result.Violation is null ? 0 : 1;
    }

    private static int RunMany(ulong from, ulong count, Func<ulong, Swarm> mixture, int lines, bool isQuiet, TextWriter output)
    {
        var failed = new List<SimulationResult>();
        var began = Stopwatch.StartNew();
        long acknowledged = 0;
        long elections = 0;
        long steps = 0;
        for (ulong seed = from; seed < from + count; seed++)
        {
            var one = Stopwatch.StartNew();
            SimulationResult result = Simulation.Run(seed, mixture(seed));
            acknowledged += result.Acknowledged;
            elections += result.Elections;
            steps += result.Steps;
            if (result.Violation is not null)
            {
                failed.Add(result);
                Report(lines == 0 ? result : Simulation.Run(seed, mixture(seed), keptLines: lines), output);
            }
            else if (!isQuiet)
            {
                output.WriteLine(string.Create(
                    CultureInfo.InvariantCulture,
                    $"seed {seed}: {one.ElapsedMilliseconds} ms, {result.Steps} steps, {result.VirtualSeconds:0.0} s, "
                    + $"{result.Acknowledged} acknowledged, {result.Elections} elections"));
            }
        }

        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{count} seeds in {began.Elapsed.TotalSeconds:0.0} s ({began.Elapsed.TotalMilliseconds / Math.Max(1, count):0} ms each): "
            + $"{steps} steps, {acknowledged} batches acknowledged, {elections} elections, {failed.Count} seeds broke something"));
        foreach (IGrouping<string, SimulationResult> group in failed.GroupBy(f => f.Violation!.Name))
        {
            output.WriteLine($"{group.Key}: seeds {string.Join(' ', group.Select(f => f.Seed))}");
        }

        return failed.Count == 0 ? 0 : 1;
    }

    private static void Report(SimulationResult result, TextWriter output)
    {
        foreach (string line in result.LastLines)
        {
            output.WriteLine("  " + line);
        }

        string faults = string.Join(", ", result.Faults.Select(f => $"{f.Key} {f.Value}"));
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"seed {result.Seed}: {result.Steps} steps, {result.VirtualSeconds:0.0} s of virtual time, trace {result.TraceHash:x16}, "
            + $"{result.Acknowledged} batches acknowledged, {result.Elections} elections, {result.Compactions} compactions; "
            + $"faults: {faults}"));
        if (result.Violation is { } violation)
        {
            output.WriteLine($"seed {result.Seed} BROKE {violation.Message}");
        }
    }
}
