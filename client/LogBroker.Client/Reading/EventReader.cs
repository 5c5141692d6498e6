using LogBroker.Protocol;

namespace LogBroker.Client;

/// <summary>
/// Hands over what was fetched, record by record; checks each batch's CRC when it comes to it. Used by one caller at a time. What is
/// current lies in the memory of the fetched part, which goes back to the pool when the caller moves past its last record.
/// </summary>
internal sealed class EventReader : IAsyncDisposable
{
    private readonly BrokerCalls _calls;
    private readonly MetadataCache _metadata;
    private readonly ReadPlan _plan;
    private readonly bool _recordsOnly;
    private readonly CancellationTokenSource _cancellation;
    private readonly CancellationToken _token;
    private readonly Fetcher _fetcher;
    private int _open = -1;
    private PartitionCursor? _cursor;
    private FetchedPart? _part;
    private ReadOnlyMemory<byte> _rest;
    private RecordReader _records;
    private bool _isInBatch;
    private bool _isRecordPending;
    private long _handedOver;
    private ReadEventKind _kind;
    private long _offset;
    private long _previousOffset;

    public EventReader(
        BrokerCalls calls, MetadataCache metadata, ReadPlan plan, bool recordsOnly, CancellationToken first, CancellationToken second)
    {
        _calls = calls;
        _metadata = metadata;
        _plan = plan;
        _recordsOnly = recordsOnly;
        _cancellation = CancellationTokenSource.CreateLinkedTokenSource(first, second);
        _token = _cancellation.Token;
        _fetcher = new Fetcher(calls, metadata, plan.Options);
    }

    public ConsumedRecord CurrentRecord => new(_cursor!.Topic, _cursor.Partition, _records.Current);

    public ReadEvent CurrentEvent => _kind == ReadEventKind.Record
        ? ReadEvent.OfRecord(CurrentRecord)
        : ReadEvent.OfControl(_kind, _cursor!.Topic, _cursor.Partition, _offset, _previousOffset);

    /// <summary>The next event, or record; false when every partition has been read to its end.</summary>
    public ValueTask<bool> MoveNextAsync() => _part is not null && MoveInPart() ? new ValueTask<bool>(true) : MoveOnAsync();

    public async ValueTask DisposeAsync()
    {
        if (_part is not null)
        {
            FinishPart();
        }

        await _fetcher.DisposeAsync().ConfigureAwait(false);
        _cancellation.Dispose();
    }

    private async ValueTask<bool> MoveOnAsync()
    {
        _token.ThrowIfCancellationRequested();
        if (_open < 0)
        {
            await BeginAsync().ConfigureAwait(false);
        }

        while (true)
        {
            FetchedItem item;
            while (!_fetcher.Items.TryRead(out item))
            {
                if (_open == 0)
                {
                    return false;
                }

                await _fetcher.Items.WaitToReadAsync(_token).ConfigureAwait(false);
            }

            if (item.Failure is not null)
            {
                throw item.Failure;
            }

            _cursor = item.Cursor!;
            if (item.Part is null ? MoveToControl(item) : MoveToPart(item.Part))
            {
                return true;
            }
        }
    }

    private async Task BeginAsync()
    {
        var partitions = new List<TopicPartition>();
        foreach (string topic in _plan.Topics.Distinct(StringComparer.Ordinal))
        {
            TopicMetadata known = await _metadata.RefreshAsync(topic, _token).ConfigureAwait(false);
            int[] wanted = _plan.Partitions ?? [.. known.Partitions.Select(p => p.Partition)];
            foreach (int partition in wanted)
            {
                OffsetLookup.CheckPartition(known, partition);
                partitions.Add(new TopicPartition(topic, partition));
            }
        }

        var lookup = new OffsetLookup(_calls, _metadata);
        IReadOnlyList<ListedOffset> from = await lookup.ListAsync(
            [.. partitions.Select(p => (p, _plan.From))], _token).ConfigureAwait(false);
        IReadOnlyList<ListedOffset>? until = _plan.Until is { } end
            ? await lookup.ListAsync([.. partitions.Select(p => (p, UntilOnWire(end)))], _token).ConfigureAwait(false)
            : null;
        var cursors = partitions
            .Select((p, i) => new PartitionCursor(p, from[i].Offset, UntilOf(i, until)))
            .ToList();
        _open = cursors.Count;
        _fetcher.Begin(cursors);
    }

    /// <summary>An offset is taken as it is, even one that is still to come; the broker would refuse to look for it.</summary>
    private static Position UntilOnWire(Position until) => until.Kind == PositionKind.Offset ? Position.End : until;

    private long UntilOf(int index, IReadOnlyList<ListedOffset>? until) =>
        until is null ? long.MaxValue
        : _plan.Until!.Value.Kind == PositionKind.Offset ? _plan.Until.Value.Value
        : until[index].Offset;

    private bool MoveToControl(in FetchedItem item)
    {
        _previousOffset = -1;
        _offset = item.Offset;
        _kind = item.Kind;
        switch (item.Kind)
        {
            case ReadEventKind.Truncated:
                _previousOffset = _cursor!.Next;
                _cursor.Next = item.Offset;
                break;
            case ReadEventKind.End:
                _open--;
                break;
        }

        return !_recordsOnly;
    }

    private bool MoveToPart(FetchedPart part)
    {
        _part = part;
        _rest = part.Batches;
        _isInBatch = false;
        return MoveInPart();
    }

    /// <summary>The next record of the part, or false behind the last one; then the part is finished.</summary>
    private bool MoveInPart()
    {
        if (_isRecordPending)
        {
            _isRecordPending = false;
            return HandOver();
        }

        PartitionCursor cursor = _cursor!;
        while (true)
        {
            while (_isInBatch && _records.MoveNext())
            {
                long offset = _records.Current.Offset.Value;
                if (offset < cursor.Next)
                {
                    continue;
                }

                if (offset >= cursor.Until)
                {
                    FinishPart();
                    return false;
                }

                if (offset > cursor.Next && !_recordsOnly)
                {
                    return AnnounceGap(offset);
                }

                return HandOver();
            }

            if (!MoveToBatch())
            {
                FinishPart();
                return false;
            }
        }
    }

    private bool HandOver()
    {
        _kind = ReadEventKind.Record;
        _cursor!.Next = _records.Current.Offset.Value + 1;
        _handedOver++;
        return true;
    }

    private bool AnnounceGap(long offset)
    {
        _kind = ReadEventKind.Gap;
        _previousOffset = _cursor!.Next;
        _offset = offset;
        _isRecordPending = true;
        return true;
    }

    private bool MoveToBatch()
    {
        if (_isInBatch && _records.Error is { } fault)
        {
            throw Damaged(fault);
        }

        _isInBatch = false;
        while (!_rest.IsEmpty)
        {
            BrokerError? error = RecordReader.TryOpen(_rest, _plan.Options.InflatedBytesMax, out _records);
            if (error is not null)
            {
                throw Damaged(error);
            }

            _rest = _rest[_records.TotalBytes..];
            if (!_records.IsControl)
            {
                _isInBatch = true;
                return true;
            }
        }

        return false;
    }

    private LogBrokerException Damaged(BrokerError error) => new(
        error.Code, $"a batch of {_cursor!.Id} at or behind offset {_cursor.Next} cannot be read: {error.Message}")
    {
        Topic = _cursor.Topic,
        Partition = _cursor.Partition,
        Details = error.Metadata,
    };

    private void FinishPart()
    {
        if (_handedOver > 0)
        {
            if (Telemetry.ConsumedMessages.Enabled)
            {
                Telemetry.ConsumedMessages.Add(
                    _handedOver, Telemetry.Tags("fetch", "receive", _cursor!.Topic, _cursor.Partition, _part!.Server));
            }

            _handedOver = 0;
        }

        _fetcher.Finish(_part!);
        _part = null;
        _isInBatch = false;
        _isRecordPending = false;
    }
}
