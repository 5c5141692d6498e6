using System.Globalization;
using LogBroker.Protocol;

namespace LogBroker.Storage;

/// <summary>Names of the files of a partition: twenty digits of the base offset and what the file is.</summary>
internal static class SegmentName
{
    public const string Log = ".log";
    public const string OffsetIndex = ".index";
    public const string TimeIndex = ".timeindex";

    /// <summary>Bytes that were cut off a damaged log, kept for people.</summary>
    public const string Cut = ".cut";

    /// <summary>What compaction leaves of segments, before it takes the name of the first of them; removed at start.</summary>
    public const string Cleaned = ".cleaned" + Temporary;

    /// <summary>A file being made; removed at start.</summary>
    public const string Temporary = ".tmp";

    private const int Digits = 20;

    public static string Of(Offset baseOffset, string suffix) =>
        baseOffset.Value.ToString("D20", CultureInfo.InvariantCulture) + suffix;

    public static string PathOf(string directory, Offset baseOffset, string suffix) => directory + "/" + Of(baseOffset, suffix);

    /// <summary>The base offset in a name that has this suffix, or null.</summary>
    public static Offset? TryParse(string name, string suffix) =>
        name.Length == Digits + suffix.Length
        && name.EndsWith(suffix, StringComparison.Ordinal)
        && long.TryParse(name.AsSpan(0, Digits), NumberStyles.None, CultureInfo.InvariantCulture, out long value)
            ? new Offset(value)
            : null;
}
