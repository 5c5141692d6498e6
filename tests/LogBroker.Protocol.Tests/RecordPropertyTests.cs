using System.Buffers.Binary;
using FsCheck.Fluent;

namespace LogBroker.Protocol.Tests;

/// <summary>Whatever is built is valid and reads back; whatever is damaged is refused and never throws.</summary>
public sealed class RecordPropertyTests
{
    private static readonly FsCheck.Gen<RecordModel> Records =
        from timestampMs in Gen.OneOf(Gen.Choose(-100_000, 100_000).Select(d => Batches.Now + d), Gen.Elements(0, Batches.Now))
        from key in Samples.OptionalBytes
        from value in Samples.OptionalBytes
        from headers in Samples.Texts.SelectMany(k => Samples.OptionalBytes.Select(v => (k, v))).ListOf(3)
        from headersCount in Gen.Choose(0, 3)
        select new RecordModel(timestampMs, key, value, [.. headers.Take(headersCount)]);

    private static readonly FsCheck.Gen<List<RecordModel>> Batch =
        Gen.Frequency((1, Gen.Constant(1)), (4, Gen.Choose(1, 30)), (1, Gen.Constant(200)))
            .SelectMany(n => Records.ListOf(n)).Select(r => r.ToList());

    [Theory]
    [InlineData(CompressionCodec.None)]
    [InlineData(CompressionCodec.Gzip)]
    public void What_is_built_is_valid_and_reads_back(CompressionCodec codec) => Samples.Holds(Batch, models =>
    {
        byte[] bytes = Build(models, codec);
        Assert.Null(BatchValidator.Check(bytes, Batches.Rules, out BatchFacts facts));
        Assert.Equal(models.Count, facts.RecordsCount);
        Assert.Equal(models.Max(m => m.TimestampMs), facts.MaxTimestampMs);
        BatchHeader.StampBaseOffset(bytes, new Offset(1000));
        BatchHeader.StampLeaderEpoch(bytes, new Epoch(4));
        var records = new List<LogRecord>();
        Assert.Null(Batches.ReadAll(bytes, records));
        return records.Count == models.Count && records.Select((r, i) => models[i].Matches(r, 1000 + i)).All(m => m);
    }).Check(150);

    [Fact]
    public void The_cursor_sees_what_the_reader_sees() => Samples.Holds(Batch, models =>
    {
        byte[] bytes = Build(models, CompressionCodec.None);
        var cursor = new RecordCursor(new RecordBatch(bytes));
        int count = 0;
        while (cursor.MoveNext())
        {
            RecordModel model = models[count];
            Assert.Equal(count++, cursor.Offset.Value);
            Assert.Equal(model.TimestampMs, cursor.TimestampMs);
            Assert.Equal(model.Key is null, cursor.Key.IsNull);
            Assert.Equal(model.Key ?? [], cursor.Key.Span);
            Assert.Equal(model.Value is null, cursor.Value.IsNull);
            Assert.Equal(model.Value ?? [], cursor.Value.Span);
        }

        return count == models.Count && !cursor.IsDamaged;
    }).Check(100);

    [Fact]
    public void An_append_time_is_the_time_of_every_record() => Samples.Holds(Batch, models =>
    {
        byte[] bytes = Build(models, CompressionCodec.None);
        BatchHeader.StampAppendTime(bytes, 42);
        var records = new List<LogRecord>();
        Assert.Null(Batches.ReadAll(bytes, records));
        var batch = new RecordBatch(bytes);
        return batch.TimestampType == TimestampType.LogAppendTime
            && batch.MaxTimestampMs == 42
            && records.All(r => r.TimestampMs == 42);
    }).Check(50);

    [Fact]
    public void The_walk_agrees_with_the_reference_parser_on_damaged_records()
    {
        var random = new Random(23);
        byte[][] seeds = [.. Batch.Sample(40).Select(m => Build(m, CompressionCodec.None))];
        BatchRules rules = Batches.Rules with { TimestampType = TimestampType.LogAppendTime };
        int valid = 0;
        const int Rounds = 4_000;
        for (int i = 0; i < Rounds; i++)
        {
            byte[] seed = seeds[random.Next(seeds.Length)];
            int count = new RecordBatch(seed).RecordsCount;
            byte[] records = random.Next(4) == 0 ? seed[BatchHeader.Bytes..] : Mutations.Of(seed[BatchHeader.Bytes..], random);
            byte[] batch = Batches.Around(records, count);
            BrokerError? error = BatchValidator.Check(batch, rules, out _);
            List<ReferenceParser.Entry>? expected = ReferenceParser.Parse(records, count);
            Assert.True((error is null) == (expected is not null), $"{error} for {Convert.ToHexString(batch)}");
            var read = new List<LogRecord>();
            BrokerError? readError = Batches.ReadAll(batch, read);
            if (expected is null)
            {
                Assert.Contains(error!.Code, (ErrorCode[])[ErrorCode.CorruptBatch, ErrorCode.InvalidArgument]);
                continue;
            }

            valid++;
            Assert.Null(readError);
            Assert.Equal(expected.Select(e => e.Key), read.Select(r => r.Key?.ToArray()));
            Assert.Equal(expected.Select(e => e.Value), read.Select(r => r.Value?.ToArray()));
            Assert.Equal(expected.Select(e => e.Headers.Length), read.Select(r => r.Headers.Count()));
            Assert.Equal(expected.Select(e => unchecked(Batches.Now + e.TimestampDelta)), read.Select(r => r.TimestampMs));
        }

        Assert.InRange(valid, Rounds / 5, Rounds * 9 / 10);
    }

    [Theory]
    [InlineData(CompressionCodec.None)]
    [InlineData(CompressionCodec.Gzip)]
    public void Damaged_batches_are_refused_and_never_throw(CompressionCodec codec)
    {
        var random = new Random(29);
        byte[][] seeds = [.. Batch.Sample(20).Select(m => Build(m, codec))];
        for (int i = 0; i < 5_000; i++)
        {
            byte[] bytes = Mutations.Of(seeds[random.Next(seeds.Length)], random);
            bool isRepaired = bytes.Length >= BatchHeader.Bytes && random.Next(4) != 0;
            if (isRepaired)
            {
                // Otherwise nearly everything ends at the length or the checksum.
                int batchLength = bytes.Length - BatchHeader.LengthPrefixBytes;
                BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(BatchHeader.BatchLengthAt), batchLength);
                BatchHeader.StampCrc(bytes);
            }

            BrokerError? error = BatchValidator.Check(bytes, Batches.Rules, out BatchFacts facts);
            Assert.True(error is not null || facts.TotalBytes == bytes.Length);
            Assert.True(error is null || error.Code != ErrorCode.Internal);
            BrokerError? readError = Batches.ReadAll(bytes, []);
            bool isReadable = readError is null || facts.Codec != CompressionCodec.None; // the inside is the reader's to judge
            Assert.True(error is not null || isReadable, $"accepted but not readable: {readError}");
            EpochRow.TryRead(bytes, out _);
            if (RecordBatch.TryParse(bytes, Limits.BatchBytesMax, out RecordBatch batch) == BatchFault.None
                && batch.Check() == BatchFault.None && batch.Codec == CompressionCodec.None)
            {
                var cursor = new RecordCursor(batch);
                while (cursor.MoveNext())
                {
                }
            }
        }
    }

    [Fact]
    public void Every_flipped_bit_behind_the_stamps_is_found()
    {
        byte[] good = Batches.OfValues("one", "two");
        for (int bit = BatchHeader.BatchLengthAt * 8; bit < good.Length * 8; bit++)
        {
            if (bit / 8 is >= BatchHeader.LeaderEpochAt and < BatchHeader.MagicAt)
            {
                continue;
            }

            byte[] bytes = [.. good];
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.NotNull(Batches.Validate(bytes));
            BatchFault fault = RecordBatch.TryParse(bytes, Limits.BatchBytesMax, out RecordBatch batch);
            Assert.NotEqual(BatchFault.None, fault == BatchFault.None ? batch.Check() : fault);
        }
    }

    private static byte[] Build(List<RecordModel> models, CompressionCodec codec)
    {
        using var builder = new BatchBuilder(Limits.BatchBytesMax, codec);
        foreach (RecordModel model in models)
        {
            RecordHeader[] headers = [.. model.Headers.Select(h => new RecordHeader(h.Key, AsMemory(h.Value)))];
            Assert.True(builder.TryAppend(model.TimestampMs, model.Key, model.Value, headers));
        }

        return builder.Finish().ToArray();
    }

    private static ReadOnlyMemory<byte>? AsMemory(byte[]? bytes) => bytes is null ? default(ReadOnlyMemory<byte>?) : bytes;

    private sealed record RecordModel(long TimestampMs, byte[]? Key, byte[]? Value, (string Key, byte[]? Value)[] Headers)
    {
        public bool Matches(LogRecord record, long offset) =>
            record.Offset.Value == offset
            && record.TimestampMs == TimestampMs
            && Same(Key, record.Key)
            && Same(Value, record.Value)
            && record.IsTombstone == Value is null
            && record.Headers.Count == Headers.Length
            && record.Headers.Zip(Headers).All(p => p.First.Key == p.Second.Key && Same(p.Second.Value, p.First.Value));

        private static bool Same(byte[]? expected, ReadOnlyMemory<byte>? actual) =>
            expected is null ? actual is null : actual is { } some && some.Span.SequenceEqual(expected);
    }
}
