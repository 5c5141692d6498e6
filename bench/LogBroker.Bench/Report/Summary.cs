using System.Text;
using LogBroker.Bench.Plan;

namespace LogBroker.Bench.Report;

/// <summary>The part of a report that comes first: targets, where we lose, why, and each scenario in one line.</summary>
internal static class Summary
{
    private static readonly DurabilityClass[] Classes = [DurabilityClass.A, DurabilityClass.B];

    public static void AppendTo(StringBuilder text, RunSet runs, Notes notes, List<string> warnings)
    {
        (Target Target, Finding Finding)[] findings = [.. Targets.All.Select(t => (t, t.Judge(runs)))];
        AppendTargets(text, findings);
        AppendLosses(text, runs, findings);
        AppendReasons(text, findings, notes, warnings);
        AppendOverview(text, runs);
    }

    /// <summary>The words for a verdict.</summary>
    public static string Word(Verdict verdict) => verdict switch
    {
        Verdict.Met => "met",
        Verdict.Missed => "**missed**",
        Verdict.NotMeasured => "not measured",
        _ => throw new ArgumentOutOfRangeException(nameof(verdict), verdict, "unknown verdict"),
    };

    private static void AppendTargets(StringBuilder text, (Target Target, Finding Finding)[] findings)
    {
        text.Append("## Targets\n\n")
            .Append($"{findings.Count(f => f.Finding.Verdict == Verdict.Met)} met, ")
            .Append($"{findings.Count(f => f.Finding.Verdict == Verdict.Missed)} missed, ")
            .Append($"{findings.Count(f => f.Finding.Verdict == Verdict.NotMeasured)} not measured. ")
            .Append("\"Kafka\" is the better of its clients in the same round; ratios are ours / theirs, median and range.\n\n");
        foreach (DurabilityClass durability in Classes)
        {
            text.Append($"### Targets where {ScenarioText.Class(durability)}\n\n");
            var table = new MarkdownTable("target", "scenario", "rule", "measured", "verdict") { WordColumns = 5 };
            foreach ((Target target, Finding finding) in findings.Where(f => f.Target.Class == durability))
            {
                table.Add(target.Row, target.Scenario ?? "all", target.Rule, finding.Measured, Word(finding.Verdict));
            }

            table.WriteTo(text);
        }
    }

    private static void AppendLosses(StringBuilder text, RunSet runs, (Target Target, Finding Finding)[] findings)
    {
        text.Append("## Where we lose\n\n");
        IReadOnlyList<Loss> losses = Losses.Of(runs);
        string[] missed =
        [
            .. findings.Where(f => f.Finding.Verdict == Verdict.Missed).Select(f =>
                $"- {f.Target.Row}, {f.Target.Scenario ?? "class " + f.Target.Class}: {f.Target.Rule}; measured {f.Finding.Measured}"),
        ];
        string[] broken = [.. runs.All.Where(r => r.Contender.IsOurs).Select(r => Circumstances.WhatWentWrong(r.Run)).OfType<string>()];
        if (losses.Count + missed.Length + broken.Length == 0)
        {
            text.Append("In no figure that was compared is the median worse than a rival's, and no target was missed.\n\n");
            return;
        }

        text.Append("Every figure whose median ratio says that a rival is better. Nobody chose them.\n\n");
        foreach (DurabilityClass durability in Classes.Where(c => losses.Any(l => l.Class == c)))
        {
            text.Append($"Where {ScenarioText.Class(durability)}:\n\n");
            var table = new MarkdownTable("scenario", "figure", "against", "ours", "theirs", "ours / theirs", "remark") { WordColumns = 3 };
            foreach (Loss loss in losses.Where(l => l.Class == durability))
            {
                Unit unit = loss.Figure.Unit;
                table.Add(
                    loss.Where, loss.Figure.Title, loss.Rival.Title, Quantity.Text(loss.Ratios.Ours!.Median, unit),
                    Quantity.Text(loss.Ratios.Theirs!.Median, unit), Quantity.Text(loss.Ratios.Ratio, Unit.Ratio),
                    loss.Ratios.Ratio!.Count == 1 ? "one round" : loss.IsWithinNoise ? "the rounds disagree" : "");
            }

            table.WriteTo(text);
        }

        AppendList(text, "Targets missed:", missed);
        AppendList(text, "Runs of ours that went wrong:", [.. broken.Select(b => "- " + b)]);
    }

    private static void AppendReasons(
        StringBuilder text, (Target Target, Finding Finding)[] findings, Notes notes, List<string> warnings)
    {
        string[] rows = [.. findings.Where(f => f.Finding.Verdict == Verdict.Missed).Select(f => f.Target.Row).Distinct()];
        if (rows.Length == 0)
        {
            return;
        }

        text.Append("## Why targets were missed\n\n");
        var unexplained = new List<string>();
        foreach (string row in rows)
        {
            if (notes.Take(Notes.WhyMissed + row) is { Length: > 0 } reason)
            {
                text.Append($"### {row}\n\n{reason}\n\n");
            }
            else
            {
                unexplained.Add(row);
            }
        }

        if (unexplained.Count > 0)
        {
            text.Append($"Not explained yet: {string.Join(", ", unexplained)}.\n\n");
            warnings.Add($"no notes explain the missed targets {string.Join(", ", unexplained)}");
        }
    }

    private static void AppendOverview(StringBuilder text, RunSet runs)
    {
        text.Append("## At a glance\n\nOne figure of each scenario; a system with several clients counts by the one with the better ")
            .Append("median, in the ratio by the better one of each round.\n\n");
        foreach (DurabilityClass durability in Classes.Where(c => runs.Scenarios.Any(s => s.Class == c)))
        {
            text.Append($"Where {ScenarioText.Class(durability)}:\n\n");
            string[] systems = [.. runs.Contenders.Select(c => c.System).Distinct()];
            var table = new MarkdownTable(["scenario", "figure", .. systems, "ours / kafka"]) { WordColumns = 2 };
            foreach (Scenario scenario in runs.Scenarios.Where(s => s.Class == durability))
            {
                if (runs.HeadlineOf(scenario) is { } figure)
                {
                    Spread? ratio = PairedRatios.Of(runs, scenario, figure, Rival.Kafka)?.Ratio;
                    table.Add([
                        scenario.Name, figure.Title, .. systems.Select(s => Best(runs, scenario, figure, s)), RatioCell(figure, ratio),
                    ]);
                }
            }

            table.WriteTo(text);
        }
    }

    /// <summary>A ratio, bold when we are worse; empty when there is none.</summary>
    public static string RatioCell(Figure figure, Spread? ratio) =>
        ratio is null ? "" : figure.IsWorse(ratio.Median) ? $"**{Quantity.Text(ratio, Unit.Ratio)}**" : Quantity.Text(ratio, Unit.Ratio);

    private static string Best(RunSet runs, Scenario scenario, Figure figure, string system)
    {
        Spread[] clients = [.. runs.ContendersOf(scenario.Name).Where(c => c.System == system)
            .Select(c => runs.SpreadOf(scenario.Name, c, figure)).OfType<Spread>()];
        return clients.Length == 0
            ? ""
            : Quantity.Text(figure.IsHigherBetter ? clients.MaxBy(s => s.Median) : clients.MinBy(s => s.Median), figure.Unit);
    }

    private static void AppendList(StringBuilder text, string head, string[] items)
    {
        if (items.Length > 0)
        {
            text.Append(head).Append("\n\n").AppendJoin('\n', items).Append("\n\n");
        }
    }
}
