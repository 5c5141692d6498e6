using System.Text;
using LogBroker.Bench.Results;

namespace LogBroker.Bench.Report;

/// <summary>Under which circumstances was measured: machine, commits, versions, configurations, and what was left out or failed.</summary>
internal static class Circumstances
{
    /// <summary>For the top of the report.</summary>
    public static string OneParagraph(RunSet runs)
    {
        MachineInfo machine = runs.Files[0].Machine;
        string commits = string.Join(", ", runs.Files.Select(f => $"`{f.Commit}`").Distinct());
        string dates = string.Join(" to ", ((DateTimeOffset[])[.. runs.All.Select(r => r.Run.Started).Order()]) switch
        {
            [] => (string[])[],
            [var only] => [Day(only)],
            [var first, .., var last] => [.. ((string[])[Day(first), Day(last)]).Distinct()],
        });
        return $"Measured at {commits}{(dates.Length > 0 ? " on " + dates : "")} on {machine.Cpu}, {machine.Cores} cores, "
            + $"{Quantity.Text(machine.MemoryBytes, Unit.Bytes)} of memory, {machine.FileSystem}, kernel {machine.Kernel}, "
            + $"{machine.Runtime}; the load programs ran on the same cores.\n\n";
    }

    /// <summary>A line on a run that failed or lost records; null when it was good.</summary>
    public static string? WhatWentWrong(RunResult run)
    {
        string name = $"{run.Scenario}, {new Contender(run.System, run.Client)}, round {run.Round}";
        return run switch
        {
            { Failure: { } failure } => $"{name}: **failed**: {PlainLine.Of(failure)}",
            { Verify: { IsComplete: false } verify } when verify.RecordsFound < verify.RecordsExpected =>
                $"{name}: **{verify.RecordsExpected - verify.RecordsFound:#,##0} of {verify.RecordsExpected:#,##0} acknowledged records"
                + " are missing**",
            { Verify.IsComplete: false } => $"{name}: **the records found have other bytes than those acknowledged**",
            _ => null,
        };
    }

    public static void AppendTo(StringBuilder text, RunSet runs, IReadOnlyList<(string Name, ResultFile Result)> files)
    {
        text.Append("## Circumstances\n\n");
        foreach ((string name, ResultFile file) in files)
        {
            MachineInfo m = file.Machine;
            text.Append($"- `{Path.GetFileName(name)}`: commit `{file.Commit}`, {m.Cpu}, {m.Cores} cores, ")
                .Append($"{Quantity.Text(m.MemoryBytes, Unit.Bytes)}, {m.FileSystem}, kernel {m.Kernel}, {m.Runtime}; ")
                .Append($"`run {PlainLine.Of(file.Arguments)}`\n");
        }

        text.Append('\n');
        Append(text, "### Left out", runs.Files.SelectMany(f => f.LeftOut).Distinct());
        Append(text, "### Failures", runs.All.Select(r => WhatWentWrong(r.Run)).OfType<string>());
        Append(
            text, "### Versions",
            runs.All.Where(r => r.Run.Version is not null).Select(r => $"{r.Run.System} {r.Run.Version}").Distinct());
        Append(
            text, "### Configurations",
            runs.All.Where(r => r.Run.Configuration is not null)
                .GroupBy(r => (r.Run.System, r.Run.Configuration), r => r.Run.Scenario)
                .Select(g => $"{g.Key.System} ({string.Join(", ", g.Distinct())}): {g.Key.Configuration}"));

        string[] commands =
        [
            .. runs.All.Where(r => r.Run.Load?.CommandLine is not null)
                .GroupBy(r => (r.Contender, r.Run.Scenario))
                .Select(g => $"- {g.Key.Scenario}, {g.Key.Contender}: `{PlainLine.Of(g.First().Run.Load!.CommandLine!)}`"),
        ];
        if (commands.Length > 0)
        {
            text.Append("<details><summary>Command lines of the load programs</summary>\n\n").AppendJoin('\n', commands)
                .Append("\n\n</details>\n\n");
        }
    }

    private static void Append(StringBuilder text, string heading, IEnumerable<string> lines)
    {
        string[] all = [.. lines.Select(l => "- " + PlainLine.Of(l))];
        if (all.Length > 0)
        {
            text.Append(heading).Append("\n\n").AppendJoin('\n', all).Append("\n\n");
        }
    }

    private static string Day(DateTimeOffset time) => time.ToString("yyyy-MM-dd");
}
