using System.Text;

namespace LogBroker.Protocol.Tests;

public sealed class BatchBuilderTests
{
    // Two records: key "a", value "xyz", header h = null; null key, null value (a tombstone) one millisecond earlier.
    private const string Golden =
        "0000000000000000" + "00000046" + "FFFFFFFF" + "02" + "{crc}" + "0000" + "00000001"
        + "0000018BCFE56800" + "0000018BCFE56800" + "0000000000000007" + "0002" + "00000005" + "00000002"
        + "1A" + "00" + "00" + "00" + "02" + "61" + "06" + "78797A" + "02" + "02" + "68" + "01"
        + "0C" + "00" + "01" + "02" + "01" + "01" + "00";

    [Fact]
    public void A_batch_has_the_golden_bytes()
    {
        using var builder = new BatchBuilder(Limits.BatchBytesDefault);
        Assert.True(builder.TryAppend(Batches.Now, "a"u8, "xyz"u8, [new RecordHeader("h", null)]));
        Assert.True(builder.TryAppend(Batches.Now - 1, OptionalBytes.Null, OptionalBytes.Null));
        byte[] bytes = builder.Finish(new ProducerId(7), producerEpoch: 2, baseSequence: 5).ToArray();
        Assert.Equal(Golden.Replace("{crc}", "46A534D5"), Convert.ToHexString(bytes));
    }

    [Fact]
    public void Row_25_null_and_empty_keys_values_and_headers_round_trip_exactly()
    {
        using var builder = new BatchBuilder(Limits.BatchBytesDefault);
        RecordHeader[] headers = [new("", null), new("e", ReadOnlyMemory<byte>.Empty), new("é", "v"u8.ToArray()), new("é", null)];
        Assert.True(builder.TryAppend(1, OptionalBytes.Null, Array.Empty<byte>(), headers));
        Assert.True(builder.TryAppend(2, Array.Empty<byte>(), OptionalBytes.Null));
        var records = new List<LogRecord>();
        byte[] bytes = builder.Finish().ToArray();
        Assert.Null(BatchValidator.Check(bytes, Batches.Rules, out BatchFacts facts));
        Assert.Equal(2, facts.RecordsCount);
        Assert.Null(Batches.ReadAll(bytes, records));

        Assert.Null(records[0].Key);
        Assert.Equal(0, records[0].Value!.Value.Length);
        Assert.False(records[0].IsTombstone);
        RecordHeader[] read = [.. records[0].Headers];
        Assert.Equal(["", "e", "é", "é"], read.Select(h => h.Key));
        Assert.Equal([null, 0, 1, null], read.Select(h => h.Value?.Length));
        Assert.True(records[0].Headers.TryGet("é"u8, out ReadOnlyMemory<byte>? last));
        Assert.Null(last);
        Assert.False(records[0].Headers.TryGet("no"u8, out _));

        Assert.Equal(0, records[1].Key!.Value.Length);
        Assert.Null(records[1].Value);
        Assert.True(records[1].IsTombstone);
        Assert.Empty(records[1].Headers);
    }

    [Fact]
    public void A_record_that_does_not_fit_changes_nothing()
    {
        using var builder = new BatchBuilder(200);
        Assert.True(builder.TryAppend(1, "k"u8, new byte[60]));
        int bytes = builder.Bytes;
        Assert.False(builder.TryAppend(1, "k"u8, new byte[100]));
        Assert.Equal(bytes, builder.Bytes);
        Assert.True(builder.TryAppend(1, "k"u8, new byte[50]));
        Assert.True(builder.Bytes <= 200);
        Assert.Equal(builder.Bytes, builder.Finish().Length);
    }

    [Fact]
    public void A_single_record_has_the_size_that_was_foretold()
    {
        foreach (int valueBytes in (int[])[0, 1, 63, 64, 8191, 8192, 100_000])
        {
            RecordHeader[] headers = [new("trace", new byte[16])];
            long foretold = BatchBuilder.BytesOfSingle("key"u8, new byte[valueBytes], headers);
            using var fits = new BatchBuilder((int)foretold);
            Assert.True(fits.TryAppend(Batches.Now, "key"u8, new byte[valueBytes], headers));
            Assert.Equal(foretold, fits.Finish().Length);
            using var tooSmall = new BatchBuilder((int)foretold - 1);
            Assert.False(tooSmall.TryAppend(Batches.Now, "key"u8, new byte[valueBytes], headers));
        }
    }

    [Theory]
    [InlineData(CompressionCodec.None)]
    [InlineData(CompressionCodec.Gzip)]
    public void A_finished_batch_can_be_resequenced_and_the_builder_used_again(CompressionCodec codec)
    {
        using var builder = new BatchBuilder(Limits.BatchBytesDefault, codec);
        for (int round = 0; round < 3; round++)
        {
            for (int i = 0; i < 100; i++)
            {
                Assert.True(builder.TryAppend(Batches.Now, "key"u8, Encoding.UTF8.GetBytes($"value {i} of {round}")));
            }

            foreach (int sequence in (int[])[0, 17, int.MaxValue])
            {
                byte[] bytes = builder.Finish(new ProducerId(9), 1, sequence).ToArray();
                Assert.Null(BatchValidator.Check(bytes, Batches.Rules, out BatchFacts facts));
                Assert.Equal(codec, facts.Codec);
                Assert.Equal(sequence, facts.BaseSequence);
                Assert.Equal((int)(((long)sequence + 99) % (1L << 31)), facts.LastSequence);
                Assert.Equal(new ProducerId(9), facts.ProducerId);
            }

            builder.Reset();
        }
    }

    [Fact]
    public void Records_that_do_not_shrink_are_sent_uncompressed()
    {
        var noise = new byte[1000];
        new Random(1).NextBytes(noise);
        using var builder = new BatchBuilder(Limits.BatchBytesDefault, CompressionCodec.Gzip);
        Assert.True(builder.TryAppend(1, OptionalBytes.Null, noise));
        Assert.Equal(CompressionCodec.None, new RecordBatch(builder.Finish().Span).Codec);
    }

    [Theory]
    [InlineData(1_000)]
    [InlineData(100_000)]
    [InlineData(1_000_000)]
    public void Records_that_shrink_more_than_tenfold_stay_readable_under_the_bound(int valueBytes)
    {
        using var builder = new BatchBuilder(Limits.BatchBytesDefault, CompressionCodec.Gzip);
        Assert.True(builder.TryAppend(1, "k"u8, new byte[valueBytes]));
        byte[] bytes = builder.Finish().ToArray();
        var batch = new RecordBatch(bytes);
        Assert.Equal(CompressionCodec.Gzip, batch.Codec);
        Assert.InRange(batch.Records.Length, valueBytes / 10, (valueBytes / 10) + 40);
        var records = new List<LogRecord>();
        Assert.Null(Batches.ReadAll(bytes, records));
        Assert.Equal(valueBytes, Assert.Single(records).Value!.Value.Length);
    }

    [Fact]
    public void Building_and_reading_allocate_nothing_per_record()
    {
        using var builder = new BatchBuilder(Limits.BatchBytesDefault);
        var value = new byte[20];
        long Round(int count)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            builder.Reset();
            for (int i = 0; i < count; i++)
            {
                builder.TryAppend(i, "key"u8, value);
            }

            ReadOnlyMemory<byte> bytes = builder.Finish();
            RecordReader.TryOpen(bytes, Limits.InflatedBytesMax, out RecordReader reader);
            long sum = 0;
            while (reader.MoveNext())
            {
                sum += reader.Current.Value!.Value.Length + reader.Current.Headers.Count;
            }

            Assert.Equal(count * 20L, sum);
            Assert.Null(BatchValidator.Check(bytes.Span, Batches.Rules, out _));
            return GC.GetAllocatedBytesForCurrentThread() - before;
        }

        Round(20_000);
        long more = Round(20_000) - Round(10_000);

        // The runtime counts in blocks of 8 KiB when a collection falls in between.
        Assert.InRange(more, -20_000, 20_000);
    }
}
