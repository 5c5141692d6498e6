using System.Buffers.Binary;
using System.Text;

namespace LogBroker.Protocol.Tests;

/// <summary>Makes batches, whole and broken ones, for tests.</summary>
internal static class Batches
{
    public const long Now = 1_700_000_000_000;

    public static BatchRules Rules { get; } = new(Limits.BatchBytesDefault, TimestampType.CreateTime, 0, Now + Limits.TimestampAheadMsMax);

    /// <summary>A finished batch of these values, keys "k0", "k1", …</summary>
    public static byte[] OfValues(params string?[] values) => OfValues(CompressionCodec.None, values);

    public static byte[] OfValues(CompressionCodec codec, params string?[] values)
    {
        using var builder = new BatchBuilder(Limits.BatchBytesMax, codec);
        for (int i = 0; i < values.Length; i++)
        {
            byte[]? value = values[i] is { } text ? Encoding.UTF8.GetBytes(text) : null;
            Assert.True(builder.TryAppend(Now + i, Encoding.UTF8.GetBytes($"k{i}"), value));
        }

        return builder.Finish().ToArray();
    }

    /// <summary>A batch around record bytes that need not parse; the CRC is right.</summary>
    public static byte[] Around(ReadOnlySpan<byte> records, int recordsCount, int attributes = 0)
    {
        var batch = new byte[BatchHeader.Bytes + records.Length];
        records.CopyTo(batch.AsSpan(BatchHeader.Bytes));
        BinaryPrimitives.WriteInt32BigEndian(batch.AsSpan(BatchHeader.BatchLengthAt), batch.Length - BatchHeader.LengthPrefixBytes);
        batch[BatchHeader.MagicAt] = BatchHeader.Magic;
        BinaryPrimitives.WriteUInt16BigEndian(batch.AsSpan(BatchHeader.AttributesAt), (ushort)attributes);
        BinaryPrimitives.WriteInt32BigEndian(batch.AsSpan(BatchHeader.LastOffsetDeltaAt), recordsCount - 1);
        BinaryPrimitives.WriteInt64BigEndian(batch.AsSpan(BatchHeader.BaseTimestampAt), Now);
        BinaryPrimitives.WriteInt64BigEndian(batch.AsSpan(BatchHeader.MaxTimestampAt), Now);
        BatchHeader.StampProducer(batch, ProducerId.None, -1, -1);
        BinaryPrimitives.WriteInt32BigEndian(batch.AsSpan(BatchHeader.RecordsCountAt), recordsCount);
        BatchHeader.StampCrc(batch);
        return batch;
    }

    /// <summary>The batch with some bytes changed and the CRC made right again.</summary>
    public static byte[] Patched(byte[] batch, Action<byte[]> change)
    {
        byte[] patched = [.. batch];
        change(patched);
        BatchHeader.StampCrc(patched);
        return patched;
    }

    /// <summary>Zig-zag varint bytes of a number.</summary>
    public static byte[] Varint(long value)
    {
        var bytes = new byte[10];
        return bytes[..Protocol.Varint.Write(bytes, value)];
    }

    public static BrokerError? Validate(byte[] batch) => BatchValidator.Check(batch, Rules, out _);

    /// <summary>Reads all records, or answers with the error that ended it.</summary>
    public static BrokerError? ReadAll(ReadOnlyMemory<byte> bytes, List<LogRecord> records)
    {
        while (bytes.Length > 0)
        {
            BrokerError? error = RecordReader.TryOpen(bytes, Limits.InflatedBytesMax, out RecordReader reader);
            if (error is not null)
            {
                return error;
            }

            while (reader.MoveNext())
            {
                records.Add(reader.Current);
            }

            if (reader.Error is not null)
            {
                return reader.Error;
            }

            bytes = bytes[reader.TotalBytes..];
        }

        return null;
    }
}
