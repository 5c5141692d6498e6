using System.Text;

namespace LogBroker.Protocol.Tests;

/// <summary>What compaction makes of a batch.</summary>
public sealed class CompactedBatchTests
{
    private const string GoldenEmpty =
        "0000000000000005" + "00000031" + "00000003" + "02" + "CRC_____" + "0000" + "00000006"
        + "FFFFFFFFFFFFFFFF" + "FFFFFFFFFFFFFFFF" + "FFFFFFFFFFFFFFFF" + "FFFF" + "FFFFFFFF" + "00000000";

    [Fact]
    public void An_empty_batch_has_the_golden_bytes_and_stands_for_its_range()
    {
        byte[] bytes = Empty(3, 5, 12);
        var batch = new RecordBatch(bytes);
        Assert.Equal(GoldenEmpty.Replace("CRC_____", $"{batch.Crc:X8}", StringComparison.Ordinal), Convert.ToHexString(bytes));
        Assert.Equal(BatchFault.None, batch.Check());
        Assert.True(batch is { IsEmpty: true, IsCompacted: true, IsEpochRow: false });
        Assert.Equal((new Offset(5), new Offset(12)), (batch.BaseOffset, batch.NextOffset));
        Assert.Null(RecordReader.TryOpen(bytes, 1_000, out RecordReader reader));
        Assert.False(reader.MoveNext());
        Assert.Null(reader.Error);
        Assert.Equal(ErrorCode.EmptyBatch, BatchValidator.Check(bytes, new BatchRules(1_000, TimestampType.CreateTime, 0, 1), out _)!.Code);
    }

    [Fact]
    public void Every_flipped_bit_of_an_empty_batch_that_its_checksum_covers_is_found()
    {
        for (int bit = BatchHeader.BatchLengthAt * 8; bit < EmptyBatch.Bytes * 8; bit++)
        {
            if (bit / 8 is >= BatchHeader.LeaderEpochAt and < BatchHeader.MagicAt)
            {
                continue; // stamped by leaders, outside the checksum
            }

            byte[] bytes = Empty(3, 5, 12);
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
            BatchFault fault = RecordBatch.TryParse(bytes, Limits.BatchBytesMax, out RecordBatch batch);
            Assert.NotEqual(BatchFault.None, fault == BatchFault.None ? batch.Check() : fault);
        }
    }

    [Fact]
    public void Its_front_is_cut_inside_it_only()
    {
        byte[] bytes = Empty(3, 5, 12);
        Assert.False(EmptyBatch.CanCutFront(new RecordBatch(bytes), new Offset(5)));
        Assert.False(EmptyBatch.CanCutFront(new RecordBatch(bytes), new Offset(12)));
        EmptyBatch.CutFront(bytes, new Offset(11));
        Assert.Equal(Empty(3, 11, 12), bytes);
    }

    [Theory]
    [InlineData(CompressionCodec.None)]
    [InlineData(CompressionCodec.Gzip)]
    public void Records_that_stay_keep_offsets_times_and_headers_and_the_batch_its_producer(CompressionCodec codec)
    {
        byte[] bytes = Batch(codec, 6);
        var rewriter = new BatchRewriter();
        Assert.Equal(RewriteOutcome.Unchanged, rewriter.Rewrite(bytes, new Keep(_ => true), 99));
        Assert.Equal(RewriteOutcome.Emptied, rewriter.Rewrite(bytes, new Keep(_ => false), 99));
        Assert.Equal(RewriteOutcome.Changed, rewriter.Rewrite(bytes, new Keep(o => o is 100 or 103 or 104), 99));
        byte[] result = rewriter.Result.ToArray();
        var batch = new RecordBatch(result);
        Assert.Equal(BatchFault.None, batch.Check());
        Assert.True(batch is { RecordsCount: 3, LastOffsetDelta: 5, BaseSequence: 40, ProducerEpoch: 2, IsCompacted: true });
        Assert.Equal((new Offset(100), new Epoch(7), 5_004L), (batch.BaseOffset, batch.LeaderEpoch, batch.MaxTimestampMs));
        Assert.Equal(codec, batch.Codec);
        Assert.Equal(Records(bytes).Where(r => r.Offset is 100 or 103 or 104), Records(result));
    }

    [Theory]
    [InlineData(CompressionCodec.None)]
    [InlineData(CompressionCodec.Gzip)]
    public void A_tombstone_gets_a_horizon_once_and_no_time_changes(CompressionCodec codec)
    {
        byte[] bytes = Batch(codec, 4, tombstone: 2);
        var rewriter = new BatchRewriter();
        Assert.Equal(RewriteOutcome.Changed, rewriter.Rewrite(bytes, new Keep(_ => true), 1_700_000_000_000));
        byte[] result = rewriter.Result.ToArray();
        Assert.Equal(1_700_000_000_000, new RecordBatch(result).DeleteHorizonMs);
        Assert.Equal(BatchFault.None, new RecordBatch(result).Check());
        Assert.Equal(Records(bytes), Records(result));
        Assert.Equal(RewriteOutcome.Unchanged, rewriter.Rewrite(result, new Keep(_ => true), 1_800_000_000_000));
        Assert.Equal(RewriteOutcome.Changed, rewriter.Rewrite(result, new Keep(o => o != 102), 1_800_000_000_000));
        Assert.Equal(Records(bytes).Where(r => r.Offset != 102), Records(rewriter.Result.ToArray()));
    }

    [Fact]
    public void Records_that_do_not_parse_stay_as_they_are_and_records_without_a_key_are_never_asked_for()
    {
        byte[] bytes = Batch(CompressionCodec.Gzip, 4);
        bytes[BatchHeader.Bytes + 12] ^= 0xFF;
        BatchHeader.StampCrc(bytes);
        Assert.Equal(RewriteOutcome.Unreadable, new BatchRewriter().Rewrite(bytes, new Keep(_ => false), 1));
        using var builder = new BatchBuilder(1_000);
        Assert.True(builder.TryAppend(1, OptionalBytes.Null, new byte[3]));
        Assert.Equal(RewriteOutcome.Unchanged, new BatchRewriter().Rewrite(builder.Finish(), new Keep(_ => false), 1));
    }

    private static byte[] Empty(int epoch, long from, long next)
    {
        var bytes = new byte[EmptyBatch.Bytes];
        EmptyBatch.Write(bytes, new Epoch(epoch), new Offset(from), new Offset(next));
        return bytes;
    }

    private static byte[] Batch(CompressionCodec codec, int records, int tombstone = -1)
    {
        using var builder = new BatchBuilder(Limits.BatchBytesMax, codec);
        for (int i = 0; i < records; i++)
        {
            byte[]? value = i == tombstone ? null : Encoding.ASCII.GetBytes($"value {i} {new string('v', 200)}");
            Assert.True(builder.TryAppend(5_000 + i, Encoding.ASCII.GetBytes($"key {i}"), value, [new RecordHeader("h", new byte[i])]));
        }

        byte[] bytes = builder.Finish(new ProducerId(9), 2, 40).ToArray();
        BatchHeader.StampBaseOffset(bytes, new Offset(100));
        BatchHeader.StampLeaderEpoch(bytes, new Epoch(7));
        return bytes;
    }

    private static List<(long Offset, long TimeMs, string Key, string? Value, int Headers)> Records(byte[] bytes)
    {
        var found = new List<(long, long, string, string?, int)>();
        Assert.Null(RecordReader.TryOpen(bytes, Limits.InflatedBytesMax, out RecordReader reader));
        while (reader.MoveNext())
        {
            LogRecord record = reader.Current;
            string? value = record.Value is { } some ? Encoding.ASCII.GetString(some.Span) : null;
            int headers = 0;
            foreach (RecordHeader header in record.Headers)
            {
                headers += 1 + (header.Value is { } bytesOfHeader ? bytesOfHeader.Length : 0);
            }

            found.Add((record.Offset.Value, record.TimestampMs, Encoding.ASCII.GetString(record.Key!.Value.Span), value, headers));
        }

        Assert.Null(reader.Error);
        return found;
    }

    private sealed class Keep(Func<long, bool> keeps) : IRecordFilter
    {
        public bool Keeps(Offset offset, ReadOnlySpan<byte> key, bool isTombstone) => keeps(offset.Value);
    }
}
