using System.Text;
using System.Text.RegularExpressions;
using LogBroker.Bench.Plan;
using LogBroker.Bench.Results;

namespace LogBroker.Bench.Report;

/// <summary>One scenario: what it is, speed, cost, ratios, remarks, and the single rounds folded away.</summary>
internal static partial class ScenarioSection
{
    public static void AppendTo(StringBuilder text, RunSet runs, Scenario scenario)
    {
        text.Append($"### {scenario.Name}\n\n{ScenarioText.Class(scenario.Class)[..1].ToUpperInvariant()}")
            .Append($"{ScenarioText.Class(scenario.Class)[1..]}; {ScenarioText.Long(scenario)}\n\n");
        if (!runs.RunsOf(scenario.Name).Any())
        {
            text.Append("Not run.\n\n");
            return;
        }

        AppendFigures(text, runs, scenario, "speed", Figures.Speed, hasOutcome: true);
        AppendFigures(text, runs, scenario, "cost", Figures.Cost, hasOutcome: false);
        AppendRatios(text, runs, scenario);
        AppendRemarks(text, runs, scenario);
        AppendRounds(text, runs, scenario);
    }

    private static void AppendFigures(
        StringBuilder text, RunSet runs, Scenario scenario, string head, IReadOnlyList<Figure> figures, bool hasOutcome)
    {
        bool isAnyThere = figures.Any(f => runs.Succeeded(scenario.Name).Any(r => f.Read(r.Run) is not null));
        if (!isAnyThere && !hasOutcome)
        {
            return;
        }

        var table = new MarkdownTable([head, .. figures.Select(f => f.Title), .. hasOutcome ? (string[])["verified", "rounds"] : []]);
        foreach (Contender contender in runs.ContendersOf(scenario.Name))
        {
            table.Add([
                contender.ToString(),
                .. figures.Select(f => Quantity.Text(runs.SpreadOf(scenario.Name, contender, f), f.Unit)),
                .. hasOutcome ? Outcome(runs, scenario, contender) : [],
            ]);
        }

        table.WriteTo(text);
    }

    private static string[] Outcome(RunSet runs, Scenario scenario, Contender contender)
    {
        RunResult[] all = [.. runs.RunsOf(scenario.Name).Where(r => r.Contender == contender).Select(r => r.Run)];
        RunResult[] good = [.. all.Where(r => r.Failure is null)];
        RunResult[] verified = [.. good.Where(r => r.Verify is not null)];
        string rounds = good.Length == all.Length ? $"{all.Length}" : good.Length == 0 ? "**failed**" : $"{good.Length} of {all.Length}";
        string answer = verified.Length == 0 ? ""
            : verified.Any(r => !r.Verify!.IsComplete) ? "**NO**"
            : verified.Length == good.Length ? "yes" : $"yes, {verified.Length} of {good.Length}";
        return [answer, rounds];
    }

    private static void AppendRatios(StringBuilder text, RunSet runs, Scenario scenario)
    {
        Rival[] rivals =
        [
            .. Losses.RivalSystems(runs, scenario).SelectMany(best =>
            {
                Contender[] clients = [.. runs.ContendersOf(scenario.Name).Where(best.Matches)];
                return clients.Length > 1 ? [best, .. clients.Select(Rival.Of)] : (Rival[])[Rival.Of(clients[0])];
            }),
        ];
        IReadOnlyList<Figure> figures = [.. Figures.Compared(scenario.Kind), Figures.Start];
        var table = new MarkdownTable(["ours / theirs", .. figures.Select(f => f.Title.Replace(", MB/s", "").Replace(", records/s", ""))]);
        bool hasSkipped = false;
        foreach (Rival rival in rivals)
        {
            PairedRatios?[] ratios = [.. figures.Select(f => PairedRatios.Of(runs, scenario, f, rival))];
            if (ratios.Any(r => r is not null))
            {
                table.Add([rival.Title, .. figures.Zip(ratios, Cell)]);
                hasSkipped |= ratios.Any(r => r is { OtherMode: > 0 } or { BelowResolution: > 0 });
            }
        }

        table.WriteTo(text);
        if (hasSkipped)
        {
            text.Append("† rounds left out: the disk was in another mode for one of the two, or one side reads 0 at its resolution.\n\n");
        }
    }

    private static string Cell(Figure figure, PairedRatios? ratios)
    {
        if (ratios is null)
        {
            return "";
        }

        int skipped = ratios.OtherMode + ratios.BelowResolution;
        string mark = skipped > 0 ? $"†{skipped}" : "";
        return $"{Summary.RatioCell(figure, ratios.Ratio)} {mark}".Trim();
    }

    private static void AppendRemarks(StringBuilder text, RunSet runs, Scenario scenario)
    {
        string[] lines =
        [
            .. runs.RunsOf(scenario.Name).Select(r => Circumstances.WhatWentWrong(r.Run)).OfType<string>().Select(l => $"- {l}"),
            .. runs.Succeeded(scenario.Name).Where(r => !string.IsNullOrWhiteSpace(r.Run.Load?.Remark))
                .GroupBy(r => (r.Contender, Digits().Replace(r.Run.Load!.Remark!, "0"))).Select(RemarkLine),
        ];
        if (lines.Length > 0)
        {
            text.AppendJoin('\n', lines).Append("\n\n");
        }
    }

    /// <summary>Remarks that differ only in their numbers are one line, with the numbers of the first round.</summary>
    private static string RemarkLine(IEnumerable<MeasuredRun> runs)
    {
        string[] remarks = [.. runs.Select(r => r.Run.Load!.Remark!).Distinct()];
        string suffix = remarks.Length > 1 ? $" (round {runs.First().Run.Round}; other numbers in other rounds)" : "";
        return $"- {runs.First().Contender}: {PlainLine.Of(remarks[0])}{suffix}";
    }

    private static void AppendRounds(StringBuilder text, RunSet runs, Scenario scenario)
    {
        Figure? figure = runs.HeadlineOf(scenario);
        var table = new MarkdownTable(
            "round", "turn", "run", figure?.Title ?? "", "fsync before, p50", "p99", "fsync after, p50", "p99", "after / before",
            "disk, write", "disk, read")
        {
            WordColumns = 3,
        };
        foreach (MeasuredRun run in runs.RunsOf(scenario.Name).OrderBy(r => r.File).ThenBy(r => r.Run.Round).ThenBy(r => r.Run.Turn))
        {
            RunResult result = run.Run;
            DiskProbeResult? disk = runs.DiskProbeFor(run);
            table.Add(
                runs.Files.Count > 1 ? $"{run.File + 1}.{result.Round}" : $"{result.Round}", $"{result.Turn}", $"{run.Contender}",
                result.Failure is not null ? "failed" : One(figure?.Read(result), figure?.Unit ?? Unit.Count),
                One(result.FsyncBefore?.P50, Unit.Microseconds), One(result.FsyncBefore?.P99, Unit.Microseconds),
                One(result.FsyncAfter?.P50, Unit.Microseconds), One(result.FsyncAfter?.P99, Unit.Microseconds),
                One(result is { FsyncBefore.P50: > 0 and { } before, FsyncAfter.P50: { } after } ? after / before : null, Unit.Ratio),
                Rate(disk?.WriteOneSyncPerMebibyte), Rate(disk?.SequentialRead));
        }

        text.Append("<details><summary>The rounds, and the disk beside them</summary>\n\n");
        table.WriteTo(text);
        text.Append("</details>\n\n");
    }

    private static string One(double? value, Unit unit) => value is { } number ? Quantity.Text(number, unit) : "";

    private static string Rate(double? megabytesPerSecond) =>
        megabytesPerSecond is { } rate ? $"{Quantity.Text(rate, Unit.MegabytesPerSecond)} MB/s" : "";

    [GeneratedRegex(@"\d+(\.\d+)?")]
    private static partial Regex Digits();
}
