using LogBroker.Protocol;

namespace LogBroker.Storage;

/// <summary>What recovery needs to know besides the files.</summary>
/// <param name="NowMs">The broker's clock; append times that are not known become this.</param>
/// <param name="EpochMax">The stored epoch of the partition: no row may be above it. Null when it is not known.</param>
public sealed record LogOpenOptions(long NowMs, Epoch? EpochMax = null);

/// <summary>An opened log, or why its partition is quarantined; nothing was changed on the disk then.</summary>
/// <param name="Log">The log, or null.</param>
/// <param name="Damage">The damage, or null.</param>
/// <param name="Report">What recovery did.</param>
public sealed record LogOpening(PartitionLog? Log, LogDamage? Damage, RecoveryReport Report);

/// <summary>What recovery of one partition found and did.</summary>
public sealed record RecoveryReport
{
    /// <summary>Bytes of log that were read and checked.</summary>
    public long ScannedBytes { get; init; }

    /// <summary>Bytes above the last known flush that were written again.</summary>
    public long RewrittenBytes { get; init; }

    /// <summary>Where the log was cut and why, or null.</summary>
    public LogDamage? Cut { get; init; }

    /// <summary>Files that keep cut bytes: there were valid batches behind the bad one, so it may not have been a torn end.</summary>
    public IReadOnlyList<string> CutFiles { get; init; } = [];

    /// <summary>True when the state store knew nothing of the log though it has segments.</summary>
    public bool StateWasLost { get; init; }
}

/// <summary>What a log begins its life with.</summary>
internal sealed record RecoveredLog(SegmentMap Map, LogEpochs Epochs, LogBounds Bounds);
