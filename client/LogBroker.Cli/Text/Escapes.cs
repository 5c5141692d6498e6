using System.Globalization;
using System.Text;

namespace LogBroker.Cli;

/// <summary>
/// Backslash escapes in delimiters and format strings, as C and printf have them: <c>\n \r \t \0 \\ \xHH</c>. An unknown one is an error
/// rather than text, so that a typing mistake does not become data.
/// </summary>
internal static class Escapes
{
    /// <summary>The bytes that a delimiter argument stands for.</summary>
    /// <exception cref="CliException">The text is empty or has an unknown escape.</exception>
    public static byte[] Delimiter(string text, string option)
    {
        if (text.Length == 0)
        {
            throw CliException.Usage($"{option}: the delimiter is empty", "for example '\\n', '\\n\\n', '\\t', '\\0' or ','");
        }

        var bytes = new List<byte>();
        for (int i = 0; i < text.Length;)
        {
            if (text[i] == '\\')
            {
                bytes.Add(One(text, ref i, option));
            }
            else
            {
                int end = text.IndexOf('\\', i) is var found and >= 0 ? found : text.Length;
                bytes.AddRange(Encoding.UTF8.GetBytes(text[i..end]));
                i = end;
            }
        }

        return [.. bytes];
    }

    /// <summary>Reads the escape at <paramref name="at"/> (which points to the backslash) and moves behind it.</summary>
    /// <exception cref="CliException">It is unknown.</exception>
    public static byte One(string text, ref int at, string option)
    {
        char kind = at + 1 < text.Length ? text[at + 1] : '\0';
        if (kind == 'x' && at + 3 < text.Length
            && byte.TryParse(text.AsSpan(at + 2, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out byte value))
        {
            at += 4;
            return value;
        }

        byte? simple = kind switch
        {
            'n' => (byte)'\n',
            'r' => (byte)'\r',
            't' => (byte)'\t',
            '0' when at + 1 < text.Length => 0,
            '\\' => (byte)'\\',
            _ => null,
        };
        if (simple is null)
        {
            throw CliException.Usage(
                $"{option}: unknown escape '{text.AsSpan(at, Math.Min(2, text.Length - at))}'", "known are \\n \\r \\t \\0 \\\\ and \\xHH");
        }

        at += 2;
        return simple.Value;
    }
}
