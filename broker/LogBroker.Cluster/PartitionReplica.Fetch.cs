using LogBroker.Protocol;
using LogBroker.Storage;

namespace LogBroker.Cluster;

/// <summary>What readers ask; any thread, on published state only (R29).</summary>
internal sealed partial class PartitionReplica
{
    public FetchWaiters Waiters => _waiters;

    /// <summary>
    /// One partition of a fetch: a leased slice, empty when there is nothing between the offset and the high watermark, or an error.
    /// </summary>
    /// <param name="item">The wish.</param>
    /// <param name="bytesMax">At most, but at least one batch.</param>
    /// <param name="allowsFollower">True when a replica that does not lead may answer.</param>
    /// <param name="isConfirmed">
    /// True when this replica has proven that it leads still: only then is an offset too far out of range.
    /// </param>
    public FetchedItem Fetch(in FetchItem item, int bytesMax, bool allowsFollower, bool isConfirmed)
    {
        ReplicaView view = View;
        LogBounds bounds = Log.Bounds;
        BrokerError? error = RefusalOfFetch(view, item.LeaderEpoch, allowsFollower);
        if (error is null && item.Offset < bounds.LogStart)
        {
            error = PartitionErrors.OutOfRange(Name, item.Offset.Value, bounds.LogStart, bounds.HighWatermark);
        }
        else if (error is null && item.Offset > bounds.End && view.Leader == _env.Node)
        {
            error = Voters.Count == 1 || (isConfirmed && view.Serves)
                ? PartitionErrors.OutOfRange(Name, item.Offset.Value, bounds.LogStart, bounds.HighWatermark)
                : PartitionErrors.NotYetServing(Name);
        }

        if (error is not null || item.Offset >= bounds.HighWatermark || bytesMax <= 0)
        {
            return new FetchedItem(error, LogSlice.Empty(item.Offset), bounds.LogStart, bounds.HighWatermark, view.Epoch);
        }

        Result<LogSlice> read = Log.Read(item.Offset, bounds.HighWatermark, bytesMax);
        if (!read.IsOk)
        {
            error = read.Error.Code == ErrorCode.OffsetOutOfRange
                ? PartitionErrors.OutOfRange(Name, item.Offset.Value, Log.Bounds.LogStart, bounds.HighWatermark)
                : read.Error;
        }

        LogSlice slice = read.IsOk ? read.Value : LogSlice.Empty(item.Offset);
        return new FetchedItem(error, slice, Log.Bounds.LogStart, bounds.HighWatermark, view.Epoch);
    }

    /// <summary>Counts what was handed out.</summary>
    public void NoteFetched(in FetchedItem item, Offset from)
    {
        if (item.Slice.Length > 0)
        {
            _env.Metrics.FetchedBytes.Add(item.Slice.Length, _topicTag);
            _env.Metrics.FetchedRecords.Add(item.Slice.NextOffset - from, _topicTag);
        }
    }

    /// <summary>A position of this partition as an offset.</summary>
    public Result<OffsetAnswer> FindOffset(LogQuery query)
    {
        ReplicaView view = View;
        if (RefusalOfRead(view, Epoch.None) is { } error)
        {
            return error;
        }

        LogBounds bounds = Log.Bounds;
        Offset start = bounds.LogStart;
        Offset end = bounds.HighWatermark;
        switch (query.Kind)
        {
            case LogQueryKind.AfterStart when query.Value >= 0:
                return new OffsetAnswer(query.Value < end - start ? start + query.Value : end, -1, view.Epoch);
            case LogQueryKind.BeforeEnd when query.Value >= 0:
                return new OffsetAnswer(query.Value < end - start ? end - query.Value : start, -1, view.Epoch);
            case LogQueryKind.Offset when query.Value >= start.Value && query.Value <= end.Value:
                return new OffsetAnswer(new Offset(query.Value), -1, view.Epoch);
            case LogQueryKind.Offset:
                return PartitionErrors.OutOfRange(Name, query.Value, start, end);
            case LogQueryKind.Timestamp:
                return FindTimestamp(query.Value, end, view);
            default:
                return new BrokerError(ErrorCode.InvalidArgument, $"position: {query.Value} records must not be negative");
        }
    }

    private BrokerError? RefusalOfRead(ReplicaView view, Epoch asked)
    {
        if (Log.Damage is not null)
        {
            return QuarantineError();
        }

        return view.Serves ? PartitionErrors.CheckEpoch(Name, asked, view.Epoch) : NotLeaderError(view);
    }

    /// <summary>
    /// Records up to the high watermark known are committed wherever they are (R29): a new leader serves them at once, a follower when it
    /// may.
    /// </summary>
    private BrokerError? RefusalOfFetch(ReplicaView view, Epoch asked, bool allowsFollower)
    {
        bool mayRead = view.Serves || view.Leader == _env.Node || (allowsFollower && _life == ReplicaLife.Running);
        return !mayRead || Log.Damage is not null ? RefusalOfRead(view, asked) : PartitionErrors.CheckEpoch(Name, asked, view.Epoch);
    }

    private BrokerError NotLeaderError(ReplicaView view) =>
        PartitionErrors.NotLeader(Name, view, _env.ClientAddressOf(view.Leader));

    private Result<OffsetAnswer> FindTimestamp(long timestampMs, Offset end, ReplicaView view)
    {
        Result<TimestampHit?> found = Log.FindTimestamp(timestampMs, end);
        if (!found.IsOk)
        {
            return found.Error;
        }

        return found.Value is { } hit
            ? new OffsetAnswer(hit.Offset, hit.TimestampMs, view.Epoch)
            : new OffsetAnswer(end, -1, view.Epoch);
    }

    private BrokerError QuarantineError() => PartitionErrors.Quarantined(Name, Log.Damage!);
}
