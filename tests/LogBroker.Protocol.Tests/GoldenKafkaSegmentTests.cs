using System.Text;

namespace LogBroker.Protocol.Tests;

/// <summary>A segment that Apache Kafka wrote; tests/golden/kafka/README.md says what is in it.</summary>
public sealed class GoldenKafkaSegmentTests
{
    private static readonly byte[] Segment =
        File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "golden", "kafka", "00000000000000000000.log"));

    [Fact]
    public void Every_record_is_read()
    {
        var records = new List<LogRecord>();
        Assert.Null(Batches.ReadAll(Segment, records));
        Assert.Equal(Enumerable.Range(0, 76).Select(i => (long)i), records.Select(r => r.Offset.Value));
        AssertRecord(records[0], "k1", "first value", ("h1", "v1"), ("h2", ""));
        AssertRecord(records[1], null, "no key");
        AssertRecord(records[2], "tomb", null);
        AssertRecord(records[3], "empty", "");
        AssertRecord(records[4], "kéy", "valué", ("hé", "wört"));
        for (int i = 0; i < 40; i++)
        {
            AssertRecord(records[5 + i], $"key-{i % 7}", $"gzip value number {i} of forty, repeated text shrinks", ("n", $"{i}"));
        }

        for (int i = 0; i < 30; i++)
        {
            AssertRecord(records[45 + i], $"p{i}", $"plain value {i}");
        }

        AssertRecord(records[75], "last", "append time");
        Assert.Equal(1795397730814, records[0].TimestampMs);
        Assert.Equal(1795397730828, records[1].TimestampMs);
        Assert.All(records, r => Assert.InRange(r.TimestampMs, 1795397730814, 1795397730814 + 60_000));
    }

    [Fact]
    public void Every_batch_header_is_understood()
    {
        var codecs = new List<CompressionCodec>();
        var types = new List<TimestampType>();
        var expected = Offset.Zero;
        for (ReadOnlySpan<byte> rest = Segment; rest.Length > 0;)
        {
            Assert.Equal(BatchFault.None, RecordBatch.TryParse(rest, Limits.BatchBytesMax, out RecordBatch batch));
            Assert.Equal(BatchFault.None, batch.Check());
            Assert.Equal(expected, batch.BaseOffset);
            Assert.Equal(Epoch.None, batch.LeaderEpoch);
            Assert.True(batch.ProducerId.IsSome);
            Assert.Equal(0, batch.ProducerEpoch);
            Assert.False(batch.IsControl || batch.IsTransactional || batch.IsEpochRow);
            expected = batch.NextOffset;
            codecs.Add(batch.Codec);
            types.Add(batch.TimestampType);
            rest = rest[batch.TotalBytes..];
        }

        Assert.Equal(new Offset(76), expected);
        Assert.Equal(CompressionCodec.Gzip, codecs[1]);
        Assert.All(codecs.Where((_, i) => i != 1), c => Assert.Equal(CompressionCodec.None, c));
        Assert.Equal(TimestampType.LogAppendTime, types[^1]);
        Assert.All(types.SkipLast(1), t => Assert.Equal(TimestampType.CreateTime, t));
    }

    [Fact]
    public void An_append_time_of_ours_has_the_bytes_of_theirs()
    {
        int at = 0;
        RecordBatch last = default;
        while (at < Segment.Length)
        {
            last = new RecordBatch(Segment.AsSpan(at));
            at += last.TotalBytes;
        }

        byte[] stamped = last.Bytes.ToArray();
        stamped[BatchHeader.AttributesAt + 1] = 0;
        BatchHeader.StampAppendTime(stamped, last.MaxTimestampMs);
        Assert.Equal(last.Bytes, stamped);
    }

    private static void AssertRecord(LogRecord record, string? key, string? value, params (string Key, string Value)[] headers)
    {
        Assert.Equal(key, Text(record.Key));
        Assert.Equal(value, Text(record.Value));
        Assert.Equal(headers, record.Headers.Select(h => (h.Key, Text(h.Value)!)));
    }

    private static string? Text(ReadOnlyMemory<byte>? bytes) => bytes is { } some ? Encoding.UTF8.GetString(some.Span) : null;
}
