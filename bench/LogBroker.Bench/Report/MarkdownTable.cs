using System.Text;

namespace LogBroker.Bench.Report;

/// <summary>A table in Markdown; columns in which no row has anything are left out.</summary>
internal sealed class MarkdownTable(params string[] headers)
{
    /// <summary>Columns at the left that hold words; the others hold numbers and are aligned right.</summary>
    public int WordColumns { get; init; } = 1;

    private readonly List<string[]> _rows = [];

    public bool IsEmpty => _rows.Count == 0;

    /// <summary>Adds a row; an empty cell is a value that is not there.</summary>
    public void Add(params string[] cells)
    {
        if (cells.Length != headers.Length)
        {
            throw new ArgumentException($"{cells.Length} cells in a table of {headers.Length} columns");
        }

        _rows.Add(cells);
    }

    /// <summary>The table and an empty line; nothing when there are no rows.</summary>
    public void WriteTo(StringBuilder text)
    {
        if (IsEmpty)
        {
            return;
        }

        int[] shown = [.. Enumerable.Range(0, headers.Length).Where(c => _rows.Exists(r => r[c].Length > 0))];
        text.Append(Line(shown.Select(c => headers[c]))).Append(Line(shown.Select(c => c < WordColumns ? "---" : "---:")));
        foreach (string[] row in _rows)
        {
            text.Append(Line(shown.Select(c => row[c])));
        }

        text.Append('\n');
    }

    private static string Line(IEnumerable<string> cells) =>
        "| " + string.Join(" | ", cells.Select(c => c.ReplaceLineEndings(" ").Replace("|", "\\|"))) + " |\n";
}
