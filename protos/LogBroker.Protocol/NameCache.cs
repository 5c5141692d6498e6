using System.Buffers;
using System.Collections.Concurrent;
using System.Text;

namespace LogBroker.Protocol;

/// <summary>
/// Turns the UTF-8 bytes of names that come again and again (topics in requests) into strings without making a new string each
/// time. Bounded: beyond its capacity strings are made anew, so that a client cannot fill it with nonsense. Thread-safe.
/// </summary>
/// <param name="namesMax">How many names are kept.</param>
public sealed class NameCache(int namesMax)
{
    private readonly ConcurrentDictionary<string, string> _names = new(StringComparer.Ordinal);

    /// <summary>The text; bytes that are not UTF-8 become U+FFFD, as in the generated parsers' strings of invalid text.</summary>
    public string Get(in ReadOnlySequence<byte> utf8)
    {
        if (utf8.Length > Limits.TopicNameCharsMax)
        {
            return Encoding.UTF8.GetString(utf8);
        }

        Span<byte> bytes = stackalloc byte[(int)utf8.Length];
        utf8.CopyTo(bytes);
        Span<char> chars = stackalloc char[bytes.Length];
        ReadOnlySpan<char> text = chars[..Encoding.UTF8.GetChars(bytes, chars)];
        if (_names.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(text, out string? known))
        {
            return known;
        }

        string name = text.ToString();
        return _names.Count < namesMax ? _names.GetOrAdd(name, name) : name;
    }
}
