using LogBroker.Protocol;

namespace LogBroker.Storage;

/// <summary>
/// The batches that compaction may empty but not merge away: the last ones of producers that are alive, so that whoever reads the log
/// anew knows what they wrote last. Immutable, thread-safe.
/// </summary>
/// <param name="baseOffsets">Base offsets of the batches.</param>
/// <param name="producers">Producers whose every batch is to be kept: which of them is the last is not certain yet.</param>
public sealed class KeptBatches(IReadOnlySet<Offset> baseOffsets, IReadOnlySet<ProducerId> producers)
{
    /// <summary>No producers.</summary>
    public static KeptBatches None { get; } = new(new HashSet<Offset>(), new HashSet<ProducerId>());

    /// <summary>True when the batch must stay, with or without its records.</summary>
    public bool Keeps(RecordBatch batch) =>
        batch.ProducerId.IsSome && (baseOffsets.Contains(batch.BaseOffset) || producers.Contains(batch.ProducerId));
}
