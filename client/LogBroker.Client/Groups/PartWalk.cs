using LogBroker.Protocol;

namespace LogBroker.Client;

/// <summary>
/// Walks over the records of a fetched part, checking each batch's CRC when it comes to it. Used by one caller at a time. The current
/// record lies in the memory of the part.
/// </summary>
internal sealed class PartWalk(int inflatedBytesMax)
{
    private PartitionCursor? _cursor;
    private ReadOnlyMemory<byte> _rest;
    private RecordReader _records;
    private bool _isInBatch;

    /// <summary>What is walked over; null for nothing.</summary>
    public FetchedPart? Part { get; private set; }

    public PartitionCursor Cursor => _cursor!;

    public long Offset => _records.Current.Offset.Value;

    public int LeaderEpoch => _records.LeaderEpoch.Value;

    public ConsumedRecord Current => new(_cursor!.Topic, _cursor.Partition, _records.Current);

    public void Begin(PartitionCursor cursor, FetchedPart part)
    {
        _cursor = cursor;
        Part = part;
        _rest = part.Batches;
        _isInBatch = false;
    }

    /// <summary>Forgets the part, which the caller finishes.</summary>
    public FetchedPart End()
    {
        FetchedPart part = Part!;
        Part = null;
        _isInBatch = false;
        return part;
    }

    /// <summary>The next record at or behind the cursor's place; false at the end of the part.</summary>
    /// <exception cref="LogBrokerException">A batch cannot be read.</exception>
    public bool MoveNext()
    {
        while (true)
        {
            while (_isInBatch && _records.MoveNext())
            {
                if (_records.Current.Offset.Value >= _cursor!.Next)
                {
                    return true;
                }
            }

            if (_isInBatch && _records.Error is { } fault)
            {
                throw Damaged(fault);
            }

            if (!MoveToBatch())
            {
                return false;
            }
        }
    }

    private bool MoveToBatch()
    {
        _isInBatch = false;
        while (!_rest.IsEmpty)
        {
            BrokerError? error = RecordReader.TryOpen(_rest, inflatedBytesMax, out _records);
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
        Endpoint = Part?.Server,
        Details = error.Metadata,
    };
}
