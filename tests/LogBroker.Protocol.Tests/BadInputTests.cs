using System.Buffers.Binary;
using System.IO.Compression;

namespace LogBroker.Protocol.Tests;

/// <summary>The rows of the bad input table that a batch alone can show; each test names its row.</summary>
public sealed class BadInputTests
{
    private static readonly byte[] Valid = Batches.OfValues("one", "two", "three");

    [Fact]
    public void Row_15_an_empty_batch()
    {
        Expect(ErrorCode.EmptyBatch, [], "is empty");
        Expect(ErrorCode.EmptyBatch, Batches.Around([], recordsCount: 0), "recordsCount: is 0");
    }

    [Fact]
    public void Row_16_a_batch_over_the_limit()
    {
        BatchRules rules = Batches.Rules with { BatchBytesMax = Valid.Length - 1 };
        BrokerError error = Assert.IsType<BrokerError>(BatchValidator.Check(Valid, rules, out _));
        Assert.Equal(ErrorCode.RecordTooLarge, error.Code);
        Assert.Equal($"batch size {Valid.Length} > max {Valid.Length - 1} bytes", error.Message);
        Assert.Null(BatchValidator.Check(Valid, rules with { BatchBytesMax = Valid.Length }, out _));
    }

    [Fact]
    public void Row_17_lengths_and_counts_that_do_not_fit()
    {
        Expect(ErrorCode.CorruptBatch, Valid[..60], "60 bytes are too few", at: 60);
        Expect(ErrorCode.CorruptBatch, Valid[..^1], "batchLength says", at: BatchHeader.BatchLengthAt);
        Expect(ErrorCode.CorruptBatch, [.. Valid, 0], "batchLength says", at: BatchHeader.BatchLengthAt);
        Expect(ErrorCode.CorruptBatch, [.. Valid, .. Valid], "batchLength says", at: BatchHeader.BatchLengthAt);
        byte[] negative = WithInt32(Valid, BatchHeader.BatchLengthAt, -5);
        Expect(ErrorCode.CorruptBatch, negative, "batchLength says 7", at: BatchHeader.BatchLengthAt);
        Expect(ErrorCode.CorruptBatch, WithCount(Valid, 2), "bytes behind the last of 2 records");
        Expect(ErrorCode.CorruptBatch, WithCount(Valid, 4), "record 3: length", at: Valid.Length);
        Expect(ErrorCode.CorruptBatch, WithCount(Valid, -1), "recordsCount is -1", at: BatchHeader.RecordsCountAt);
        Expect(ErrorCode.CorruptBatch, WithInt32(Valid, BatchHeader.RecordsCountAt, 2), "lastOffsetDelta 2");
    }

    [Fact]
    public void Row_17_records_whose_parts_do_not_fit()
    {
        byte[] good = [0, 0, 0, 1, 1, 0];
        ExpectRecord("length", Batches.Varint(-1), at: 0);
        ExpectRecord("length", [.. Batches.Varint(7), .. good], at: 0);
        ExpectRecord("length", [0x80, 0x80, 0x80, 0x80, 0x80, 0x00], at: 0);
        ExpectRecord("length", [0xFF, 0xFF, 0xFF, 0xFF, 0x1F], at: 0);
        ExpectRecord("bytes are left over", [.. Batches.Varint(7), .. good, 0], at: 7);
        ExpectBody("attributes", [1, 0, 0, 1, 1, 0], at: 1);
        ExpectBody("attributes", [], at: 1);
        ExpectBody("timestamp delta", [0, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0], at: 2);
        ExpectBody("offset delta", [0, 0], at: 3);
        ExpectBody("key length", [0, 0, 0, .. Batches.Varint(-2), 1, 0], at: 4);
        ExpectBody("key length", [0, 0, 0, .. Batches.Varint(int.MaxValue), 1, 0], at: 4);
        ExpectBody("value length", [0, 0, 0, 1, .. Batches.Varint(2), 0], at: 5);
        ExpectBody("value length", [0, 0, 0, 1, .. Batches.Varint(int.MinValue), 0], at: 5);
        ExpectBody("headers count", [0, 0, 0, 1, 1, .. Batches.Varint(-1)], at: 6);
        ExpectBody("header key length", [0, 0, 0, 1, 1, .. Batches.Varint(1), .. Batches.Varint(-1), 1], at: 7);
        ExpectBody("header key length", [0, 0, 0, 1, 1, .. Batches.Varint(2), 0, 1], at: 9);
        ExpectBody("header value length", [0, 0, 0, 1, 1, .. Batches.Varint(1), 0, .. Batches.Varint(5)], at: 8);
        ExpectBody("offset delta 1", [0, 0, .. Batches.Varint(1), 1, 1, 0], at: 0);
    }

    [Fact]
    public void Row_18_a_bad_checksum()
    {
        byte[] batch = [.. Valid];
        batch[^1] ^= 1;
        uint stated = new RecordBatch(batch).Crc;
        uint computed = new RecordBatch(batch).ComputeCrc();
        Expect(ErrorCode.CorruptBatch, batch, $"crc expected 0x{stated:x8} got 0x{computed:x8}", at: BatchHeader.CrcAt);
        Assert.False(ErrorCatalogue.Get(ErrorCode.CorruptBatch).IsRetriable);
    }

    [Theory]
    [InlineData(2, "snappy")]
    [InlineData(3, "lz4")]
    [InlineData(4, "zstd")]
    [InlineData(5, "number 5")]
    [InlineData(7, "number 7")]
    public void Row_19_an_unknown_codec_is_refused_by_name(int codec, string name)
    {
        byte[] batch = Batches.Around([1, 2, 3], recordsCount: 1, attributes: codec);
        Expect(ErrorCode.UnsupportedCompression, batch, $"codec {name} is not supported; supported: none, gzip");
        Assert.Equal(ErrorCode.UnsupportedCompression, Batches.ReadAll(batch, [])!.Code);
    }

    [Fact]
    public void Row_19_an_unknown_version_or_feature()
    {
        byte[] old = [.. Valid];
        old[BatchHeader.MagicAt] = 1;
        Expect(ErrorCode.UnsupportedVersion, old, "version (magic) 1 is not supported; supported: 2");
        Assert.Equal(ErrorCode.UnsupportedVersion, Batches.ReadAll(old, [])!.Code);
        Expect(ErrorCode.UnsupportedVersion, WithAttributes(BatchHeader.TransactionalBit), "transactions are not supported");
        Expect(ErrorCode.InvalidArgument, WithAttributes(BatchHeader.ControlBit), "control batches");
        for (int bit = 6; bit < 16; bit++)
        {
            Expect(ErrorCode.CorruptBatch, WithAttributes(1 << bit), "bits 6 to 15", at: BatchHeader.AttributesAt);
        }
    }

    [Theory]
    [InlineData(1_000)]
    [InlineData(100_000)]
    [InlineData(20_000_000)]
    public void Row_20_a_bomb_ends_at_the_ratio(int inflatedBytes)
    {
        byte[] bomb = Gzip(new byte[inflatedBytes]);
        byte[] batch = Batches.Around(bomb, recordsCount: 1, attributes: (int)CompressionCodec.Gzip);
        Assert.Null(Batches.Validate(batch));
        long before = GC.GetAllocatedBytesForCurrentThread();
        BrokerError error = Assert.IsType<BrokerError>(Batches.ReadAll(batch, []));
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.Equal(ErrorCode.RecordTooLarge, error.Code);
        Assert.Contains($"more than {10 * bomb.Length} bytes", error.Message, StringComparison.Ordinal);
        Assert.True(allocated < (20 * bomb.Length) + 100_000, $"{allocated} bytes allocated");
    }

    [Fact]
    public void Row_20_the_absolute_bound_holds_and_a_lying_length_does_not_help()
    {
        byte[] batch = Batches.OfValues(CompressionCodec.Gzip, new string('x', 5_000), new string('y', 5_000));
        BrokerError error = Assert.IsType<BrokerError>(RecordReader.TryOpen(batch, 9_999, out _));
        Assert.Equal(ErrorCode.RecordTooLarge, error.Code);

        foreach (uint stated in (uint[])[0, 1, 5_000, 100_000, 20_000_000, uint.MaxValue])
        {
            byte[] lying = Batches.Patched(batch, b => BinaryPrimitives.WriteUInt32LittleEndian(b.AsSpan(b.Length - 4), stated));
            Assert.Equal(ErrorCode.CorruptBatch, Batches.ReadAll(lying, [])!.Code);
        }
    }

    [Fact]
    public void Row_20_compressed_bytes_that_are_not_gzip()
    {
        byte[] noise = new byte[500];
        new Random(5).NextBytes(noise);
        byte[] good = new RecordBatch(Batches.OfValues(CompressionCodec.Gzip, Convert.ToHexString(noise))).Records.ToArray();
        foreach (byte[] blob in (byte[][])[[], [1], noise, good[..^9], good[..20]])
        {
            byte[] batch = Batches.Around(blob, recordsCount: 1, attributes: (int)CompressionCodec.Gzip);
            Assert.Equal(ErrorCode.CorruptBatch, Batches.ReadAll(batch, [])!.Code);
        }
    }

    [Fact]
    public void Row_25_too_many_headers()
    {
        var header = new RecordHeader("h", null);
        using var builder = new BatchBuilder(Limits.BatchBytesDefault);
        var atLimit = new RecordHeader[Limits.HeadersPerRecordMax];
        Array.Fill(atLimit, header);
        Assert.True(builder.TryAppend(Batches.Now, "k"u8, "v"u8, atLimit));
        Assert.Null(Batches.Validate(builder.Finish().ToArray()));

        byte[] headers = [.. Enumerable.Repeat<byte[]>([0, 1], Limits.HeadersPerRecordMax + 1).SelectMany(b => b)];
        byte[] body = [0, 0, 0, 1, 1, .. Batches.Varint(Limits.HeadersPerRecordMax + 1), .. headers];
        Expect(ErrorCode.InvalidArgument, Batches.Around([.. Batches.Varint(body.Length), .. body], 1), "more than 1000 headers");
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(-62_135_596_800_000)]
    [InlineData(253_402_300_799_999)]
    [InlineData(Batches.Now + Limits.TimestampAheadMsMax + 1)]
    [InlineData(long.MinValue)]
    [InlineData(long.MaxValue)]
    public void Row_26_timestamps_outside_the_window(long timestampMs)
    {
        using var builder = new BatchBuilder(Limits.BatchBytesDefault);
        Assert.True(builder.TryAppend(timestampMs, "k"u8, "v"u8));
        byte[] alone = builder.Finish().ToArray();
        Expect(ErrorCode.InvalidTimestamp, alone, timestampMs.ToString(System.Globalization.CultureInfo.InvariantCulture));
        BatchRules appendTime = Batches.Rules with { TimestampType = TimestampType.LogAppendTime };
        Assert.Null(BatchValidator.Check(alone, appendTime, out _));

        builder.Reset();
        Assert.True(builder.TryAppend(Batches.Now, "k"u8, "v"u8));
        Assert.True(builder.TryAppend(timestampMs, "k"u8, "v"u8));
        Expect(ErrorCode.InvalidTimestamp, builder.Finish().ToArray(), "ms is outside");
    }

    [Fact]
    public void Row_26_the_window_itself_is_accepted_and_the_largest_timestamp_must_be_true()
    {
        using var builder = new BatchBuilder(Limits.BatchBytesDefault);
        Assert.True(builder.TryAppend(0, "k"u8, "v"u8));
        Assert.True(builder.TryAppend(Batches.Now + Limits.TimestampAheadMsMax, "k"u8, "v"u8));
        byte[] batch = builder.Finish().ToArray();
        Assert.Null(Batches.Validate(batch));
        byte[] lying = Batches.Patched(batch, b => BinaryPrimitives.WriteInt64BigEndian(b.AsSpan(BatchHeader.MaxTimestampAt), Batches.Now));
        Expect(ErrorCode.InvalidTimestamp, lying, "is not the largest");
        Expect(ErrorCode.InvalidTimestamp, WithAttributes(BatchHeader.LogAppendTimeBit), "set by the broker only");
    }

    [Fact]
    public void Producer_fields_must_fit_each_other()
    {
        Expect(ErrorCode.InvalidArgument, WithProducer(0, 0, 0), "producerId: 0");
        Expect(ErrorCode.InvalidArgument, WithProducer(-2, 0, 0), "producerId: -2");
        Expect(ErrorCode.InvalidArgument, WithProducer(5, -1, 0), "producerEpoch");
        Expect(ErrorCode.InvalidArgument, WithProducer(5, 0, -1), "baseSequence");
        Expect(ErrorCode.InvalidArgument, WithProducer(-1, 0, -1), "producerId");
        Expect(ErrorCode.InvalidArgument, WithProducer(-1, -1, 0), "producerId");
        Assert.Null(Batches.Validate(WithProducer(5, 0, 0)));
        Assert.Null(Batches.Validate(WithProducer(-1, -1, -1)));
    }

    [Fact]
    public void A_base_offset_from_a_client_must_be_zero()
    {
        byte[] batch = [.. Valid];
        BatchHeader.StampBaseOffset(batch, new Offset(7));
        Expect(ErrorCode.InvalidArgument, batch, "baseOffset: 7 must be 0");
    }

    [Fact]
    public void More_records_than_the_limit()
    {
        byte[] batch = Batches.Around(new byte[100], Limits.RecordsPerBatchMax + 1, attributes: (int)CompressionCodec.Gzip);
        Expect(ErrorCode.LimitExceeded, batch, "1000001 > max 1000000");
    }

    private static void Expect(ErrorCode code, byte[] batch, string text, int? at = null)
    {
        BrokerError error = Assert.IsType<BrokerError>(Batches.Validate(batch));
        Assert.Equal(code, error.Code);
        Assert.Contains(text, error.Message, StringComparison.Ordinal);
        if (at is { } position)
        {
            Assert.Contains($"byte {position}", code == ErrorCode.CorruptBatch && text.StartsWith("crc", StringComparison.Ordinal)
                ? $"byte {error.Metadata["bytePosition"]}"
                : error.Message, StringComparison.Ordinal);
        }
    }

    /// <summary>A record with a right length in front of this body; positions count from the record's start.</summary>
    private static void ExpectBody(string text, byte[] body, int at) => ExpectRecord(text, [.. Batches.Varint(body.Length), .. body], at);

    private static void ExpectRecord(string text, byte[] record, int at)
    {
        byte[] batch = Batches.Around(record, recordsCount: 1);
        Expect(ErrorCode.CorruptBatch, batch, text, BatchHeader.Bytes + at);
        BrokerError error = Assert.IsType<BrokerError>(Batches.ReadAll(batch, []));
        Assert.Equal(ErrorCode.CorruptBatch, error.Code);
    }

    private static byte[] WithAttributes(int bits) =>
        Batches.Patched(Valid, b => BinaryPrimitives.WriteUInt16BigEndian(b.AsSpan(BatchHeader.AttributesAt), (ushort)bits));

    private static byte[] WithInt32(byte[] batch, int at, int value) =>
        Batches.Patched(batch, b => BinaryPrimitives.WriteInt32BigEndian(b.AsSpan(at), value));

    private static byte[] WithCount(byte[] batch, int count) =>
        WithInt32(WithInt32(batch, BatchHeader.RecordsCountAt, count), BatchHeader.LastOffsetDeltaAt, count - 1);

    private static byte[] WithProducer(long id, short epoch, int sequence) =>
        Batches.Patched(Valid, b => BatchHeader.StampProducer(b, new ProducerId(id), epoch, sequence));

    private static byte[] Gzip(byte[] bytes)
    {
        using var output = new MemoryStream();
        using (var gzip = new GZipStream(output, CompressionLevel.SmallestSize))
        {
            gzip.Write(bytes);
        }

        return output.ToArray();
    }
}
