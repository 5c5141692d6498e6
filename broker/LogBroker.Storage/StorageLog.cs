using LogBroker.Protocol;
using Microsoft.Extensions.Logging;

namespace LogBroker.Storage;

/// <summary>Log messages of storage; event ids 2000 to 2099 are stable.</summary>
internal static partial class StorageLog
{
    [LoggerMessage(2000, LogLevel.Error, "Partition {Partition} is quarantined: {File} at byte {Position}: {Reason}")]
    public static partial void Quarantined(ILogger logger, PartitionId partition, string file, long position, string reason);

    [LoggerMessage(2001, LogLevel.Warning, "Partition {Partition}: incomplete end cut: {File} at byte {Position}, {Bytes} bytes: {Reason}")]
    public static partial void TailCut(ILogger logger, PartitionId partition, string file, long position, long bytes, string reason);

    [LoggerMessage(
        2002,
        LogLevel.Error,
        "Partition {Partition}: valid batches behind a bad one above the last flush: {File} cut at byte {Position}: {Reason}; "
        + "the bytes are kept in {CutFile}")]
    public static partial void DamageCut(ILogger logger, PartitionId partition, string file, long position, string reason, string cutFile);

    [LoggerMessage(2003, LogLevel.Information, "Partition {Partition}: rewrote {Bytes} bytes above the last known flush")]
    public static partial void TailRewritten(ILogger logger, PartitionId partition, long bytes);

    [LoggerMessage(2004, LogLevel.Warning, "Partition {Partition}: rebuilt the index of {File}")]
    public static partial void IndexRebuilt(ILogger logger, PartitionId partition, string file);

    [LoggerMessage(
        2005,
        LogLevel.Warning,
        "Partition {Partition}: the state store knew nothing of it; rebuilt from its segments: log start {LogStart}, end {End}")]
    public static partial void StateRebuilt(ILogger logger, PartitionId partition, LogPosition logStart, LogPosition end);

    [LoggerMessage(2006, LogLevel.Warning, "No room on the disk of {Directory}: appends are refused until there is")]
    public static partial void DiskFull(ILogger logger, string directory);
}
