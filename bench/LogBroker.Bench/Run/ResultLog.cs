using LogBroker.Bench.Plan;
using LogBroker.Bench.Results;

namespace LogBroker.Bench.Run;

/// <summary>The results so far; each change is written to the result file at once.</summary>
internal sealed class ResultLog(ResultFile file, Action<ResultFile> save)
{
    /// <summary>What the result file holds.</summary>
    public ResultFile File { get; private set; } = file;

    /// <summary>Whether the run has been done; one that failed is done again.</summary>
    public bool Has(PlannedRun run) => File.Runs.Any(r => run.IsSameAs(r) && r.Failure is null);

    /// <summary>Adds a result in place of an earlier one of the same run.</summary>
    public void Add(PlannedRun run, RunResult result) =>
        Set(File with { Runs = [.. File.Runs.Where(r => !run.IsSameAs(r)), result] });

    /// <summary>Adds what the disk did in a scenario's round.</summary>
    public void AddDiskProbe(string roundKey, DiskProbeResult probe)
    {
        var probes = new SortedDictionary<string, DiskProbeResult>(File.DiskProbes.ToDictionary()) { [roundKey] = probe };
        Set(File with { DiskProbes = probes });
    }

    /// <summary>The file to go on with: what was measured, and what is to be measured.</summary>
    /// <exception cref="UsageException">They do not belong into one file.</exception>
    public static ResultFile Continue(ResultFile earlier, ResultFile now, string name)
    {
        if (WithoutDirty(earlier.Commit) != WithoutDirty(now.Commit))
        {
            throw new UsageException($"--resume: {name} was measured at commit {earlier.Commit}, this tree is {now.Commit}");
        }

        if (earlier.Machine != now.Machine)
        {
            throw new UsageException($"--resume: {name} was measured on another machine: {earlier.Machine}; this is {now.Machine}");
        }

        foreach (Scenario before in earlier.Scenarios)
        {
            if (now.Scenarios.FirstOrDefault(s => s.Name == before.Name) is { } planned && planned != before)
            {
                throw new UsageException($"--resume: {name} has {before.Name} with other times or sizes; start a new file with --out");
            }
        }

        return now with
        {
            Commit = earlier.Commit.Length > now.Commit.Length ? earlier.Commit : now.Commit,
            Scenarios = [.. earlier.Scenarios.UnionBy(now.Scenarios, s => s.Name)],
            Runs = earlier.Runs,
            DiskProbes = earlier.DiskProbes,
        };
    }

    private void Set(ResultFile file)
    {
        File = file;
        save(file);
    }

    private static string WithoutDirty(string commit) => commit.Replace("-dirty", "", StringComparison.Ordinal);
}
