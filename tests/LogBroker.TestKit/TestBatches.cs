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
}
