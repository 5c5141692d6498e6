using System.Text;
using LogBroker.Protocol;

namespace LogBroker.TestKit;

/// <summary>Batches for tests, as a client builds them.</summary>
public static class TestBatches
{
    /// <summary>A batch of records with values of a size, filled from their number; timestamps one millisecond apart.</summary>
    public static byte[] Of(int records, int valueBytes = 10, long timestampMs = 1_000, int fill = 0)
    {
        using var builder = new BatchBuilder(Limits.BatchBytesMax);
        for (int i = 0; i < records; i++)
        {
            var value = new byte[valueBytes];
            new Random(fill + i).NextBytes(value);
            Invariant.Require(builder.TryAppend(timestampMs + i, OptionalBytes.Null, (ReadOnlySpan<byte>)value));
        }

        return builder.Finish().ToArray();
    }

    /// <summary>A batch of records with keys, values as UTF-8 and null for tombstones; timestamps one millisecond apart.</summary>
    public static byte[] Keyed(
        IReadOnlyList<(string Key, string? Value)> records,
        long timestampMs = 1_000,
        CompressionCodec codec = CompressionCodec.None,
        long producer = -1,
        int sequence = -1)
    {
        using var builder = new BatchBuilder(Limits.BatchBytesMax, codec);
        for (int i = 0; i < records.Count; i++)
        {
            (string key, string? value) = records[i];
            byte[]? bytes = value is null ? null : Encoding.UTF8.GetBytes(value);
            Invariant.Require(builder.TryAppend(timestampMs + i, Encoding.UTF8.GetBytes(key), bytes));
        }

        return producer < 0
            ? builder.Finish().ToArray()
            : builder.Finish(new ProducerId(producer), producerEpoch: 0, sequence).ToArray();
    }
}
