using System.Text;

namespace LogBroker.Rpc;

/// <summary>Makes foreign text fit for error messages and logs: at most 64 characters, control characters escaped.</summary>
internal static class Escaped
{
    private const int CharactersMax = 64;

    public static string Cut(ReadOnlySpan<char> text)
    {
        var result = new StringBuilder();
        foreach (var c in text)
        {
            var piece = c is >= ' ' and <= '~' ? c.ToString() : $"\\u{(int)c:x4}";
            if (result.Length + piece.Length > CharactersMax)
                return result.Append('…').ToString();
            result.Append(piece);
        }
        return result.ToString();
    }
}
