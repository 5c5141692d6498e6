namespace LogBroker.Protocol;

/// <summary>What a topic demands of a batch from a client.</summary>
/// <param name="BatchBytesMax">max.message.bytes: largest batch in bytes, header included.</param>
/// <param name="TimestampType">With <see cref="TimestampType.LogAppendTime"/> the client's timestamps are not checked.</param>
/// <param name="TimestampMsMin">Smallest accepted timestamp, milliseconds since 1970-01-01, at least 0.</param>
/// <param name="TimestampMsMax">Largest accepted timestamp: the present plus <see cref="Limits.TimestampAheadMsMax"/>.</param>
/// <param name="RequiresKeys">True when every record must have a key: a compressed batch is inflated to see that.</param>
public readonly record struct BatchRules(
    int BatchBytesMax, TimestampType TimestampType, long TimestampMsMin, long TimestampMsMax, bool RequiresKeys = false);

/// <summary>What is known of a batch that was found valid.</summary>
/// <param name="TotalBytes">Its size, header included.</param>
/// <param name="RecordsCount">Its records, at least 1; also the offsets it will take.</param>
/// <param name="Codec">None or gzip.</param>
/// <param name="MaxTimestampMs">Largest timestamp of the client, milliseconds since 1970-01-01.</param>
/// <param name="ProducerId">The idempotent producer, or <see cref="ProducerId.None"/>.</param>
/// <param name="ProducerEpoch">Its epoch, or -1.</param>
/// <param name="BaseSequence">Sequence of the first record, or -1.</param>
/// <param name="LastSequence">Sequence of the last record, or -1.</param>
/// <param name="Crc">The checksum, which tells a resent batch from another one with the same sequences.</param>
public readonly record struct BatchFacts(
    int TotalBytes,
    int RecordsCount,
    CompressionCodec Codec,
    long MaxTimestampMs,
    ProducerId ProducerId,
    short ProducerEpoch,
    int BaseSequence,
    int LastSequence,
    uint Crc);

/// <summary>
/// Decides whether the bytes of a produce request are one well-formed record batch, so that whatever is appended can be read by
/// every consumer. Nothing is decoded or copied: an uncompressed batch gets one walk over its lengths and counts, a compressed one
/// is not inflated unless keys are required. Allocates only on failure and then. Pure and thread-safe.
/// </summary>
public static class BatchValidator
{
    /// <summary>
    /// Null and the facts when the bytes are valid, else the error: EmptyBatch, RecordTooLarge, CorruptBatch (with
    /// <c>bytePosition</c>), UnsupportedVersion, UnsupportedCompression, InvalidTimestamp, InvalidArgument, LimitExceeded or
    /// RecordWithoutKey.
    /// </summary>
    public static BrokerError? Check(ReadOnlySpan<byte> bytes, in BatchRules rules, out BatchFacts facts)
    {
        facts = default;
        BrokerError? error = CheckFrame(bytes, rules.BatchBytesMax);
        if (error is not null)
        {
            return error;
        }

        var batch = new RecordBatch(bytes);
        uint crc = batch.ComputeCrc();
        if (crc != batch.Crc)
        {
            return BatchErrors.Crc(batch.Crc, crc);
        }

        error = CheckAttributes(batch) ?? CheckCounts(batch) ?? CheckProducer(batch) ?? CheckTimestamps(batch, rules);
        if (error is null && batch.Codec == CompressionCodec.None)
        {
            error = WalkRecords(batch, rules);
        }
        else if (error is null && rules.RequiresKeys)
        {
            error = WalkInflated(batch);
        }

        if (error is null)
        {
            facts = new BatchFacts(
                batch.TotalBytes,
                batch.RecordsCount,
                batch.Codec,
                batch.MaxTimestampMs,
                batch.ProducerId,
                batch.ProducerEpoch,
                batch.BaseSequence,
                batch.LastSequence,
                crc);
        }

        return error;
    }

    private static BrokerError? CheckFrame(ReadOnlySpan<byte> bytes, int batchBytesMax)
    {
        if (bytes.IsEmpty)
        {
            return BatchErrors.Argument(ErrorCode.EmptyBatch, "records", "is empty; send one record batch with at least one record");
        }

        if (bytes.Length > batchBytesMax)
        {
            return BatchErrors.TooLarge(bytes.Length, batchBytesMax);
        }

        if (bytes.Length > BatchHeader.MagicAt && bytes[BatchHeader.MagicAt] != BatchHeader.Magic)
        {
            return BatchErrors.Magic(bytes[BatchHeader.MagicAt]);
        }

        if (bytes.Length < BatchHeader.Bytes)
        {
            return BatchErrors.Corrupt(
                bytes.Length,
                $"{BatchErrors.Number(bytes.Length)} bytes are too few: a header has {BatchErrors.Number(BatchHeader.Bytes)}");
        }

        long totalBytes = BatchHeader.ReadTotalBytes(bytes);
        if (totalBytes == bytes.Length)
        {
            return null;
        }

        return BatchErrors.Corrupt(
            BatchHeader.BatchLengthAt,
            $"batchLength says {BatchErrors.Number(totalBytes)} bytes in all, but there are {BatchErrors.Number(bytes.Length)}");
    }

    private static BrokerError? CheckAttributes(RecordBatch batch)
    {
        if ((batch.Attributes & (BatchHeader.UnusedBits | BatchHeader.DeleteHorizonBit)) != 0)
        {
            return BatchErrors.Corrupt(BatchHeader.AttributesAt, "attribute bits 6 to 15 must be zero");
        }

        if (batch.IsControl)
        {
            return BatchErrors.Argument(ErrorCode.InvalidArgument, "attributes", "control batches are not accepted from clients");
        }

        if (batch.IsTransactional)
        {
            return BatchErrors.Argument(ErrorCode.UnsupportedVersion, "attributes", "transactions are not supported");
        }

        if (batch.Codec is not (CompressionCodec.None or CompressionCodec.Gzip))
        {
            return BatchErrors.Codec((int)batch.Codec);
        }

        return batch.TimestampType == TimestampType.LogAppendTime
            ? BatchErrors.Argument(ErrorCode.InvalidTimestamp, "attributes", "timestamp type LogAppendTime is set by the broker only")
            : null;
    }

    private static BrokerError? CheckCounts(RecordBatch batch)
    {
        int count = batch.RecordsCount;
        if (count == 0)
        {
            return BatchErrors.Argument(ErrorCode.EmptyBatch, "recordsCount", "is 0; send at least one record");
        }

        if (count < 0 || batch.LastOffsetDelta != count - 1)
        {
            return BatchErrors.Corrupt(
                count < 0 ? BatchHeader.RecordsCountAt : BatchHeader.LastOffsetDeltaAt,
                $"recordsCount is {BatchErrors.Number(count)} and lastOffsetDelta {BatchErrors.Number(batch.LastOffsetDelta)}");
        }

        if (count > Limits.RecordsPerBatchMax)
        {
            return BatchErrors.Argument(
                ErrorCode.LimitExceeded,
                "recordsCount",
                $"{BatchErrors.Number(count)} > max {BatchErrors.Number(Limits.RecordsPerBatchMax)}");
        }

        return batch.BaseOffset != Offset.Zero
            ? BatchErrors.Argument(ErrorCode.InvalidArgument, "baseOffset", $"{batch.BaseOffset} must be 0")
            : null;
    }

    private static BrokerError? CheckProducer(RecordBatch batch)
    {
        long id = batch.ProducerId.Value;
        if (id == ProducerId.None.Value)
        {
            return batch.ProducerEpoch == -1 && batch.BaseSequence == -1
                ? null
                : BatchErrors.Argument(
                    ErrorCode.InvalidArgument,
                    "producerId",
                    "is -1 (none), so producerEpoch and baseSequence must be -1 too");
        }

        if (id <= 0)
        {
            return BatchErrors.Argument(ErrorCode.InvalidArgument, "producerId", $"{BatchErrors.Number(id)} must be -1 or positive");
        }

        if (batch.ProducerEpoch < 0)
        {
            return BatchErrors.Argument(
                ErrorCode.InvalidArgument,
                "producerEpoch",
                $"{BatchErrors.Number(batch.ProducerEpoch)} must not be negative");
        }

        return batch.BaseSequence < 0
            ? BatchErrors.Argument(
                ErrorCode.InvalidArgument,
                "baseSequence",
                $"{BatchErrors.Number(batch.BaseSequence)} must not be negative")
            : null;
    }

    private static BrokerError? CheckTimestamps(RecordBatch batch, in BatchRules rules)
    {
        if (rules.TimestampType == TimestampType.LogAppendTime)
        {
            return null;
        }

        return CheckTimestamp("baseTimestamp", batch.BaseTimestampMs, rules)
            ?? CheckTimestamp("maxTimestamp", batch.MaxTimestampMs, rules)
            ?? (batch.MaxTimestampMs < batch.BaseTimestampMs
                ? BatchErrors.Argument(
                    ErrorCode.InvalidTimestamp,
                    "maxTimestamp",
                    $"{BatchErrors.Number(batch.MaxTimestampMs)} is below baseTimestamp {BatchErrors.Number(batch.BaseTimestampMs)}")
                : null);
    }

    private static BrokerError? CheckTimestamp(string field, long timestampMs, in BatchRules rules)
    {
        if (timestampMs >= rules.TimestampMsMin && timestampMs <= rules.TimestampMsMax)
        {
            return null;
        }

        return BatchErrors.Argument(
            ErrorCode.InvalidTimestamp,
            field,
            $"{BatchErrors.Number(timestampMs)} ms is outside "
                + $"[{BatchErrors.Number(rules.TimestampMsMin)}, {BatchErrors.Number(rules.TimestampMsMax)}]");
    }

    /// <summary>Inflates a batch and looks at every record: compaction must be able to read what it shall compact.</summary>
    private static BrokerError? WalkInflated(RecordBatch batch)
    {
        byte[] copy = batch.Bytes.ToArray();
        BrokerError? error = RecordReader.TryOpen(copy, Limits.InflatedBytesMax, out RecordReader records);
        for (int i = 0; error is null && records.MoveNext(); i++)
        {
            error = records.Current.Key is null ? BatchErrors.WithoutKey(i) : null;
        }

        return error ?? records.Error;
    }

    /// <summary>
    /// The one thing the broker does per record: a walk over lengths, counts, offset and time deltas, because a batch that does
    /// not parse would stop every consumer of the partition.
    /// </summary>
    private static BrokerError? WalkRecords(RecordBatch batch, in BatchRules rules)
    {
        ReadOnlySpan<byte> records = batch.Records;
        int count = batch.RecordsCount;
        long baseTimestampMs = batch.BaseTimestampMs;
        bool timestampsMatter = rules.TimestampType == TimestampType.CreateTime;
        long maxTimestampMs = long.MinValue;
        int at = 0;
        for (int i = 0; i < count; i++)
        {
            RecordFault fault = RecordLayout.TryRead(records, at, Limits.HeadersPerRecordMax, out RecordLayout record, out int faultAt);
            if (fault != RecordFault.None)
            {
                return BatchErrors.Record(fault, i, BatchHeader.Bytes + faultAt);
            }

            if (record.OffsetDelta != i)
            {
                return BatchErrors.Corrupt(
                    BatchHeader.Bytes + at,
                    $"record {BatchErrors.Number(i)} has offset delta {BatchErrors.Number(record.OffsetDelta)}");
            }

            if (rules.RequiresKeys && record.Key.IsNull)
            {
                return BatchErrors.WithoutKey(i);
            }

            if (timestampsMatter)
            {
                long timestampMs = unchecked(baseTimestampMs + record.TimestampDeltaMs);
                if (timestampMs < rules.TimestampMsMin || timestampMs > rules.TimestampMsMax)
                {
                    return CheckTimestamp($"record {BatchErrors.Number(i)} timestamp", timestampMs, rules);
                }

                maxTimestampMs = Math.Max(maxTimestampMs, timestampMs);
            }

            at = record.End;
        }

        if (at != records.Length)
        {
            return BatchErrors.Corrupt(
                BatchHeader.Bytes + at,
                $"{BatchErrors.Number(records.Length - at)} bytes behind the last of {BatchErrors.Number(count)} records");
        }

        return timestampsMatter && maxTimestampMs != batch.MaxTimestampMs
            ? BatchErrors.Argument(
                ErrorCode.InvalidTimestamp,
                "maxTimestamp",
                $"{BatchErrors.Number(batch.MaxTimestampMs)} is not the largest of the records, {BatchErrors.Number(maxTimestampMs)}")
            : null;
    }
}
