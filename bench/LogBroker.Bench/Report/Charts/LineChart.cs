namespace LogBroker.Bench.Report.Charts;

/// <summary>
/// A line: x is a place that the chart knows how to label, y is microseconds. Few points are marked with dots, so that nobody takes the
/// line between them for measured.
/// </summary>
internal sealed record Series(
    string Name, string Colour, string Dashes, IReadOnlyList<(double X, double Microseconds)> Points, bool HasDots);

/// <summary>Lines over a logarithmic axis of time.</summary>
internal static class LineChart
{
    private const double Left = 84;
    private const double Right = 696;
    private const double Top = 70;
    private const double PlotHeight = 290;
    private const double Bottom = Top + PlotHeight;
    private const double LegendRow = 20;

    public static string Draw(
        string title, string subtitle, string axis, string yAxis, IReadOnlyList<(double X, string Label)> ticks,
        IReadOnlyList<Series> series)
    {
        int legendRows = LegendPlaces(series).Max(p => p.Row) + 1;
        var canvas = new SvgCanvas(title, subtitle, (int)(Bottom + 62 + (legendRows * LegendRow)));
        double[] values = [.. series.SelectMany(s => s.Points).Select(p => Math.Max(p.Microseconds, 1))];
        double low = Math.Floor(Math.Log10(values.Min()) + 0.01);
        double high = Math.Max(Math.Ceiling(Math.Log10(values.Max()) - 0.01), low + 1);
        double xMin = ticks.Min(t => t.X);
        double xMax = Math.Max(ticks.Max(t => t.X), series.SelectMany(s => s.Points).Max(p => p.X));
        double X(double value) => Left + ((Right - Left) * (value - xMin) / (xMax > xMin ? xMax - xMin : 1));
        double Y(double microseconds) => Bottom - (PlotHeight * (Math.Log10(Math.Max(microseconds, 1)) - low) / (high - low));

        DrawGrid(canvas, low, high, Y);
        foreach ((double x, string label) in ticks)
        {
            canvas.Line(X(x), Top, X(x), Bottom, SvgCanvas.Grid);
            canvas.Text(X(x), Bottom + 18, label, 12, SvgCanvas.Faint, Anchor.Middle);
        }

        canvas.Text((Left + Right) / 2, Bottom + 38, axis, 12.5, SvgCanvas.Ink, Anchor.Middle);
        canvas.Text(22, (Top + Bottom) / 2, yAxis, 12.5, SvgCanvas.Ink, Anchor.Middle, isUpright: true);
        foreach (Series line in series)
        {
            canvas.Curve(line.Points.Select(p => (X(p.X), Y(p.Microseconds))), line.Colour, line.Dashes);
            foreach ((double x, double microseconds) in line.HasDots ? line.Points : [])
            {
                canvas.Dot(X(x), Y(microseconds), line.Colour);
            }
        }

        DrawLegend(canvas, series);
        return canvas.ToString();
    }

    private static void DrawGrid(SvgCanvas canvas, double low, double high, Func<double, double> y)
    {
        for (double decade = low; decade <= high; decade++)
        {
            double value = Math.Pow(10, decade);
            canvas.Line(Left, y(value), Right, y(value), decade == low ? SvgCanvas.Faint : SvgCanvas.Grid);
            canvas.Text(Left - 8, y(value) + 4.5, Label(value), 12, SvgCanvas.Faint, Anchor.End);
            foreach (int part in high - low <= 2 && decade < high ? (int[])[2, 5] : [])
            {
                canvas.Line(Left, y(value * part), Right, y(value * part), "#eef1f4");
                canvas.Text(Left - 8, y(value * part) + 4.5, Label(value * part), 12, SvgCanvas.Faint, Anchor.End);
            }
        }
    }

    private static string Label(double microseconds) => microseconds switch
    {
        < 1e3 => $"{microseconds:0} µs",
        < 1e6 => $"{microseconds / 1e3:0} ms",
        _ => $"{microseconds / 1e6:0} s",
    };

    private static void DrawLegend(SvgCanvas canvas, IReadOnlyList<Series> series)
    {
        foreach ((Series line, double x, int row) in LegendPlaces(series))
        {
            double y = Bottom + 62 + (row * LegendRow);
            canvas.Curve([(x, y - 4.5), (x + 32, y - 4.5)], line.Colour, line.Dashes);
            canvas.Text(x + 38, y, line.Name, 12.5, SvgCanvas.Ink);
        }
    }

    /// <summary>Side by side as long as they fit; a character is taken as 7.6 units, which is wide.</summary>
    private static IEnumerable<(Series Line, double X, int Row)> LegendPlaces(IReadOnlyList<Series> series)
    {
        double x = Left;
        int row = 0;
        foreach (Series line in series)
        {
            double width = 38 + (line.Name.Length * 7.6) + 20;
            if (x > Left && x + width > Right)
            {
                x = Left;
                row++;
            }

            yield return (line, x, row);
            x += width;
        }
    }
}
