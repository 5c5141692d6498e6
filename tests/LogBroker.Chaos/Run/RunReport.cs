using System.Text;

namespace LogBroker.Chaos;

/// <summary>A run as Markdown.</summary>
internal static class RunReport
{
    public static string Of(ChaosRun run, string command)
    {
        var (report, counts) = (run.Outcome.Report, run.Outcome.Report.Counts);
        var text = new StringBuilder();
        Line($"# Chaos run, seed {run.Settings.Seed}: {(run.Outcome.IsValid ? "clean" : "FAILED")}");
        Line($"");
        Line($"    {command}");
        Line($"");
        Line($"Three `logbrokerd` processes, {run.Settings.Scene.Partitions} partitions of three replicas, "
            + $"{run.Settings.Scene.Writers.Count} writers ({run.Settings.Scene.Writers.Count(w => w.IsIdempotent)} idempotent), "
            + $"{run.Settings.Scene.Readers} readers and one reader of each replica; "
            + $"{(run.Settings.HasNamespaces ? "network namespaces" : "proxies")} between the nodes, "
            + $"data on {(run.Settings.Scene.HasImages ? "loop images" : "plain directories")}. "
            + $"Faults for {run.Settings.Time.TotalSeconds:0} s; {run.Took.TotalSeconds:0} s in all.");
        Line($"");
        Line($"| | |");
        Line($"|---|---|");
        Line($"| records acknowledged | {counts.Acked:N0} |");
        Line($"| sent without a known outcome (of these found in the log) | {counts.Unknown:N0} ({counts.UnknownRead:N0}) |");
        Line($"| definitely refused | {counts.Refused:N0} |");
        Line($"| records read by clients | {counts.Read:N0} |");
        Line($"| faults | {counts.Faults:N0} |");
        Line($"| changes of leaders | {counts.LeaderChanges:N0} |");
        Line($"| longest lag of any reader, those of single nodes included | {report.LagMaxNs / 1e9:0.0} s |");
        Line($"| verdict | **{(run.Outcome.IsValid ? "nothing lost, nothing wrong" : "failed")}** |");
        Line($"");
        AddUnavailability();
        AddFaults();
        AddFindings();
        return text.ToString();

        void AddUnavailability()
        {
            Line($"## Longest time without an acknowledgement");
            Line($"");
            Line($"| partition | seconds | at second | faults |");
            Line($"|---|---|---|---|");
            foreach (var gap in run.Outcome.Unavailable)
                Line($"| {gap.Partition} | {gap.LongestNs / 1e9:0.0} | {gap.FromNs / 1e9:0} | {string.Join("; ", gap.Faults)} |");
            Line($"");
        }

        void AddFaults()
        {
            Line($"## Faults");
            Line($"");
            Line($"| fault | times |");
            Line($"|---|---|");
            foreach (var (name, times) in run.Fired)
                Line($"| {name} | {times} |");
            foreach (var (name, reason) in run.Unavailable)
                Line($"| {name} | not possible here: {reason} |");
            Line($"");
        }

        void AddFindings()
        {
            Line($"## Findings");
            Line($"");
            Line($"```");
            text.Append(run.Outcome.ToString().TrimEnd()).Append('\n');
            Line($"```");
        }

        void Line(string line) => text.Append(line).Append('\n');
    }
}
