namespace LogBroker.Protocol;

/// <summary>
/// Walks over the records of an uncompressed batch in place, without allocating: for look-ups in the broker. Not for compressed
/// batches. Ends early when a record does not parse: <see cref="IsDamaged"/> tells.
/// </summary>
public ref struct RecordCursor
{
    private readonly ReadOnlySpan<byte> _records;
    private readonly RecordBatch _batch;
    private RecordLayout _current;
    private int _at;
    private int _left;

    /// <summary>A cursor in front of the first record of a whole batch.</summary>
    public RecordCursor(RecordBatch batch)
    {
        Invariant.Require(batch.Codec == CompressionCodec.None && batch.IsWhole);
        _batch = batch;
        _records = batch.Records;
        _left = batch.RecordsCount;
    }

    /// <summary>True when the walk ended because a record does not parse.</summary>
    public bool IsDamaged { get; private set; }

    /// <summary>Offset of the current record.</summary>
    public readonly Offset Offset => _batch.BaseOffset + _current.OffsetDelta;

    /// <summary>Its timestamp in milliseconds since 1970-01-01.</summary>
    public readonly long TimestampMs => _batch.TimestampType == TimestampType.LogAppendTime
        ? _batch.MaxTimestampMs
        : unchecked(_batch.BaseTimestampMs + _current.TimestampDeltaMs);

    /// <summary>Its key.</summary>
    public readonly OptionalBytes Key => At(_current.Key);

    /// <summary>Its value.</summary>
    public readonly OptionalBytes Value => At(_current.Value);

    /// <summary>Goes to the next record; false behind the last one or at damage.</summary>
    public bool MoveNext()
    {
        if (_left <= 0)
        {
            return false;
        }

        _left--;
        if (RecordLayout.TryRead(_records, _at, int.MaxValue, out _current, out _) != RecordFault.None)
        {
            IsDamaged = true;
            _left = 0;
            return false;
        }

        _at = _current.End;
        return true;
    }

    private readonly OptionalBytes At(BytesAt part) => part.IsNull ? OptionalBytes.Null : _records.Slice(part.Start, part.Length);
}
