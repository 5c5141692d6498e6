namespace LogBroker.Bench.Report.Charts;

/// <summary>One bar: the median, with a whisker from the smallest to the largest round.</summary>
/// <param name="Group">The name at the left; bars of one group follow each other.</param>
/// <param name="Label">Before the value at its end, such as <c>in</c>; may be empty.</param>
/// <param name="Spread">The rounds.</param>
/// <param name="Colour">Of the bar.</param>
/// <param name="IsPale">The second bar of a group.</param>
internal sealed record Bar(string Group, string Label, Spread Spread, string Colour, bool IsPale);

/// <summary>Lying bars with whiskers.</summary>
internal static class BarChart
{
    private const double Left = 190;
    private const double Right = 600;
    private const double Top = 72;
    private const double BarHeight = 20;

    /// <param name="title">Above.</param>
    /// <param name="subtitle">Below that.</param>
    /// <param name="axis">Below the axis.</param>
    /// <param name="unit">Of all bars.</param>
    /// <param name="bars">At least one.</param>
    /// <param name="legend">What bars and whiskers are; null for the rounds.</param>
    public static string Draw(string title, string subtitle, string axis, Unit unit, IReadOnlyList<Bar> bars, string? legend = null)
    {
        double height = Top;
        var places = new List<double>();
        for (int i = 0; i < bars.Count; i++)
        {
            height += i > 0 && bars[i].Group != bars[i - 1].Group ? 12 : i > 0 ? 3 : 0;
            places.Add(height);
            height += BarHeight;
        }

        double bottom = height + 10;
        bool hasTwo = bars.Any(b => b.IsPale);
        var canvas = new SvgCanvas(title, subtitle, (int)bottom + (hasTwo ? 84 : 62));
        double step = NiceStep(bars.Max(b => b.Spread.Max));
        double top = Math.Ceiling(bars.Max(b => b.Spread.Max) / step) * step;
        for (double tick = 0; tick <= top * 1.0001; tick += step)
        {
            double x = X(tick, top);
            canvas.Line(x, Top - 8, x, bottom, SvgCanvas.Grid);
            canvas.Text(x, bottom + 16, TickText(tick, unit), 12, SvgCanvas.Faint, Anchor.Middle);
        }

        for (int i = 0; i < bars.Count; i++)
        {
            DrawBar(canvas, bars, i, places[i], top, unit);
        }

        canvas.Line(Left, Top - 8, Left, bottom, SvgCanvas.Faint);
        canvas.Text((Left + Right) / 2, bottom + 36, axis, 12.5, SvgCanvas.Ink, Anchor.Middle);
        DrawLegend(canvas, bars, bottom + 56, hasTwo, legend);
        return canvas.ToString();
    }

    /// <summary>A quarter, a half or a whole power of ten, so that there are four to ten steps up to the value.</summary>
    internal static double NiceStep(double max)
    {
        double power = Math.Pow(10, Math.Floor(Math.Log10(max > 0 ? max : 1)));
        return (max / power) switch { < 2 => power / 4, < 5 => power / 2, _ => power };
    }

    private static void DrawBar(SvgCanvas canvas, IReadOnlyList<Bar> bars, int index, double y, double top, Unit unit)
    {
        Bar bar = bars[index];
        double middle = y + (BarHeight / 2);
        if (index == 0 || bars[index - 1].Group != bar.Group)
        {
            int ofGroup = bars.Count(b => b.Group == bar.Group);
            canvas.Text(Left - 10, middle + 4.5 + ((ofGroup - 1) * (BarHeight + 3) / 2), bar.Group, 13, SvgCanvas.Ink, Anchor.End);
        }

        canvas.Bar(Left, y, X(bar.Spread.Median, top) - Left, BarHeight, bar.Colour, bar.IsPale ? 0.5 : 1);
        if (bar.Spread.Count > 1)
        {
            canvas.Line(X(bar.Spread.Min, top), middle, X(bar.Spread.Max, top), middle, SvgCanvas.Ink, 1.4);
            canvas.Line(X(bar.Spread.Min, top), middle - 5, X(bar.Spread.Min, top), middle + 5, SvgCanvas.Ink, 1.4);
            canvas.Line(X(bar.Spread.Max, top), middle - 5, X(bar.Spread.Max, top), middle + 5, SvgCanvas.Ink, 1.4);
        }

        string value = (bar.Label.Length > 0 ? bar.Label + " " : "") + Quantity.Text(bar.Spread.Median, unit);
        canvas.Text(X(Math.Max(bar.Spread.Median, bar.Spread.Max), top) + 8, middle + 4.5, value, 12.5, SvgCanvas.Ink);
    }

    private static void DrawLegend(SvgCanvas canvas, IReadOnlyList<Bar> bars, double y, bool hasTwo, string? legend)
    {
        if (hasTwo)
        {
            canvas.Text((Left + Right) / 2, y, "full colour: written · pale: read", 12, SvgCanvas.Faint, Anchor.Middle);
            y += 20;
        }

        string ofRounds = bars.Any(b => b.Spread.Count > 1) ? "bar: median · whisker: smallest to largest round" : "one round";
        canvas.Text((Left + Right) / 2, y, legend ?? ofRounds, 12, SvgCanvas.Faint, Anchor.Middle);
    }

    private static string TickText(double value, Unit unit)
    {
        string[] parts = Quantity.Text(value, unit).Split(' ');
        parts[0] = parts[0].Contains('.') ? parts[0].TrimEnd('0').TrimEnd('.') : parts[0];
        return string.Join(' ', parts);
    }

    private static double X(double value, double top) => Left + ((Right - Left) * value / (top > 0 ? top : 1));
}
