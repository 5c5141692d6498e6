using System.Globalization;
using System.Text;

namespace LogBroker.Cli;

/// <summary>Values of an <see cref="OutputRecord"/> as text.</summary>
internal static class OutputText
{
    /// <summary>The plain form, the same on every machine: what TSV has.</summary>
    public static string Plain(object? value) => value switch
    {
        null => "",
        string text => text,
        bool flag => flag ? "true" : "false",
        IReadOnlyList<int> list => string.Join(',', list),
        IReadOnlyList<long> list => string.Join(',', list),
        IReadOnlyList<string> list => string.Join(',', list),
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        _ => throw new InvalidOperationException("a record holds only plain values"),
    };

    /// <summary>Plain, with what would break a line of TSV escaped.</summary>
    public static string Tsv(object? value)
    {
        string text = Plain(value);
        return text.AsSpan().IndexOfAny('\t', '\n', '\r') < 0
            ? text
            : text.Replace("\\", "\\\\").Replace("\t", "\\t").Replace("\n", "\\n").Replace("\r", "\\r");
    }

    /// <summary>Safe on a terminal: control characters as <c>\n</c>, <c>\t</c> or <c>\xHH</c>, so that data cannot steer it.</summary>
    public static string Visible(string text)
    {
        if (!text.Any(char.IsControl))
        {
            return text;
        }

        var shown = new StringBuilder(text.Length + 8);
        foreach (char c in text)
        {
            shown.Append(c switch
            {
                '\n' => "\\n",
                '\t' => "\\t",
                '\r' => "\\r",
                _ when char.IsControl(c) => "\\x" + ((int)c).ToString("x2", CultureInfo.InvariantCulture),
                _ => c.ToString(),
            });
        }

        return shown.ToString();
    }

    /// <summary><c>logStartOffset</c> as <c>LOG START OFFSET</c>.</summary>
    public static string Title(string name)
    {
        var title = new StringBuilder(name.Length + 4);
        foreach (char c in name)
        {
            if (char.IsUpper(c))
            {
                title.Append(' ');
            }

            title.Append(char.ToUpperInvariant(c));
        }

        return title.ToString();
    }
}
