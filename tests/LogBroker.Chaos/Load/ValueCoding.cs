using System.Globalization;
using System.Text;

namespace LogBroker.Chaos;

/// <summary>
/// Records as bytes: the value says its writer and number, the key and the padding follow from them, so that a mixture of two is noticed.
/// </summary>
internal static class ValueCoding
{
    private const int PaddingMax = 200;

    public static byte[] Key(RecordValue value) => Encoding.ASCII.GetBytes(KeyText(value));

    public static byte[] Value(RecordValue value) => Encoding.ASCII.GetBytes(ValueText(value));

    /// <summary>The value, or <see cref="RecordValue.Unreadable"/> when the bytes are not exactly those of one.</summary>
    public static RecordValue Decode(ReadOnlyMemory<byte>? key, ReadOnlyMemory<byte>? value)
    {
        if (key is not { } keyBytes || value is not { } valueBytes)
            return RecordValue.Unreadable;
        string text = Encoding.Latin1.GetString(valueBytes.Span);
        int end = text.IndexOf('/');
        if (end < 0 || !RecordValue.TryParse(text.AsSpan(0, end), out var decoded) || decoded == RecordValue.Unreadable)
            return RecordValue.Unreadable;
        bool isWhole = text == ValueText(decoded) && Encoding.Latin1.GetString(keyBytes.Span) == KeyText(decoded);
        return isWhole ? decoded : RecordValue.Unreadable;
    }

    private static string KeyText(RecordValue value) => string.Create(CultureInfo.InvariantCulture, $"w{value.Writer}k{value.Number % 97}");

    private static string ValueText(RecordValue value)
    {
        int padding = (int)((value.Number * 7919) + value.Writer) % PaddingMax;
        return $"{value}/{new string((char)('a' + (value.Number % 26)), Math.Abs(padding))}";
    }
}
