using LogBroker.Protocol;

namespace LogBroker.Storage;

public sealed partial class PartitionLog
{
    private FlushMark _lastMark;

    /// <summary>
    /// Advances the log start (R26), at most to what is both committed and durable; the new start is durable before a file goes. Files
    /// wholly in front of it are deleted. A lower offset changes nothing.
    /// </summary>
    public void AdvanceLogStart(Offset offset)
    {
        RequireUsable();
        LogBounds bounds = _bounds;
        if (offset <= bounds.LogStart)
        {
            return;
        }

        Invariant.RequireAtMost(offset, Offset.Min(bounds.HighWatermark, bounds.Flushed));
        GuardedByFatal("advance of the log start", () =>
        {
            var start = new LogPosition(_epochs.At(offset - 1), offset);
            var batch = new StateBatch();
            RecoveryCheckpoint.StoreLogStart(batch, Id, start);
            if (_lastMark.TailBase != Offset.None)
            {
                var mark = new RecoveryCheckpoint(_lastMark.Position, _lastMark.TailBase, _lastMark.TailBytes);
                RecoveryCheckpoint.StoreMark(batch, Id, mark);
            }

            _env.State.Write(batch, sync: true);
            Publish(_bounds.With(start: start));
            RemoveFront(offset);
        });
    }

    /// <summary>
    /// Deletes the oldest segments by retention.bytes and retention.ms, as <see cref="RetentionStart"/> says.
    /// </summary>
    /// <param name="nowMs">The broker's clock.</param>
    /// <returns>Segments deleted.</returns>
    public int ApplyRetention(long nowMs)
    {
        Offset start = RetentionStart(nowMs);
        int before = SegmentCount;
        AdvanceLogStart(start);
        return before - SegmentCount;
    }

    /// <summary>
    /// Where the log should begin by retention.bytes and retention.ms, the latter by append time; rolls the open segment first
    /// when it is older than segment.ms or all of it has expired. Never behind what is both committed and durable, and never
    /// counts an append time in the future as old. The present start when nothing is to go.
    /// </summary>
    /// <param name="nowMs">The broker's clock.</param>
    public Offset RetentionStart(long nowMs)
    {
        RequireUsable();
        if (Damage is not null || _map.Tail is null || !_config.IsDeleted)
        {
            return _bounds.LogStart;
        }

        RollIfDue(nowMs);
        SegmentMap map = _map;
        Offset limit = Offset.Min(_bounds.HighWatermark, _bounds.Flushed);
        long totalBytes = map.Bytes;
        int drop = 0;
        while (drop < map.Segments.Length - 1)
        {
            Segment segment = map.Segments[drop];
            bool isBeyondSize = _config.RetentionBytes >= 0 && totalBytes - segment.Bytes >= _config.RetentionBytes;
            if (segment.Next > limit || !(isBeyondSize || HasExpired(segment, nowMs)))
            {
                break;
            }

            totalBytes -= segment.Bytes;
            drop++;
        }

        return drop > 0 ? Offset.Max(_bounds.LogStart, map.Segments[drop].Base) : _bounds.LogStart;
    }

    private void RollIfDue(long nowMs)
    {
        Segment tail = _map.Tail!;
        bool isOld = tail.FirstAppendMs >= 0 && nowMs - tail.FirstAppendMs >= _config.RollMsMax;
        if (tail.IsClosed || !tail.EndsWithRecord || !(isOld || (_config.IsDeleted && HasExpired(tail, nowMs))))
        {
            return;
        }

        try
        {
            Segment begun = Roll();
            PublishAppended(begun, begun.Next);
        }
        catch (DiskException e) when (e is DiskFullException or DiskBusyException)
        {
            // Without room for an empty segment the open one stays until there is.
            _env.Metrics.DiskFullRefusals.Add(1);
        }
    }

    private bool HasExpired(Segment segment, long nowMs) =>
        _config.RetentionMs >= 0
        && segment.LastAppendMs >= 0
        && segment.LastAppendMs <= nowMs
        && nowMs - segment.LastAppendMs > _config.RetentionMs;

    private void RemoveFront(Offset start)
    {
        SegmentMap old = _map;
        int drop = 0;
        while (drop + 1 < old.Segments.Length && old.Segments[drop + 1].Base <= start)
        {
            drop++;
        }

        if (drop == 0)
        {
            return;
        }

        Offset first = old.Segments[drop].Base;
        Publish(_epochs.StartingWith(new EpochRow(_epochs.At(first - 1), first)));
        Publish(old.From(drop));
        for (int i = 0; i < drop; i++)
        {
            LetGo(old.Segments[i]);
        }

        _segmentsVersion++;
    }
}
