using System.Globalization;
using LogBroker.Protocol;

namespace LogBroker.Client;

/// <summary>What kind of place a <see cref="Position"/> is.</summary>
public enum PositionKind
{
    /// <summary>A number of records behind the log start.</summary>
    AfterStart = 0,

    /// <summary>A number of records in front of the end.</summary>
    BeforeEnd = 1,

    /// <summary>An offset.</summary>
    Offset = 2,

    /// <summary>The first record with this time or a later one; the end if there is none.</summary>
    Timestamp = 3,
}

/// <summary>
/// A place in a partition, in words; the default is the start. The broker turns it into an offset when a read begins. As text:
/// <c>start</c>, <c>end</c>, <c>47</c> (an offset), <c>+10</c> (ten records behind the start), <c>-10</c> (ten in front of the
/// end), <c>@2026-02-14</c> or <c>@2026-02-14T08:30:00Z</c> (a time, UTC unless it says otherwise), <c>@1771027200000</c>
/// (milliseconds since 1970-01-01, or seconds when it has at most 10 digits), <c>@-1h</c> (a duration ago: ms, s, m, h, d, w).
/// </summary>
public readonly record struct Position
{
    private Position(PositionKind kind, long value)
    {
        Kind = kind;
        Value = value;
    }

    /// <summary>The log start: the oldest record that is still there.</summary>
    public static Position Start => default;

    /// <summary>The end at the time of the call: the offset of the next record to be written.</summary>
    public static Position End => new(PositionKind.BeforeEnd, 0);

    /// <summary>What kind of place it is.</summary>
    public PositionKind Kind { get; }

    /// <summary>Records, an offset, or milliseconds since 1970-01-01, by <see cref="Kind"/>.</summary>
    public long Value { get; }

    /// <summary>An offset, from 0.</summary>
    public static Position At(long offset)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        return new(PositionKind.Offset, offset);
    }

    /// <summary>The first record with this time or a later one.</summary>
    public static Position At(DateTimeOffset time) => AtTimestampMs(time.ToUnixTimeMilliseconds());

    /// <summary>The first record with this time, in milliseconds since 1970-01-01, or a later one.</summary>
    public static Position AtTimestampMs(long timestampMs) => new(PositionKind.Timestamp, timestampMs);

    /// <summary>So many records behind the log start, from 0; at most the end.</summary>
    public static Position AfterStart(long records)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(records);
        return new(PositionKind.AfterStart, records);
    }

    /// <summary>So many records in front of the end, from 0; at least the log start.</summary>
    public static Position BeforeEnd(long records)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(records);
        return new(PositionKind.BeforeEnd, records);
    }

    /// <summary>Parses the text form; <paramref name="time"/> is the clock that <c>@-1h</c> counts from.</summary>
    /// <exception cref="FormatException">It is none of the forms; the message lists them.</exception>
    public static Position Parse(string text, TimeProvider? time = null) =>
        TryParse(text, out Position position, time)
            ? position
            : throw new FormatException(
                $"{ShownValue.Of(text ?? string.Empty)} is not a position; expected start, end, 47, +10, -10, @2026-02-14, "
                + "@2026-02-14T08:30:00Z or @-1h");

    /// <summary>Parses the text form; false when it is none.</summary>
    public static bool TryParse(string? text, out Position position, TimeProvider? time = null)
    {
        position = default;
        switch (text)
        {
            case null or "":
                return false;
            case "start":
                return true;
            case "end":
                position = End;
                return true;
        }

        if (text[0] == '@')
        {
            bool good = TimeText.TryParse(text.AsSpan(1), time ?? TimeProvider.System, out long timestampMs);
            position = new(PositionKind.Timestamp, timestampMs);
            return good;
        }

        PositionKind kind = text[0] switch
        {
            '+' => PositionKind.AfterStart,
            '-' => PositionKind.BeforeEnd,
            _ => PositionKind.Offset,
        };
        ReadOnlySpan<char> digits = kind == PositionKind.Offset ? text : text.AsSpan(1);
        bool isNumber = long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out long value);
        position = new(kind, value);
        return isNumber;
    }

    /// <summary>The text form, which <see cref="Parse"/> reads back to an equal position.</summary>
    public override string ToString() => Kind switch
    {
        PositionKind.AfterStart => Value == 0 ? "start" : string.Create(CultureInfo.InvariantCulture, $"+{Value}"),
        PositionKind.BeforeEnd => Value == 0 ? "end" : string.Create(CultureInfo.InvariantCulture, $"-{Value}"),
        PositionKind.Offset => Value.ToString(CultureInfo.InvariantCulture),
        _ => "@" + TimeText.Format(Value),
    };
}
