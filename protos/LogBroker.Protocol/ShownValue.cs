using System.Globalization;
using System.Text;

namespace LogBroker.Protocol;

/// <summary>Makes any text safe to show in an error or a log line: one line, printable ASCII, bounded.</summary>
public static class ShownValue
{
    /// <summary>
    /// The text in double quotes, cut to <see cref="Limits.ShownValueCharsMax"/> characters, with everything outside printable ASCII
    /// as <c>\uXXXX</c>.
    /// </summary>
    public static string Of(string value)
    {
        var shown = new StringBuilder(value.Length + 2).Append('"');
        int count = Math.Min(value.Length, Limits.ShownValueCharsMax);
        for (int i = 0; i < count; i++)
        {
            char c = value[i];
            if (c is '"' or '\\')
            {
                shown.Append('\\').Append(c);
            }
            else if (c is >= ' ' and <= '~')
            {
                shown.Append(c);
            }
            else
            {
                shown.Append("\\u").Append(((int)c).ToString("X4", CultureInfo.InvariantCulture));
            }
        }

        return shown.Append(count < value.Length ? "\"…" : "\"").ToString();
    }
}
