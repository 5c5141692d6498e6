using LogBroker.Bench.Plan;
using LogBroker.Bench.Results;

namespace LogBroker.Bench.Report.Charts;

/// <summary>A picture of a report: its file name without a folder, what it shows in words, and its text.</summary>
internal sealed record Chart(string FileName, string Caption, string Svg);

/// <summary>The charts of a scenario; those for which nobody has numbers are left out.</summary>
internal static class ScenarioCharts
{
    public static IReadOnlyList<Chart> Of(RunSet runs, Scenario scenario)
    {
        var charts = new List<Chart?>();
        if (scenario.Kind == LoadKind.Failover)
        {
            charts.Add(Unavailable(runs, scenario));
        }
        else if (scenario.Kind == LoadKind.Rejoin)
        {
            charts.Add(CatchUp(runs, scenario));
        }
        else if (scenario.Kind is not (LoadKind.FixedRate or LoadKind.Idle))
        {
            charts.Add(Throughput(runs, scenario));
        }

        if (scenario.Kind is LoadKind.FixedRate or LoadKind.Singles)
        {
            charts.Add(Percentiles(runs, scenario, "end-to-end latency", "latency", l => l.EndToEnd));
            charts.Add(Percentiles(runs, scenario, "acknowledgement latency", "ack", l => l.Ack));
            charts.Add(OverTime(runs, scenario, "end-to-end latency", "overtime", l => l.EndToEnd)
                ?? OverTime(runs, scenario, "acknowledgement latency", "overtime", l => l.Ack));
        }

        return [.. charts.OfType<Chart>()];
    }

    private static Chart? Throughput(RunSet runs, Scenario scenario)
    {
        bool isInRecords = scenario.ValueBytes < 512 || scenario.Kind == LoadKind.Singles;
        Figure written = isInRecords ? Figures.InRecords : Figures.InMegabytes;
        Figure read = isInRecords ? Figures.OutRecords : Figures.OutMegabytes;

        // Some tools also measure the way that the scenario does not ask for.
        bool hasBoth = scenario.Kind == LoadKind.Tail;
        var bars = new List<Bar>();
        foreach (Contender contender in runs.ContendersOf(scenario.Name))
        {
            string colour = Palette.Of(contender, runs.Contenders).Colour;
            if (scenario.Kind != LoadKind.CatchUp && runs.SpreadOf(scenario.Name, contender, written) is { } into)
            {
                bars.Add(new Bar(contender.ToString(), hasBoth ? "in" : "", into, colour, false));
            }

            if (scenario.Kind is LoadKind.Tail or LoadKind.CatchUp && runs.SpreadOf(scenario.Name, contender, read) is { } outOf)
            {
                bars.Add(new Bar(contender.ToString(), hasBoth ? "out" : "", outOf, colour, hasBoth));
            }
        }

        string axis = isInRecords ? "records per second" : "MB/s of values (10⁶ bytes)";
        return bars.Count == 0
            ? null
            : new Chart(
                FileName(scenario, "throughput"), $"{scenario.Name}: throughput",
                BarChart.Draw($"{scenario.Name}: throughput", ScenarioText.Short(scenario), axis, written.Unit, bars));
    }

    private static Chart? Unavailable(RunSet runs, Scenario scenario) => Bars(
        runs, scenario, "unavailable", "time without an acknowledgement of one partition", "seconds", Unit.Seconds,
        "bar: median · whisker: shortest to longest of all ends of a node",
        c => Spread.Of(runs.Succeeded(scenario.Name, c).SelectMany(r => r.Run.Load?.NodeLosses ?? []).Select(l => l.UnavailableSeconds)));

    private static Chart? CatchUp(RunSet runs, Scenario scenario) => Bars(
        runs, scenario, "catchup", "catch-up of a node that was away", "MB/s of values (10⁶ bytes)", Unit.MegabytesPerSecond, null,
        c => runs.SpreadOf(scenario.Name, c, Figures.CatchUp));

    private static Chart? Bars(
        RunSet runs, Scenario scenario, string suffix, string what, string axis, Unit unit, string? legend, Func<Contender, Spread?> read)
    {
        Bar[] bars =
        [
            .. runs.ContendersOf(scenario.Name).Select(c => (Contender: c, Spread: read(c))).Where(b => b.Spread is not null)
                .Select(b => new Bar(b.Contender.ToString(), "", b.Spread!, Palette.Of(b.Contender, runs.Contenders).Colour, false)),
        ];
        string title = $"{scenario.Name}: {what}";
        return bars.Length == 0
            ? null
            : new Chart(FileName(scenario, suffix), title, BarChart.Draw(title, ScenarioText.Short(scenario), axis, unit, bars, legend));
    }

    private static Chart? Percentiles(
        RunSet runs, Scenario scenario, string what, string suffix, Func<ClientResult, Latency?> read)
    {
        var series = new List<Series>();
        foreach ((Contender contender, Latency latency) in MedianRounds(runs, scenario, read))
        {
            (string colour, string dashes) = Palette.Of(contender, runs.Contenders);
            bool isCurve = latency.Curve.Count >= 10;
            IEnumerable<CurvePoint> points = isCurve ? latency.Curve : FewPoints(latency);
            double deepest = Nines(100 - (100.0 / Math.Max(latency.Count, 2)));
            (double, double)[] places = [.. points.Select(p => (Math.Min(Nines(p.Percentile), deepest), p.Microseconds))];
            series.Add(new Series(contender.ToString(), colour, dashes, places, HasDots: !isCurve));
        }

        if (series.Count == 0)
        {
            return null;
        }

        double last = series.SelectMany(s => s.Points).Max(p => p.X);
        (double X, string Label)[] ticks =
        [
            .. ((double[])[0, 50, 90, 99, 99.9, 99.99, 99.999, 99.9999]).Select(p => (Nines(p), p.ToString()))
                .Where(t => t.Item1 <= Math.Max(last, 2) + 0.01),
        ];
        string title = $"{scenario.Name}: {what} by percentile";
        return new Chart(
            FileName(scenario, suffix), title,
            LineChart.Draw(
                title, ScenarioText.Short(scenario), "percentile (each step is a nine more) of the round with the median p99",
                "latency (log scale)", ticks, series));
    }

    private static Chart? OverTime(RunSet runs, Scenario scenario, string what, string suffix, Func<ClientResult, Latency?> read)
    {
        var series = new List<Series>();
        foreach ((Contender contender, Latency latency) in MedianRounds(runs, scenario, read).Where(l => l.Latency.OverTime.Count >= 2))
        {
            (string colour, string dashes) = Palette.Of(contender, runs.Contenders);
            (double, double)[] places = [.. latency.OverTime.Select(p => ((double)p.Second, p.P99))];
            series.Add(new Series(contender.ToString(), colour, dashes, places, HasDots: places.Length <= 30));
        }

        if (series.Count == 0)
        {
            return null;
        }

        double last = series.SelectMany(s => s.Points).Max(p => p.X);
        double step = Math.Max(1, Math.Ceiling(last / 12));
        (double, string)[] ticks = [.. Enumerable.Range(0, (int)(last / step) + 1).Select(i => (i * step, $"{i * step:0}"))];
        string title = $"{scenario.Name}: p99 of {what} in each second";
        return new Chart(
            FileName(scenario, suffix), title,
            LineChart.Draw(
                title, ScenarioText.Short(scenario), "second of the measured part of the round with the median p99",
                "p99 (log scale)", ticks, series));
    }

    /// <summary>Distributions of different rounds are not averaged: the round in the middle by p99 stands for a contender.</summary>
    private static IEnumerable<(Contender Contender, Latency Latency)> MedianRounds(
        RunSet runs, Scenario scenario, Func<ClientResult, Latency?> read)
    {
        foreach (Contender contender in runs.ContendersOf(scenario.Name))
        {
            Latency[] rounds =
            [
                .. runs.Succeeded(scenario.Name, contender).Select(r => r.Run.Load is { } load ? read(load) : null).OfType<Latency>()
                    .OrderBy(l => l.P99),
            ];
            if (rounds.Length > 0)
            {
                yield return (contender, rounds[(rounds.Length - 1) / 2]);
            }
        }
    }

    private static IEnumerable<CurvePoint> FewPoints(Latency latency) =>
    [
        new(50, latency.P50),
        .. Point(90, latency.P90), new(99, latency.P99), .. Point(99.9, latency.P999), .. Point(99.99, latency.P9999),
        new(100, latency.Max),
    ];

    private static CurvePoint[] Point(double percentile, double? microseconds) =>
        microseconds is { } value ? [new CurvePoint(percentile, value)] : [];

    /// <summary>90 is 1, 99 is 2, 99.9 is 3.</summary>
    private static double Nines(double percentile) => -Math.Log10(Math.Max(1 - (percentile / 100), 1e-9));

    private static string FileName(Scenario scenario, string suffix) => $"{scenario.Name}-{suffix}.svg";
}
