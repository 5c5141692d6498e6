using LogBroker.Protocol;

namespace LogBroker.Storage;

/// <summary>
/// Holds the batches and rows of one segment, front to back, against what the checksum of a batch does not cover: base offset and leader
/// epoch. A compaction that believed a wrong offset would remove what is newest. Not thread-safe.
/// </summary>
internal sealed class BatchOrder(Segment segment)
{
    private Offset _next = segment.Base;
    private Epoch _epoch = Epoch.None;

    /// <summary>Takes the item at a position, whose header and checksum are right.</summary>
    /// <exception cref="LogDamageException">It does not belong there.</exception>
    public void Take(RecordBatch item, long position)
    {
        bool isRestated = position == 0 && segment.Base > Offset.Zero;
        bool isRight = item.BaseOffset == _next && (item.IsEpochRow
            ? isRestated || item.LeaderEpoch > _epoch
            : !isRestated && item.LeaderEpoch == _epoch);
        if (!isRight)
        {
            string reason = $"offset {item.BaseOffset} of epoch {item.LeaderEpoch} behind offset {_next} of epoch {_epoch}";
            throw new LogDamageException(new LogDamage(segment.Path, position, reason));
        }

        _epoch = item.LeaderEpoch;
        _next = item.NextOffset;
    }
}
