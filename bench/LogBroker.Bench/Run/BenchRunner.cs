using System.Diagnostics;
using LogBroker.Bench.Plan;
using LogBroker.Bench.Processes;
using LogBroker.Bench.Results;
using LogBroker.Bench.Systems;

namespace LogBroker.Bench.Run;

/// <summary>Goes through a plan. A run that fails is recorded as failed, and the next one comes.</summary>
internal sealed class BenchRunner(
    RunPlan plan,
    ResultLog log,
    WorkDirectory work,
    ProcessStarter processes,
    IInstruments instruments,
    IRunProgress progress)
{
    private const int FailureCharsMax = 600;

    private FsyncProbeResult? _lastFsync;

    /// <summary>Whether syncs are counted from outside where a broker does not count them itself.</summary>
    public bool CountsSyncs { get; init; }

    /// <summary>Does what the log does not have yet; returns how many runs failed.</summary>
    /// <exception cref="OperationCanceledException">It was cancelled; what was measured so far is in the log.</exception>
    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        PlannedRun[] missing = [.. plan.Runs.Where(r => !log.Has(r))];
        int failed = 0;
        for (int i = 0; i < missing.Length; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            PlannedRun run = missing[i];
            var clock = Stopwatch.StartNew();
            progress.Begin(run, i + 1, missing.Length);
            await ProbeDiskAsync(run, cancellationToken);
            RunResult result = await RunOneAsync(run, cancellationToken);
            log.Add(run, result);
            failed += result.Failure is null ? 0 : 1;
            progress.End(run, result, clock.Elapsed);
        }

        return failed;
    }

    private async Task<RunResult> RunOneAsync(PlannedRun run, CancellationToken cancellationToken)
    {
        FsyncProbeResult before = _lastFsync ?? await instruments.ProbeFsyncAsync(work.FullName, cancellationToken);
        DateTimeOffset started = DateTimeOffset.UtcNow;
        RunResult result = await MeasureAsync(run, started, cancellationToken);
        _lastFsync = await instruments.ProbeFsyncAsync(work.FullName, cancellationToken);
        return result with { FsyncBefore = before, FsyncAfter = _lastFsync };
    }

    private async Task<RunResult> MeasureAsync(PlannedRun run, DateTimeOffset started, CancellationToken cancellationToken)
    {
        TimeSpan limit = SingleRun.TimeLimit(run.Scenario);
        using var limited = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limited.CancelAfter(limit);
        string? directory = null;
        try
        {
            RequireSpace(run.Scenario);
            directory = work.CreateFor(run);
            var single = new SingleRun(run, CountsSyncs, processes, instruments);
            return await single.RunAsync(directory, started, limited.Token);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            string why = e is OperationCanceledException && limited.IsCancellationRequested
                ? FormattableString.Invariant($"not done after {limit.TotalSeconds:0} s")
                : e is BenchException ? e.Message : $"{e.GetType().Name}: {e.Message}";
            return SingleRun.Empty(run, started) with { Failure = OneLine(why) };
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            // A system that is stopped under its load complains in its own way.
            throw new OperationCanceledException("interrupted", e, cancellationToken);
        }
        finally
        {
            await processes.KillAllAsync();
            if (directory is not null)
            {
                work.Remove(directory);
            }
        }
    }

    private async Task ProbeDiskAsync(PlannedRun run, CancellationToken cancellationToken)
    {
        bool isOfUse = run.Scenario.Class == DurabilityClass.B || run.Scenario.ColdCache || run.Scenario.Kind == LoadKind.Rejoin;
        if (isOfUse && !log.File.DiskProbes.ContainsKey(run.RoundKey))
        {
            log.AddDiskProbe(run.RoundKey, await instruments.ProbeDiskAsync(work.FullName, cancellationToken));
        }
    }

    private void RequireSpace(Scenario scenario)
    {
        long needed = SingleRun.BytesNeeded(scenario);
        if (needed > work.FreeBytes)
        {
            throw new BenchException(FormattableString.Invariant(
                $"it may write {needed / 1e9:0.0} GB, and {work.FreeBytes / 1e9:0.0} GB are free; choose another place with --data-dir"));
        }
    }

    private static string OneLine(string text)
    {
        string line = string.Join(" | ", text.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries));
        return line.Length <= FailureCharsMax ? line : line[..(FailureCharsMax / 3)] + " … " + line[^(FailureCharsMax * 2 / 3)..];
    }
}
