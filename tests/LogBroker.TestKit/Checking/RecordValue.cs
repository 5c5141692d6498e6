using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace LogBroker.TestKit;

/// <summary>
/// The value of a record in a history: unique in the whole history. Names its writer and carries the writer's own counter, which rises by
/// one with each record of that writer to the same partition, so that a loss can be told to be at the start, in the middle or at the end.
/// </summary>
public readonly record struct RecordValue
{
    /// <summary>The greatest number of a writer.</summary>
    public const int WriterMax = (1 << 20) - 1;

    /// <summary>The greatest counter.</summary>
    public const long NumberMax = (1L << 43) - 1;

    private const int NumberBits = 43;

    private readonly long _packed;

    /// <summary>A value.</summary>
    /// <param name="writer">The writer, 0 to <see cref="WriterMax"/>.</param>
    /// <param name="number">The writer's counter, 0 to <see cref="NumberMax"/>.</param>
    public RecordValue(int writer, long number)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(writer);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(writer, WriterMax);
        ArgumentOutOfRangeException.ThrowIfNegative(number);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(number, NumberMax);
        _packed = ((long)writer << NumberBits) | number;
    }

    private RecordValue(long packed)
    {
        _packed = packed;
    }

    /// <summary>Stands for bytes that no writer of the history made: they do not parse, or not all parts of the record agree.</summary>
    public static RecordValue Unreadable { get; } = new(-1);

    /// <summary>The writer.</summary>
    public int Writer => (int)(_packed >>> NumberBits);

    /// <summary>The writer's counter.</summary>
    public long Number => _packed & NumberMax;

    /// <summary>Parses the form of <see cref="ToString"/>, such as <c>3:17</c>.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, [MaybeNullWhen(false)] out RecordValue value)
    {
        int colon = text.IndexOf(':');
        value = Unreadable;
        if (text is "?")
            return true;
        if (colon <= 0
            || !int.TryParse(text[..colon], NumberStyles.None, CultureInfo.InvariantCulture, out int writer)
            || !long.TryParse(text[(colon + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out long number)
            || writer > WriterMax
            || number > NumberMax)
        {
            return false;
        }

        value = new RecordValue(writer, number);
        return true;
    }

    public override string ToString() => _packed < 0 ? "?" : string.Create(CultureInfo.InvariantCulture, $"{Writer}:{Number}");
}
