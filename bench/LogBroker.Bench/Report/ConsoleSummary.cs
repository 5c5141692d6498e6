using LogBroker.Bench.Plan;
using LogBroker.Bench.Results;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace LogBroker.Bench.Report;

/// <summary>What a run prints at its end: one table a class of durability, and what failed or was left out.</summary>
public static class ConsoleSummary
{
    private static readonly Figure[] Shown =
    [
        Figures.InRecords, Figures.InMegabytes, Figures.OutMegabytes, Figures.AckP50, Figures.AckP99, Figures.EndToEndP50, Figures.EndToEndP99,
        Figures.BrokerCpu, Figures.RssAnon,
    ];

    /// <summary>Writes medians over the rounds; columns that nobody has are left out.</summary>
    public static void Write(IAnsiConsole console, ResultFile result)
    {
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
            console.MarkupLine($"[yellow]{Markup.Escape(line)}[/]");
        }
    }

    private static Table ClassTable(RunSet runs, IGrouping<DurabilityClass, Scenario> group)
    {
        Figure[] figures = [.. Shown.Where(f => group.Any(s => runs.Succeeded(s.Name).Any(r => f.Read(r.Run) is not null)))];
        var table = new Table { Border = TableBorder.Simple, Title = new TableTitle(Markup.Escape(ScenarioText.Class(group.Key))) };
        table.AddColumn(new TableColumn("scenario").NoWrap()).AddColumn(new TableColumn("system · client").NoWrap());
        foreach (Figure figure in figures)
        {
            table.AddColumn(new TableColumn(figure.Title.Replace("end to end", "e2e")).RightAligned());
        }

        table.AddColumn(new TableColumn("ours / theirs").RightAligned());
        foreach (Scenario scenario in group)
        {
            foreach (Contender contender in runs.ContendersOf(scenario.Name))
            {
                table.AddRow(Row(runs, scenario, contender, figures));
            }
        }

        return table;
    }

    private static IEnumerable<IRenderable> Row(RunSet runs, Scenario scenario, Contender contender, Figure[] figures)
    {
        bool isFailed = !runs.Succeeded(scenario.Name, contender).Any();
        Figure? headline = Figures.Headline(scenario).FirstOrDefault(f => runs.SpreadOf(scenario.Name, contender, f) is not null);
        Spread? ratio = contender.IsOurs || headline is null
            ? null
            : PairedRatios.Of(runs, scenario, headline, Rival.Of(contender))?.Ratio;
        string comparison = ratio is null ? "" : $"{headline!.Title.Split(',')[0]} {Quantity.Text(ratio.Median, Unit.Ratio)}";
        return
        [
            new Text(scenario.Name),
            new Markup(Markup.Escape(contender.ToString()) + (isFailed ? " [red]failed[/]" : "")),
            .. figures.Select(f => new Text(
                runs.SpreadOf(scenario.Name, contender, f) is { } spread ? Quantity.Text(spread.Median, f.Unit) : "")),
            new Markup(
                ratio is not null && headline!.IsWorse(ratio.Median) ? $"[red]{Markup.Escape(comparison)}[/]" : Markup.Escape(comparison)),
        ];
    }
}
