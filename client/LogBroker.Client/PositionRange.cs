using LogBroker.Protocol;

namespace LogBroker.Client;

/// <summary>
/// From a position up to, but not including, another; without the other it has no end. As text <c>A:B</c>, <c>A</c> or <c>A:</c>
/// (no end), <c>:B</c> (from the start), with A and B as in <see cref="Position"/>.
/// </summary>
/// <param name="From">Where it begins.</param>
/// <param name="Until">Where it ends, or null.</param>
public readonly record struct PositionRange(Position From, Position? Until)
{
    /// <summary>Parses the text form; <paramref name="time"/> is the clock that <c>@-1h</c> counts from.</summary>
    /// <exception cref="FormatException">It is no range.</exception>
    public static PositionRange Parse(string text, TimeProvider? time = null) =>
        TryParse(text, out PositionRange range, time)
            ? range
            : throw new FormatException(
                $"{ShownValue.Of(text ?? string.Empty)} is not a range of positions; expected A:B, for example 10:20 or @-1h:end");

    /// <summary>Parses the text form; false when it is none. A time has colons too, so the first split that fits counts.</summary>
    public static bool TryParse(string? text, out PositionRange range, TimeProvider? time = null)
    {
        range = default;
        if (string.IsNullOrEmpty(text) || text == ":")
        {
            return false;
        }

        if (Position.TryParse(text, out Position single, time))
        {
            range = new(single, null);
            return true;
        }

        for (int colon = text.IndexOf(':'); colon >= 0; colon = text.IndexOf(':', colon + 1))
        {
            Position from = Position.Start;
            Position until = default;
            bool hasUntil = colon + 1 < text.Length;
            if ((colon == 0 || Position.TryParse(text[..colon], out from, time))
                && (!hasUntil || Position.TryParse(text[(colon + 1)..], out until, time)))
            {
                range = new(from, hasUntil ? until : null);
                return true;
            }
        }

        return false;
    }

    /// <summary>The text form, which <see cref="Parse"/> reads back to an equal range.</summary>
    public override string ToString() => Until is { } until ? $"{From}:{until}" : From.ToString();
}
