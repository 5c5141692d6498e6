using System.Globalization;
using LogBroker.Protocol;

namespace LogBroker.Storage;

/// <summary>Errors that more than one place of storage answers with.</summary>
internal static class LogErrors
{
    public static BrokerError OutOfRange(PartitionId partition, Offset offset, LogBounds bounds)
    {
        string why = offset < bounds.LogStart
            ? $"offset {offset} was deleted; the earliest is {bounds.LogStart}"
            : $"offset {offset} is outside {bounds.LogStart} to {bounds.HighWatermark}";
        return new BrokerError(ErrorCode.OffsetOutOfRange, why)
        {
            Metadata = new Dictionary<string, string>
            {
                ["partition"] = partition.Index.ToString(CultureInfo.InvariantCulture),
                ["offset"] = offset.ToString(),
                ["logStart"] = bounds.LogStart.ToString(),
                ["highWatermark"] = bounds.HighWatermark.ToString(),
            },
        };
    }

    public static BrokerError Quarantined(LogDamage damage) =>
        new(ErrorCode.PartitionQuarantined, $"the partition is quarantined: {damage}")
        {
            Metadata = new Dictionary<string, string>
            {
                ["file"] = damage.File,
                ["byte"] = damage.Position.ToString(CultureInfo.InvariantCulture),
            },
        };

    public static BrokerError DiskFull(string directory) =>
        new(ErrorCode.DiskFull, $"the disk of {directory} has no room beyond the headroom; nothing was written");

    public static BrokerError OutOfResources(DiskException cause) =>
        new(ErrorCode.Busy, $"the process is at a limit of the system, nothing was written: {cause.Message}");
}

/// <summary>A place in a log that does not hold together, or cannot be read.</summary>
/// <param name="File">The segment or index file.</param>
/// <param name="Position">The byte at which the bad item begins.</param>
/// <param name="Reason">What is wrong with it.</param>
public sealed record LogDamage(string File, long Position, string Reason)
{
    /// <summary>
    /// True when nothing is known to be damaged: the disk has no room for what the recovery has to write, and a later one may do.
    /// </summary>
    public bool IsForRoom { get; init; }

    /// <inheritdoc/>
    public override string ToString() => $"{File} at byte {Position}: {Reason}";
}
