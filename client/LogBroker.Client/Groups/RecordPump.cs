using LogBroker.Protocol;

namespace LogBroker.Client;

/// <summary>
/// The caller's side of a consumer: takes what was fetched, record by record, drops what is not held any more. One caller at a time;
/// lives as long as its consumer, so that an enumeration goes on where the one before was left.
/// </summary>
internal sealed class RecordPump(ConsumerCore core)
{
    private readonly PartWalk _walk = new(core.Options.Read.InflatedBytesMax);
    private long _handedOver;

    public ConsumedRecord Current => _walk.Current;

    /// <summary>The next record without waiting; false when there is none now. What is handed out lives until the next call.</summary>
    /// <param name="gathers">True to add it to the batch in hand; else it takes the place of what is in hand, and so proves it.</param>
    /// <exception cref="LogBrokerException">Reading, or the membership, failed.</exception>
    public bool TryNext(bool gathers)
    {
        if (core.IsFaulted)
        {
            ProveUnlessGathering(gathers);
            core.ThrowIfFaulted();
        }

        while (_walk.Part is not null || TryTakePart(gathers))
        {
            if (TryNextInPart(gathers))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Waits until it is worth to try again.</summary>
    public async ValueTask WaitAsync(CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        bool isOpen = await core.Fetcher.Items.WaitToReadAsync(cancellation).ConfigureAwait(false);
        core.ThrowIfFaulted();
        ObjectDisposedException.ThrowIf(!isOpen, typeof(Consumer));
    }

    /// <summary>The caller turned away: what it had in hand comes again.</summary>
    public void Abandon()
    {
        if (core.Holdings.Abandon() && _walk.Part is not null)
        {
            // The part may belong to a cursor that was just replaced; what else is in it is fetched again then.
            if (_walk.Cursor.Held!.Cursor != _walk.Cursor)
            {
                FinishPart();
            }
        }
    }

    /// <summary>Gives memory back; the consumer is disposed of.</summary>
    public void Close()
    {
        if (_walk.Part is not null)
        {
            FinishPart();
        }
    }

    private bool TryNextInPart(bool gathers)
    {
        try
        {
            if (_walk.MoveNext())
            {
                bool isHanded = gathers
                    ? core.Holdings.TryGather(_walk.Cursor, _walk.Offset + 1, _walk.LeaderEpoch)
                    : core.Holdings.TryHand(_walk.Cursor, _walk.Offset + 1, _walk.LeaderEpoch);
                if (isHanded)
                {
                    _handedOver++;
                    return true;
                }
            }
        }
        catch (LogBrokerException)
        {
            ProveUnlessGathering(gathers);
            core.Holdings.Stall(_walk.Cursor.Held!);
            FinishPart();
            throw;
        }

        FinishPart();
        return false;
    }

    /// <summary>The ask that fails proves what was handed out before it; a batch that is being gathered was not handed out.</summary>
    private void ProveUnlessGathering(bool gathers)
    {
        if (!gathers)
        {
            core.Holdings.Prove();
        }
    }

    private bool TryTakePart(bool gathers)
    {
        while (core.Fetcher.Items.TryRead(out FetchedItem item))
        {
            if (item.Cursor is null)
            {
                if (core.IsFaulted)
                {
                    ProveUnlessGathering(gathers);
                    core.ThrowIfFaulted();
                }

                if (item.Failure is not null)
                {
                    ProveUnlessGathering(gathers);
                    core.Holdings.All.ForEach(core.Holdings.Stall);
                    throw item.Failure;
                }

                continue;
            }

            HeldPartition held = item.Cursor.Held!;
            if (held.Cursor != item.Cursor)
            {
                Discard(item.Part);
            }
            else if (item.Failure is not null)
            {
                core.Holdings.Stall(held);
                if (item.Failure.Reason != ErrorCode.UnknownTopicOrPartition)
                {
                    ProveUnlessGathering(gathers);
                    throw item.Failure;
                }

                // A topic that was deleted: its partitions are about to be taken away. Or one that was just created, and is found in a
                // moment.
                core.RestartLater(item.Failure);
            }
            else if (item.Part is not null)
            {
                core.Holdings.SetHighWatermark(held, item.Part.HighWatermark);
                _walk.Begin(item.Cursor, item.Part);
                return true;
            }
            else if (item.Kind == ReadEventKind.CaughtUp)
            {
                core.Holdings.SetHighWatermark(held, item.Offset);
            }
            else if (item.Kind == ReadEventKind.Truncated)
            {
                core.Holdings.SkipTo(item.Cursor, item.Offset);
            }
        }

        return false;
    }

    private void FinishPart()
    {
        PartitionCursor cursor = _walk.Cursor;
        FetchedPart part = _walk.End();
        if (_handedOver > 0)
        {
            if (Telemetry.ConsumedMessages.Enabled)
            {
                Telemetry.ConsumedMessages.Add(
                    _handedOver,
                    Telemetry.GroupTags("receive", "receive", core.Options.GroupId, cursor.Topic, cursor.Partition, part.Server));
            }

            _handedOver = 0;
        }

        Discard(part);
    }

    private void Discard(FetchedPart? part)
    {
        if (part is not null)
        {
            core.Fetcher.Finish(part);
        }
    }
}
