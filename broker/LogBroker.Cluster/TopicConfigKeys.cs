using System.Globalization;
using LogBroker.Protocol;
using LogBroker.Storage;

namespace LogBroker.Cluster;

/// <summary>One configuration key of topics.</summary>
/// <param name="Key">The name, as in Kafka where Kafka has it.</param>
/// <param name="Documentation">What it does, with unit and range, in one or two sentences.</param>
/// <param name="Apply">Puts a value given as text into a configuration, or says what is wrong with it.</param>
/// <param name="Show">The value in a configuration as text that <see cref="Apply"/> takes.</param>
public sealed record TopicConfigKey(
    string Key,
    string Documentation,
    Func<TopicConfig, string, Result<TopicConfig>> Apply,
    Func<TopicConfig, string> Show);

/// <summary>
/// The configuration keys of topics: the one list from which validation, defaults, descriptions and documentation follow. Pure and
/// thread-safe.
/// </summary>
public static class TopicConfigKeys
{
    private const int IndexIntervalBytesMin = 64;
    private const int IndexIntervalBytesMax = 1024 * 1024;

    /// <summary>All keys in order of name.</summary>
    public static IReadOnlyList<TopicConfigKey> All { get; } =
    [
        Policy("cleanup.policy",
            "delete: whole segments are deleted by age and size. compact: the newest record of each key is kept, and records must have "
            + "keys. compact,delete: both."),
        Duration("delete.retention.ms",
            "How long a tombstone stays after the first compaction that meets it; a reader that takes longer from the start may miss a "
            + "deletion.",
            0, long.MaxValue, isUnboundedAllowed: false,
            c => c.DeleteRetentionMs, (c, v) => c with { DeleteRetentionMs = v }),
        Choice("durability",
            "fsync: records are on disk before they are acknowledged. memory: they are in the page cache of the same quorum, and a "
            + "power cut may lose them.",
            [("fsync", TopicDurability.Fsync), ("memory", TopicDurability.Memory)],
            c => c.Durability, (c, v) => c with { Durability = v }),
        Size("index.interval.bytes",
            "Bytes of log between two entries of the sparse indexes.",
            IndexIntervalBytesMin, IndexIntervalBytesMax, isUnboundedAllowed: false,
            c => c.IndexIntervalBytes, (c, v) => c with { IndexIntervalBytes = (int)v }),
        Duration("max.compaction.lag.ms",
            "Records older than this are compacted whatever the dirty ratio is; the open segment is rolled for it.",
            1, long.MaxValue, isUnboundedAllowed: false,
            c => c.CompactionLagMsMax, (c, v) => c with { CompactionLagMsMax = v }),
        Size("max.message.bytes",
            "The largest record batch, header included; a batch must also fit into a segment.",
            BatchHeader.Bytes, Limits.BatchBytesMax, isUnboundedAllowed: false,
            c => c.BatchBytesMax, (c, v) => c with { BatchBytesMax = (int)v }),
        Choice("message.timestamp.type",
            "CreateTime: a record's timestamp is the producer's. LogAppendTime: it is the broker's, at append.",
            [("CreateTime", TopicTimestampType.CreateTime), ("LogAppendTime", TopicTimestampType.LogAppendTime)],
            c => c.TimestampType, (c, v) => c with { TimestampType = v }),
        Ratio("min.cleanable.dirty.ratio",
            "A partition is compacted when more than this part of its closed segments was not compacted yet.",
            c => c.DirtyRatioMin, (c, v) => c with { DirtyRatioMin = v }),
        Duration("min.compaction.lag.ms",
            "Segments whose last record was appended more recently are not compacted.",
            0, long.MaxValue, isUnboundedAllowed: false,
            c => c.CompactionLagMsMin, (c, v) => c with { CompactionLagMsMin = v }),
        Size("retention.bytes",
            "The oldest segments of a partition beyond this size may be deleted; -1 is no bound.",
            0, long.MaxValue, isUnboundedAllowed: true,
            c => c.RetentionBytes, (c, v) => c with { RetentionBytes = v }),
        Duration("retention.ms",
            "Segments whose last record was appended longer ago may be deleted; -1 keeps them for ever.",
            0, long.MaxValue, isUnboundedAllowed: true,
            c => c.RetentionMs, (c, v) => c with { RetentionMs = v }),
        Size("segment.bytes",
            "A segment is rolled before it grows beyond this.",
            Limits.SegmentBytesMin, int.MaxValue, isUnboundedAllowed: false,
            c => c.SegmentBytesMax, (c, v) => c with { SegmentBytesMax = (int)v }),
        Duration("segment.ms",
            "A segment is rolled when its first record was appended longer ago.",
            1_000, long.MaxValue, isUnboundedAllowed: false,
            c => c.SegmentAgeMsMax, (c, v) => c with { SegmentAgeMsMax = v }),
        Duration("table.ttl.ms",
            "Records older than this, by their timestamps, are not found when the topic is read by key; -1 is no bound.",
            0, long.MaxValue / 2, isUnboundedAllowed: true,
            c => c.TableTtlMs, (c, v) => c with { TableTtlMs = v }),
    ];

    /// <summary>
    /// The effective configuration of <paramref name="overrides"/> on top of <paramref name="defaults"/>. All faults are found at
    /// once and listed in one <see cref="ErrorCode.InvalidConfig"/>; the metadata of the error has one entry per bad key.
    /// </summary>
    public static Result<TopicConfig> Resolve(TopicConfig defaults, IReadOnlyDictionary<string, string> overrides)
    {
        TopicConfig config = defaults;
        var faults = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach ((string key, string value) in overrides)
        {
            if (Find(key) is not { } known)
            {
                faults[key] = UnknownKey(key);
                continue;
            }

            Result<TopicConfig> applied = known.Apply(config, value);
            if (applied.IsOk)
            {
                config = applied.Value;
            }
            else
            {
                faults[key] = applied.Error.Message;
            }
        }

        if (faults.Count == 0 && overrides.ContainsKey("max.message.bytes") && config.BatchBytesMax > BatchBytesMaxOf(config))
        {
            faults["max.message.bytes"] =
                $"max.message.bytes {config.BatchBytesMax} does not fit into segment.bytes {config.SegmentBytesMax} "
                + $"with its row of {EpochRow.Bytes}";
        }

        if (faults.Count == 0 && config.CompactionLagMsMin > config.CompactionLagMsMax)
        {
            faults["min.compaction.lag.ms"] =
                $"min.compaction.lag.ms {config.CompactionLagMsMin} is above max.compaction.lag.ms {config.CompactionLagMsMax}";
        }

        return faults.Count == 0 ? config : InvalidConfig(faults);
    }

    /// <summary>
    /// The largest batch that a topic takes: max.message.bytes, or what fits into a segment behind its row if that is less.
    /// </summary>
    public static int BatchBytesMaxOf(TopicConfig config) => Math.Min(config.BatchBytesMax, config.SegmentBytesMax - EpochRow.Bytes);

    /// <summary>The key of this name, or null.</summary>
    public static TopicConfigKey? Find(string key) => All.FirstOrDefault(k => k.Key == key);

    /// <summary>What to say about a key that does not exist.</summary>
    public static string UnknownKey(string key)
    {
        string? nearest = NearestName.Of(key, All.Select(k => k.Key));
        return $"unknown key {ShownValue.Of(key)}" + (nearest is null ? "" : $"; did you mean {nearest}?");
    }

    /// <summary>The error that lists faults by key.</summary>
    public static BrokerError InvalidConfig(IReadOnlyDictionary<string, string> faults)
    {
        var metadata = new Dictionary<string, string>();
        foreach ((string key, string fault) in faults)
        {
            string shown = ShownValue.Of(key);
            metadata[shown[1..^1]] = fault;
        }

        return new BrokerError(ErrorCode.InvalidConfig, "config: " + string.Join("; ", faults.Values)) { Metadata = metadata };
    }

    private static TopicConfigKey Size(
        string key, string documentation, long min, long max, bool isUnboundedAllowed,
        Func<TopicConfig, long> get, Func<TopicConfig, long, TopicConfig> set) =>
        Number(key, documentation, HumanUnits.TryParseBytes, "a size such as 1048576, 64KiB or 1GiB", "bytes",
            min, max, isUnboundedAllowed, get, set);

    private static TopicConfigKey Duration(
        string key, string documentation, long min, long max, bool isUnboundedAllowed,
        Func<TopicConfig, long> get, Func<TopicConfig, long, TopicConfig> set) =>
        Number(key, documentation, HumanUnits.TryParseMilliseconds, "a duration such as 60000, 15s, 12h or 7d", "ms",
            min, max, isUnboundedAllowed, get, set);

    private delegate bool Parser(string text, out long value);

    private static TopicConfigKey Number(
        string key, string documentation, Parser parse, string example, string unit, long min, long max, bool isUnboundedAllowed,
        Func<TopicConfig, long> get, Func<TopicConfig, long, TopicConfig> set)
    {
        string range = (isUnboundedAllowed ? "-1 or " : "")
            + (max == long.MaxValue ? $"at least {min} {unit}" : $"{min} to {max} {unit}");
        return new TopicConfigKey(
            key,
            $"{documentation} Range: {range}.",
            (config, text) =>
            {
                if (!parse(text, out long value))
                {
                    return new BrokerError(ErrorCode.InvalidConfig, $"{key}: {ShownValue.Of(text)} is not {example}");
                }

                bool isInRange = (value >= min && value <= max) || (isUnboundedAllowed && value == -1);
                return isInRange
                    ? set(config, value)
                    : new BrokerError(ErrorCode.InvalidConfig, $"{key}: {ShownValue.Of(text)} is out of range: {range}");
            },
            config => get(config).ToString(CultureInfo.InvariantCulture));
    }

    private static TopicConfigKey Policy(string key, string documentation) => new(
        key,
        documentation,
        (config, text) =>
        {
            TopicCleanup cleanup = 0;
            foreach (string word in text.Split(',', StringSplitOptions.TrimEntries))
            {
                TopicCleanup one = word.ToLowerInvariant() switch
                {
                    "delete" => TopicCleanup.Delete,
                    "compact" => TopicCleanup.Compact,
                    _ => 0,
                };
                if (one == 0)
                {
                    return new BrokerError(
                        ErrorCode.InvalidConfig, $"{key}: {ShownValue.Of(text)} is not delete, compact or compact,delete");
                }

                cleanup |= one;
            }

            return config with { Cleanup = cleanup };
        },
        config => config.Cleanup switch
        {
            TopicCleanup.Compact => "compact",
            TopicCleanup.CompactAndDelete => "compact,delete",
            _ => "delete",
        });

    private static TopicConfigKey Ratio(
        string key, string documentation, Func<TopicConfig, double> get, Func<TopicConfig, double, TopicConfig> set) => new(
        key,
        documentation + " Range: 0 to 1.",
        (config, text) => double.TryParse(text.Trim(), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double value)
            && value is >= 0 and <= 1
                ? set(config, value)
                : new BrokerError(ErrorCode.InvalidConfig, $"{key}: {ShownValue.Of(text)} is out of range: a number from 0 to 1"),
        config => get(config).ToString(CultureInfo.InvariantCulture));

    private static TopicConfigKey Choice<T>(
        string key, string documentation, (string Name, T Value)[] choices,
        Func<TopicConfig, T> get, Func<TopicConfig, T, TopicConfig> set)
        where T : struct, Enum
    {
        return new TopicConfigKey(
            key,
            documentation,
            (config, text) =>
            {
                foreach ((string name, T value) in choices)
                {
                    if (string.Equals(name, text.Trim(), StringComparison.OrdinalIgnoreCase))
                    {
                        return set(config, value);
                    }
                }

                string known = string.Join(" or ", choices.Select(c => c.Name));
                return new BrokerError(ErrorCode.InvalidConfig, $"{key}: {ShownValue.Of(text)} is not {known}");
            },
            config => choices.First(c => EqualityComparer<T>.Default.Equals(c.Value, get(config))).Name);
    }
}
