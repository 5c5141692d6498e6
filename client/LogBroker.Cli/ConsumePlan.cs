using System.Globalization;
using LogBroker.Client;

namespace LogBroker.Cli;

/// <summary>
/// Where <c>consume</c> reads, from its options. <c>--from</c> is a position, a range <c>A:B</c>, or a list that a resume hint has
/// printed: <c>0=120,1=98,start</c>, offsets by partition and, without a number, the position of all others.
/// </summary>
internal sealed record ConsumePlan
{
    /// <summary>Where to begin in partitions that <see cref="Offsets"/> does not name.</summary>
    public Position From { get; init; } = Position.Start;

    /// <summary>Where to end; null follows for ever.</summary>
    public Position? Until { get; init; }

    /// <summary>Where to begin, by partition.</summary>
    public IReadOnlyDictionary<int, long> Offsets { get; init; } = new Dictionary<int, long>();

    /// <summary>The partitions to read; null is all.</summary>
    public IReadOnlyList<int>? Partitions { get; init; }

    /// <summary>True when partitions that <see cref="Offsets"/> does not name are read too.</summary>
    public bool ReadsOthers { get; init; } = true;

    /// <summary>Puts the options together.</summary>
    /// <exception cref="CliException">One is malformed, or two contradict each other.</exception>
    public static ConsumePlan Parse(string? from, string? until, IEnumerable<string> partitions, bool follows, TimeProvider time)
    {
        var plan = new ConsumePlan { Partitions = ParsePartitions(partitions) };
        if (from is not null && from.Contains('='))
        {
            plan = ParseOffsets(plan, from, time);
        }
        else if (from is not null)
        {
            if (!PositionRange.TryParse(from, out PositionRange range, time))
            {
                ParsePosition(from, "--from", time);
            }

            plan = plan with { From = range.From, Until = range.Until };
        }

        if (until is not null)
        {
            plan = plan.Until is null
                ? plan with { Until = ParsePosition(until, "--until", time) }
                : throw CliException.Usage($"--until: --from {from} has an end already");
        }

        if (follows && plan.Until is not null)
        {
            throw CliException.Usage("--follow has no end", "leave out --until, or --follow");
        }

        return follows ? plan : plan with { Until = plan.Until ?? Position.End };
    }

    /// <summary>Reads one position.</summary>
    /// <exception cref="CliException">It is none.</exception>
    public static Position ParsePosition(string text, string option, TimeProvider time) =>
        Position.TryParse(text, out Position position, time)
            ? position
            : throw CliException.Usage(
                $"{option}: '{text}' is no position",
                "expected start, end, an offset such as 47, +10 behind the start, -10 in front of the end, @2026-02-14, "
                + "@2026-02-14T08:30:00Z or @-1h");

    /// <summary>Reads <c>-p 0 -p 2,4-6</c>; null when nothing is said.</summary>
    /// <exception cref="CliException">An entry is no number or span of numbers.</exception>
    public static int[]? ParsePartitions(IEnumerable<string> texts)
    {
        var partitions = new SortedSet<int>();
        bool isSaid = false;
        foreach (string part in texts.SelectMany(t => t.Split(',')))
        {
            isSaid = true;
            string[] ends = part.Split('-');
            if (ends.Length > 2 || !TryNumber(ends[0], out int first) || !TryNumber(ends[^1], out int last) || last < first
                || last - first > 100_000)
            {
                throw CliException.Usage($"--partition: '{part}' is no partition", "for example -p 0, -p 0,2 or -p 0-5");
            }

            for (int partition = first; partition <= last; partition++)
            {
                partitions.Add(partition);
            }
        }

        return isSaid ? [.. partitions] : null;
    }

    private static ConsumePlan ParseOffsets(ConsumePlan plan, string text, TimeProvider time)
    {
        var offsets = new Dictionary<int, long>();
        Position? others = null;
        foreach (string part in text.Split(','))
        {
            int equals = part.IndexOf('=');
            if (equals < 0)
            {
                others = ParsePosition(part, "--from", time);
            }
            else if (!TryNumber(part[..equals], out int partition)
                || !long.TryParse(part.AsSpan(equals + 1), NumberStyles.None, CultureInfo.InvariantCulture, out long offset)
                || !offsets.TryAdd(partition, offset))
            {
                throw CliException.Usage($"--from: '{part}' is no PARTITION=OFFSET", "for example --from 0=120,1=98");
            }
        }

        return plan with { Offsets = offsets, From = others ?? Position.Start, ReadsOthers = others is not null };
    }

    private static bool TryNumber(string text, out int number) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
}
