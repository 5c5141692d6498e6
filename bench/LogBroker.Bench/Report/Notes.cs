using LogBroker.Bench.Systems;

namespace LogBroker.Bench.Report;

/// <summary>
/// What is written by hand and merged into a report: a Markdown file whose sections begin with <c>## </c>. Known headings are
/// <c>Introduction</c>, <c>What this does not show</c>, <c>Why a target was missed: ROW</c> with a row of the target table, and the name
/// of a workload or a scenario. Others are put before the circumstances. What comes before the first heading is not used.
/// </summary>
internal sealed class Notes
{
    public const string Introduction = "Introduction";
    public const string NotShown = "What this does not show";
    public const string WhyMissed = "Why a target was missed: ";

    private readonly Dictionary<string, string> _sections = new(StringComparer.OrdinalIgnoreCase);
    private readonly List<string> _unused = [];

    public static Notes None => new();

    /// <summary>Headings that no part of the report has taken so far, in the order of the file.</summary>
    public IReadOnlyList<string> Unused => _unused;

    /// <param name="text">The text of the file.</param>
    /// <param name="name">What messages call it.</param>
    /// <exception cref="BenchException">A heading is there twice.</exception>
    public static Notes Parse(string text, string name)
    {
        var notes = new Notes();
        string? heading = null;
        var lines = new List<string>();
        foreach (string line in text.ReplaceLineEndings("\n").Split('\n').Append("## "))
        {
            if (!line.StartsWith("## ", StringComparison.Ordinal))
            {
                lines.Add(line);
                continue;
            }

            if (heading is not null)
            {
                if (!notes._sections.TryAdd(heading, string.Join('\n', lines).Trim()))
                {
                    throw new BenchException($"{name}: the heading '{heading}' is there twice");
                }

                notes._unused.Add(heading);
            }

            heading = line[3..].Trim();
            lines.Clear();
        }

        return notes;
    }

    /// <summary>The text of a section, which then counts as used; null when there is none.</summary>
    public string? Take(string heading)
    {
        _unused.RemoveAll(h => h.Equals(heading, StringComparison.OrdinalIgnoreCase));
        return _sections.GetValueOrDefault(heading);
    }
}
