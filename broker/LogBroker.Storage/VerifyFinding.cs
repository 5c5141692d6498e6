using LogBroker.Protocol;

namespace LogBroker.Storage;

/// <summary>How bad a finding of the verifier is.</summary>
public enum VerifySeverity
{
    /// <summary>The broker puts it right by itself at its next start, and no acknowledged record is touched.</summary>
    Note,

    /// <summary>Bytes that should be there are not what they were.</summary>
    Damage,
}

/// <summary>One place that the verifier has something to say about.</summary>
/// <param name="Severity">How bad it is.</param>
/// <param name="File">The file.</param>
/// <param name="Position">The byte in it.</param>
/// <param name="Reason">What is wrong, in words.</param>
public sealed record VerifyFinding(VerifySeverity Severity, string File, long Position, string Reason)
{
    /// <inheritdoc/>
    public override string ToString() => $"{File} at byte {Position}: {Reason}";
}

/// <summary>What one segment file holds, as far as its batches are good.</summary>
/// <param name="Directory">Directory of the partition.</param>
/// <param name="File">The file.</param>
/// <param name="BaseOffset">From its name.</param>
/// <param name="NextOffset">Behind its last record.</param>
/// <param name="Bytes">Up to the end of the last good batch.</param>
/// <param name="FileBytes">Length of the file; a segment that is written to is longer than its bytes, and sparse.</param>
/// <param name="Batches">Batches with records.</param>
/// <param name="Records">Records.</param>
/// <param name="EpochRows">Epoch rows, a restated one included.</param>
/// <param name="LastEpoch">Epoch of the last row.</param>
/// <param name="MaxTimestampMs">Largest record timestamp, -1 without records.</param>
/// <param name="Findings">What is wrong with it and its indexes.</param>
public sealed record SegmentReport(
    string Directory,
    string File,
    Offset BaseOffset,
    Offset NextOffset,
    long Bytes,
    long FileBytes,
    int Batches,
    long Records,
    int EpochRows,
    Epoch LastEpoch,
    long MaxTimestampMs,
    IReadOnlyList<VerifyFinding> Findings);

/// <summary>One batch or epoch row of a segment file, as bytes of its own.</summary>
/// <param name="Position">The byte it begins at.</param>
/// <param name="Bytes">The whole batch, its checksum found right.</param>
public sealed record DumpedBatch(long Position, byte[] Bytes)
{
    /// <summary>The batch.</summary>
    public RecordBatch Batch => new(Bytes);
}
