using System.CommandLine;
using System.Globalization;
using LogBroker.Bench.Plan;
using LogBroker.Bench.Processes;
using LogBroker.Bench.Results;

namespace LogBroker.Bench.Run;

/// <summary><c>run</c>: goes through the matrix and writes the result file.</summary>
internal static class RunCommand
{
    private const double SecondsAroundARun = 9;
    private const double PreloadBytesPerSecond = 150e6;

    public static Command Create(BenchHost host)
    {
        var options = new RunCommandOptions();
        var command = new Command("run", "Measures the systems in turn, each with a fresh data directory, and writes a result file.");
        foreach (Option option in options.All)
        {
            command.Options.Add(option);
        }

        command.SetAction((parsed, cancellationToken) =>
        {
            RunOptions given = options.Read(parsed);
            return RunAsync(given, new RunCommandOptions(), host, cancellationToken);
        });
        return command;
    }

    private static async Task<int> RunAsync(
        RunOptions given, RunCommandOptions reader, BenchHost host, CancellationToken cancellationToken)
    {
        ResultFile? earlier = given.Resume is null ? null : host.ReadResults(given.Resume);
        RunOptions options = earlier is null ? given : given.Or(reader.ReadStored(earlier.Arguments));
        RunPlan plan = RunPlan.Create(options, host.Systems(options));
        string outFile = OutFile(options);

        await using var processes = new ProcessStarter();
        using var work = new WorkDirectory(options.DataDirectory ?? Path.GetTempPath(), options.KeepData, processes.Guard);
        var file = new ResultFile
        {
            Commit = await CommitReader.ReadAsync(AppContext.BaseDirectory, processes, cancellationToken),
            Machine = host.Instruments.ReadMachine(work.FullName),
            Arguments = options.ToArguments(),
            LeftOut = plan.LeftOut,
            Scenarios = plan.Scenarios,
            Runs = [],
        };
        file = earlier is null ? file : ResultLog.Continue(earlier, file, given.Resume!);
        var log = new ResultLog(file, f => host.WriteResults(outFile, f));
        Announce(plan, log, work, host.Progress);
        host.WriteResults(outFile, file);

        var runner = new BenchRunner(plan, log, work, processes, host.Instruments, host.Progress) { CountsSyncs = options.CountSyncs };
        try
        {
            int failed = await runner.RunAsync(cancellationToken);
            host.Summarize(log.File);
            host.Progress.Note($"results: {outFile}");
            if (options.KeepData)
            {
                host.Progress.Note($"data: {work.FullName}");
            }

            if (failed > 0)
            {
                host.Progress.Warn(FormattableString.Invariant($"{failed} of {plan.Runs.Count} runs failed"));
            }

            return failed > 0 ? BenchApp.SomeFailed : BenchApp.Succeeded;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            int done = plan.Runs.Count(log.Has);
            host.Progress.Warn(FormattableString.Invariant(
                $"interrupted: {done} of {plan.Runs.Count} runs are in {outFile}; --resume {outFile} goes on with the others"));
            return BenchApp.Interrupted;
        }
    }

    /// <summary>Roughly: two more nodes to start, and what each end of a node takes beside the load around it.</summary>
    private static double SecondsOfCluster(PlannedRun run)
    {
        Scenario scenario = run.Scenario;
        bool isOurs = run.System.Name == Report.Contender.Ours;
        int ends = isOurs ? scenario.NodeEnds : scenario.NodeEndsOfRivals;
        double around = (scenario.Warmup + scenario.Duration).TotalSeconds;
        return scenario.Nodes == 1 ? 0 : (isOurs ? 1 : 10) + (ends * (around + (isOurs ? 4 : 30)));
    }

    private static string OutFile(RunOptions options)
    {
        if (options.Out is null)
        {
            return options.Resume ?? $"bench-{DateTime.Now.ToString("yyyyMMdd-HHmmss", CultureInfo.InvariantCulture)}.json";
        }

        string? directory = Path.GetDirectoryName(Path.GetFullPath(options.Out));
        if (!Directory.Exists(directory))
        {
            throw new UsageException($"--out: there is no directory '{directory}'");
        }

        return File.Exists(options.Out) && options.Resume is null
            ? throw new UsageException($"--out: '{options.Out}' is there already; to go on with it, give it to --resume")
            : options.Out;
    }

    private static void Announce(RunPlan plan, ResultLog log, WorkDirectory work, IRunProgress progress)
    {
        foreach (string line in plan.LeftOut)
        {
            progress.Warn(line.Contains("left out", StringComparison.Ordinal) ? line : "left out: " + line);
        }

        if (work.IsInMemory && plan.Scenarios.Any(s => s.Class == DurabilityClass.B))
        {
            progress.Warn($"{work.FullName} is in memory: an fsync costs nothing there, numbers of class B mean nothing; use --data-dir");
        }

        PlannedRun[] missing = [.. plan.Runs.Where(r => !log.Has(r))];
        TimeSpan expected = TimeSpan.FromSeconds(missing.Sum(r => (r.Scenario.Warmup + r.Scenario.Duration).TotalSeconds
            + (r.Scenario.PreloadBytes / PreloadBytesPerSecond) + SecondsAroundARun + SecondsOfCluster(r)));
        string already = missing.Length == plan.Runs.Count ? "" : $", {plan.Runs.Count - missing.Length} are there already";
        progress.Note(FormattableString.Invariant(
            $"{missing.Length} runs of {plan.Scenarios.Count} scenarios{already}; about {Math.Ceiling(expected.TotalMinutes)} min"));
    }
}
