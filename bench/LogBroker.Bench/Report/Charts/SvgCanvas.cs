using System.Security;
using System.Text;

namespace LogBroker.Bench.Report.Charts;

/// <summary>Where a text stands in relation to its point.</summary>
internal enum Anchor
{
    Start,
    Middle,
    End,
}

/// <summary>
/// A picture of 720 units width on a light card of its own, so that it reads on a light and on a dark page. The smallest text is 12 units.
/// </summary>
internal sealed class SvgCanvas
{
    public const int Width = 720;
    public const string Ink = "#1f2328";
    public const string Faint = "#57606a";
    public const string Grid = "#d8dee4";
    private readonly StringBuilder _body = new();
    private readonly string _title;
    private readonly int _height;

    public SvgCanvas(string title, string subtitle, int height)
    {
        _title = title;
        _height = height;
        Text(20, 30, title, 17, Ink, isBold: true);
        Text(20, 50, subtitle, 12.5, Faint);
    }

    public void Line(double x1, double y1, double x2, double y2, string colour, double width = 1) =>
        _body.Append($"  <line x1=\"{N(x1)}\" y1=\"{N(y1)}\" x2=\"{N(x2)}\" y2=\"{N(y2)}\"")
            .Append($" stroke=\"{colour}\" stroke-width=\"{N(width)}\"/>\n");

    public void Bar(double x, double y, double width, double height, string colour, double opacity = 1) =>
        _body.Append($"  <rect x=\"{N(x)}\" y=\"{N(y)}\" width=\"{N(Math.Max(width, 0.5))}\" height=\"{N(height)}\" fill=\"{colour}\"")
            .Append(opacity < 1 ? $" fill-opacity=\"{N(opacity)}\"/>\n" : "/>\n");

    public void Dot(double x, double y, string colour) =>
        _body.Append($"  <circle cx=\"{N(x)}\" cy=\"{N(y)}\" r=\"3.2\" fill=\"{colour}\"/>\n");

    public void Curve(IEnumerable<(double X, double Y)> points, string colour, string dashes)
    {
        string places = string.Join(' ', points.Select(p => $"{N(p.X)},{N(p.Y)}"));
        string dashing = dashes.Length > 0 ? $" stroke-dasharray=\"{dashes}\"" : "";
        _body.Append($"  <polyline points=\"{places}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2.2\"")
            .Append($" stroke-linejoin=\"round\"{dashing}/>\n");
    }

    public void Text(
        double x, double y, string text, double size, string colour, Anchor anchor = Anchor.Start, bool isBold = false,
        bool isUpright = false)
    {
        _body.Append($"  <text x=\"{N(x)}\" y=\"{N(y)}\" font-size=\"{N(size)}\" fill=\"{colour}\"")
            .Append(anchor == Anchor.Start ? "" : $" text-anchor=\"{anchor.ToString().ToLowerInvariant()}\"")
            .Append(isBold ? " font-weight=\"600\"" : "")
            .Append(isUpright ? $" transform=\"rotate(-90 {N(x)} {N(y)})\"" : "")
            .Append($">{SecurityElement.Escape(text)}</text>\n");
    }

    public override string ToString() =>
        $"""
        <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {Width} {_height}" width="{Width}" height="{_height}" role="img"
             font-family="-apple-system, 'Segoe UI', 'Noto Sans', 'DejaVu Sans', Helvetica, Arial, sans-serif">
          <title>{SecurityElement.Escape(_title)}</title>
          <rect x="0.5" y="0.5" width="{Width - 1}" height="{_height - 1}" rx="6" fill="#ffffff" stroke="#d0d7de"/>
        {_body}</svg>

        """.ReplaceLineEndings("\n");

    private static string N(double value) => Math.Round(value, 1).ToString("0.#");
}
