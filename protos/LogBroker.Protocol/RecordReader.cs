namespace LogBroker.Protocol;

/// <summary>
/// Reads the records of one batch out of memory: keys, values and headers are slices of the given bytes, or, for a compressed
/// batch, of one array that is inflated for the batch and belongs to nobody else. Allocates nothing per record. A mutable struct:
/// do not copy it while reading; not thread-safe. The records stay valid as long as the bytes do.
/// <code>
///   while (rest.Length > 0)
///   {
///       BrokerError? error = RecordReader.TryOpen(rest, inflatedBytesMax, out RecordReader reader);
///       if (error is not null) …
///       while (reader.MoveNext()) Use(reader.Current);
///       if (reader.Error is not null) …
///       rest = rest[reader.TotalBytes..];
///   }
/// </code>
/// </summary>
public struct RecordReader
{
    private readonly ReadOnlyMemory<byte> _records;
    private readonly long _baseTimestampMs;
    private readonly bool _isCompressed;
    private int _at;
    private int _index;
    private int _lastOffsetDelta;
    private LogRecord _current;

    private RecordReader(RecordBatch batch, ReadOnlyMemory<byte> records)
    {
        _records = records;
        _baseTimestampMs = batch.BaseTimestampMs;
        _isCompressed = batch.Codec != CompressionCodec.None;
        _lastOffsetDelta = -1;
        TotalBytes = batch.TotalBytes;
        BaseOffset = batch.BaseOffset;
        NextOffset = batch.NextOffset;
        LeaderEpoch = batch.LeaderEpoch;
        RecordsCount = batch.RecordsCount;
        TimestampType = batch.TimestampType;
        MaxTimestampMs = batch.MaxTimestampMs;
        IsControl = batch.IsControl;
    }

    /// <summary>Size of the batch in bytes, as it was given: the next one begins behind it.</summary>
    public int TotalBytes { get; }

    /// <summary>Offset of the batch's first record.</summary>
    public Offset BaseOffset { get; }

    /// <summary>The offset behind its last record.</summary>
    public Offset NextOffset { get; }

    /// <summary>The epoch of the leader that appended it.</summary>
    public Epoch LeaderEpoch { get; }

    /// <summary>How many records it has.</summary>
    public int RecordsCount { get; }

    /// <summary>Whose clock the timestamps are.</summary>
    public TimestampType TimestampType { get; }

    /// <summary>Largest timestamp in milliseconds since 1970-01-01.</summary>
    public long MaxTimestampMs { get; }

    /// <summary>True when its records are not for applications.</summary>
    public bool IsControl { get; }

    /// <summary>Why <see cref="MoveNext"/> ended early: CorruptBatch with the byte position, or null.</summary>
    public BrokerError? Error { get; private set; }

    /// <summary>The record that <see cref="MoveNext"/> went to.</summary>
    public readonly LogRecord Current => _current;

    /// <summary>
    /// Checks header and CRC of the batch that <paramref name="bytes"/> begin with and inflates it if need be.
    /// </summary>
    /// <param name="bytes">A batch, and whatever follows it.</param>
    /// <param name="inflatedBytesMax">Most bytes of inflated records; <see cref="Limits.InflationRatioMax"/> holds as well.</param>
    /// <param name="reader">In front of the first record, when the answer is null.</param>
    /// <returns>Null, or CorruptBatch, UnsupportedVersion, UnsupportedCompression, or RecordTooLarge beyond a bound of inflation.</returns>
    public static BrokerError? TryOpen(ReadOnlyMemory<byte> bytes, int inflatedBytesMax, out RecordReader reader)
    {
        reader = default;
        BatchFault fault = RecordBatch.TryParse(bytes.Span, int.MaxValue, out RecordBatch batch);
        if (fault == BatchFault.None)
        {
            fault = batch.Check();
        }

        BrokerError? error = fault switch
        {
            BatchFault.None => null,
            BatchFault.Incomplete => BatchErrors.Corrupt(bytes.Length, "the bytes end before the batch does"),
            BatchFault.BadLength => BatchErrors.Corrupt(BatchHeader.BatchLengthAt, "length is out of range"),
            BatchFault.BadMagic => BatchErrors.Magic(bytes.Span[BatchHeader.MagicAt]),
            BatchFault.BadCrc => BatchErrors.Crc(batch.Crc, batch.ComputeCrc()),
            _ => BatchErrors.Corrupt(BatchHeader.AttributesAt, "header fields contradict each other"),
        };
        if (error is not null)
        {
            return error;
        }

        ReadOnlyMemory<byte> records = bytes[BatchHeader.Bytes..batch.TotalBytes];
        if (batch.Codec == CompressionCodec.Gzip)
        {
            error = GzipRecords.Inflate(records, inflatedBytesMax, out records);
        }
        else if (batch.Codec != CompressionCodec.None)
        {
            error = BatchErrors.Codec((int)batch.Codec);
        }

        if (error is null)
        {
            reader = new RecordReader(batch, records);
        }

        return error;
    }

    /// <summary>Goes to the next record; false behind the last one, or with <see cref="Error"/> when the bytes do not parse.</summary>
    public bool MoveNext()
    {
        if (Error is not null)
        {
            return false;
        }

        if (_index == RecordsCount)
        {
            if (_at != _records.Length)
            {
                Error = Corrupt("bytes are left over behind the last record");
            }

            return false;
        }

        RecordFault fault = RecordLayout.TryRead(_records.Span, _at, int.MaxValue, out RecordLayout layout, out int faultAt);
        if (fault != RecordFault.None)
        {
            Error = BatchErrors.Record(fault, _index, PositionOf(faultAt));
            return false;
        }

        if (layout.OffsetDelta <= _lastOffsetDelta || layout.OffsetDelta > NextOffset - BaseOffset - 1)
        {
            Error = Corrupt($"record {BatchErrors.Number(_index)} has offset delta {BatchErrors.Number(layout.OffsetDelta)}");
            return false;
        }

        long timestampMs = TimestampType == TimestampType.LogAppendTime
            ? MaxTimestampMs
            : unchecked(_baseTimestampMs + layout.TimestampDeltaMs);
        _current = new LogRecord(_records, layout, BaseOffset + layout.OffsetDelta, timestampMs);
        _lastOffsetDelta = layout.OffsetDelta;
        _at = layout.End;
        _index++;
        return true;
    }

    private readonly BrokerError Corrupt(string problem) => BatchErrors.Corrupt(PositionOf(_at), problem);

    /// <summary>Positions inside a compressed blob mean nothing to anybody: there the blob's own is given.</summary>
    private readonly int PositionOf(int recordsAt) => BatchHeader.Bytes + (_isCompressed ? 0 : recordsAt);
}
