using System.Buffers;
using System.Text;

namespace LogBroker.Rpc;

/// <summary>The percent encoding of <c>grpc-message</c> (source: grpc/doc/PROTOCOL-HTTP2.md, "Percent-Encoded").</summary>
internal static class PercentCoding
{
    /// <summary>A status text is for people; longer ones would not fit into header limits of common clients.</summary>
    public const int CharactersMax = 2048;

    private static readonly SearchValues<char> Plain =
        SearchValues.Create(" !\"#$&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~");

    public static string Encode(string text)
    {
        if (text.Length > CharactersMax)
            text = string.Concat(text.AsSpan(0, char.IsHighSurrogate(text[CharactersMax - 1]) ? CharactersMax - 1 : CharactersMax), "…");
        if (!text.AsSpan().ContainsAnyExcept(Plain))
            return text;
        var encoded = new StringBuilder(text.Length + 16);
        foreach (var b in Encoding.UTF8.GetBytes(text))
        {
            if (Plain.Contains((char)b))
                encoded.Append((char)b);
            else
                encoded.Append('%').Append(b.ToString("X2"));
        }
        return encoded.ToString();
    }

    /// <summary>Decodes leniently: what is not a proper escape stays as it is, as the protocol demands.</summary>
    public static string Decode(string text)
    {
        if (!text.Contains('%'))
            return text;
        var bytes = new byte[Encoding.UTF8.GetMaxByteCount(text.Length)];
        var length = 0;
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '%' && i + 2 < text.Length && char.IsAsciiHexDigit(text[i + 1]) && char.IsAsciiHexDigit(text[i + 2]))
            {
                bytes[length++] = (byte)((Hex(text[i + 1]) << 4) | Hex(text[i + 2]));
                i += 2;
            }
            else
            {
                length += Encoding.UTF8.GetBytes(text, i, IsPair(text, i) ? 2 : 1, bytes, length);
                if (IsPair(text, i))
                    i++;
            }
        }
        return Encoding.UTF8.GetString(bytes, 0, length);
    }

    private static bool IsPair(string text, int index) => index + 1 < text.Length && char.IsSurrogatePair(text[index], text[index + 1]);

    private static int Hex(char c) => c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
}
