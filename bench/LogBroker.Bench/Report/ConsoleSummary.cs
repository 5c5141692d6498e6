using LogBroker.Bench.Plan;
using LogBroker.Bench.Results;
using Spectre.Console;

namespace LogBroker.Bench.Report;

/// <summary>What a run prints at its end: one table a class of durability, and what failed or was left out.</summary>
public static class ConsoleSummary
{
    private const int ColumnsWithoutTerminal = 160;

    /// <summary>
    /// Writes medians over the rounds. The latency is the end-to-end one where it was measured, otherwise that of the acknowledgement;
    /// the ratio is that of the scenario's headline figure over paired rounds.
    /// </summary>
    public static void Write(IAnsiConsole console, ResultFile result)
    {
        if (!console.Profile.Out.IsTerminal)
        {
            console.Profile.Width = Math.Max(console.Profile.Width, ColumnsWithoutTerminal);
        }

        var runs = new RunSet([result]);
        foreach (IGrouping<DurabilityClass, Scenario> group in runs.Scenarios.GroupBy(s => s.Class).OrderBy(g => g.Key))
        {
            if (group.Any(s => runs.RunsOf(s.Name).Any()))
            {
                console.Write(ClassTable(runs, group));
            }
        }

        foreach (string line in runs.All.Select(r => Circumstances.WhatWentWrong(r.Run)).OfType<string>())
        {
            console.MarkupLine($"[red]{Markup.Escape(line.Replace("**", ""))}[/]");
        }

        foreach (string line in result.LeftOut)
        {
            console.MarkupLine($"[yellow]left out: {Markup.Escape(line)}[/]");
        }
    }

    private static Table ClassTable(RunSet runs, IGrouping<DurabilityClass, Scenario> group)
    {
        var table = new Table { Border = TableBorder.Simple, Title = new TableTitle(Markup.Escape(ScenarioText.Class(group.Key))) };
        foreach (string head in (string[])["scenario", "system · client"])
        {
            table.AddColumn(new TableColumn(head).NoWrap());
        }

        foreach (string head in (string[])["in", "out", "latency p50", "p99", "CPU s/GB", "RssAnon", "ours / theirs"])
        {
            table.AddColumn(new TableColumn(head).RightAligned().NoWrap());
        }

        foreach (Scenario scenario in group)
        {
            foreach (Contender contender in runs.ContendersOf(scenario.Name))
            {
                table.AddRow(Row(runs, scenario, contender));
            }
        }

        return table;
    }

    private static string[] Row(RunSet runs, Scenario scenario, Contender contender)
    {
        string Cell(Figure figure, string suffix = "") =>
            runs.SpreadOf(scenario.Name, contender, figure) is { } spread ? Quantity.Text(spread.Median, figure.Unit) + suffix : "";

        (string middle, Figure tail) = Latencies(runs, scenario, contender);
        bool isInRecords = scenario.ValueBytes < 512 || scenario.Kind == LoadKind.Singles;
        string name = Markup.Escape(contender.ToString());
        return
        [
            Markup.Escape(scenario.Name),
            runs.Succeeded(scenario.Name, contender).Any() ? name : $"{name} [red]failed[/]",
            isInRecords ? Cell(Figures.InRecords, " records/s")
                : Cell(scenario.Kind == LoadKind.Rejoin ? Figures.CatchUp : Figures.InMegabytes, " MB/s"),
            isInRecords ? Cell(Figures.OutRecords, " records/s") : Cell(Figures.OutMegabytes, " MB/s"),
            middle,
            Cell(tail),
            Cell(Figures.BrokerCpu),
            Cell(Figures.RssAnon),
            Comparison(runs, scenario, contender),
        ];
    }

    /// <summary>What stands in the columns of the median and of the tail.</summary>
    private static (string Middle, Figure Tail) Latencies(RunSet runs, Scenario scenario, Contender contender)
    {
        (string Name, Figure Middle, Figure Tail)[] choices =
        [
            ("end to end", Figures.EndToEndP50, Figures.EndToEndP99),
            ("ack", Figures.AckP50, Figures.AckP99),
            ("unavailable", Figures.Unavailable, Figures.UnavailableWorst),
            ("leaders moved", Figures.LeadersMoved, Figures.UnavailableWorst),
            ("ack p99 before", Figures.TailP99Before, Figures.TailP99During),
        ];
        foreach ((string name, Figure middle, Figure tail) in choices)
        {
            if (runs.SpreadOf(scenario.Name, contender, middle) is { } spread)
            {
                return ($"{name} {Quantity.Text(spread.Median, middle.Unit)}", tail);
            }
        }

        return ("", Figures.AckP99);
    }

    private static string Comparison(RunSet runs, Scenario scenario, Contender contender)
    {
        Figure? headline = Figures.Headline(scenario).FirstOrDefault(f => runs.SpreadOf(scenario.Name, contender, f) is not null);
        if (contender.IsOurs || headline is null
            || PairedRatios.Of(runs, scenario, headline, Rival.Of(contender))?.Ratio is not { } ratio)
        {
            return "";
        }

        string text = Markup.Escape($"{headline.Title.Split(',')[0]} {Quantity.Text(ratio.Median, Unit.Ratio)}");
        return headline.IsWorse(ratio.Median) ? $"[red]{text}[/]" : text;
    }
}
