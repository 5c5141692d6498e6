using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.Json;
using BenchmarkDotNet.Reports;

namespace LogBroker.Microbench;

/// <summary>
/// bench/baselines/microbench.json: the last results of every benchmark, each with the commit, the machine and the load it was
/// measured under. A run replaces the results of the benchmarks it ran and keeps the others.
/// </summary>
internal static class BaselineFile
{
    private static readonly JsonSerializerOptions Format = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        DefaultIgnoreCondition = System.Text.Json.Serialization.JsonIgnoreCondition.WhenWritingNull,
    };

    private sealed record Result(
        string Benchmark,
        double MeanNs,
        double ErrorNs,
        long AllocatedBytes,
        double? BrokerAllocatedBytes,
        string Commit,
        string MeasuredUtc,
        double LoadAverageBefore,
        bool OtherLoadPresent);

    private sealed record Machine(string Processor, int Cores, string Os, string Runtime);

    private sealed record Content(string About, Machine Machine, IReadOnlyList<Result> Results);

    /// <summary>Writes the results and returns the path of the file.</summary>
    public static string Merge(IEnumerable<Summary> summaries, MachineLoad load)
    {
        string path = Path.Combine(RepositoryRoot.Path, "bench", "baselines", "microbench.json");
        var results = new SortedDictionary<string, Result>(StringComparer.Ordinal);
        if (File.Exists(path))
        {
            foreach (Result old in JsonSerializer.Deserialize<Content>(File.ReadAllText(path), Format)!.Results)
            {
                results[old.Benchmark] = old;
            }
        }

        bool hasChanges = Git("status --porcelain -- broker protos client").Length != 0;
        string commit = Git("rev-parse --short=12 HEAD") + (hasChanges ? "+changes" : "");
        foreach (BenchmarkReport report in summaries.SelectMany(s => s.Reports).Where(r => r.ResultStatistics is not null))
        {
            string name = Name(report);
            results[name] = new Result(
                name,
                Math.Round(report.ResultStatistics!.Mean, 1),
                Math.Round(report.ResultStatistics.StandardError, 1),
                report.GcStats.GetBytesAllocatedPerOperation(report.BenchmarkCase) ?? -1,
                SdkBenchmarks.BrokerBytesPerRecord.TryGetValue(name, out double broker) ? broker : null,
                commit,
                DateTime.UtcNow.ToString("yyyy-MM-ddTHH:mm:ssZ", System.Globalization.CultureInfo.InvariantCulture),
                load.RunnableTasks,
                load.IsBusy);
        }

        const string About = "Short runs in process (3 warm-up and 3 measured iterations): good for ratios and allocations, not for "
            + "last percents. otherLoadPresent: the machine did other work at the same time, so times are upper bounds.";
        var content = new Content(About, ThisMachine(), [.. results.Values]);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, JsonSerializer.Serialize(content, Format) + "\n");
        return path;
    }

    private static string Name(BenchmarkReport report)
    {
        var descriptor = report.BenchmarkCase.Descriptor;
        string parameters = string.Join(",", report.BenchmarkCase.Parameters.Items.Select(p => $"{p.Name}={p.Value}"));
        return $"{descriptor.Type.Name}.{descriptor.WorkloadMethod.Name}" + (parameters.Length == 0 ? "" : $"({parameters})");
    }

    private static Machine ThisMachine()
    {
        const string CpuInfo = "/proc/cpuinfo";
        string? model = File.Exists(CpuInfo)
            ? File.ReadLines(CpuInfo).FirstOrDefault(l => l.StartsWith("model name", StringComparison.Ordinal))?.Split(':')[1].Trim()
            : null;
        return new Machine(
            model ?? RuntimeInformation.ProcessArchitecture.ToString(),
            Environment.ProcessorCount,
            RuntimeInformation.OSDescription,
            RuntimeInformation.FrameworkDescription);
    }

    private static string Git(string arguments)
    {
        var start = new ProcessStartInfo("git", arguments) { RedirectStandardOutput = true, WorkingDirectory = RepositoryRoot.Path };
        using Process git = Process.Start(start)!;
        string output = git.StandardOutput.ReadToEnd().Trim();
        git.WaitForExit();
        return output;
    }
}
