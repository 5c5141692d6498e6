namespace LogBroker.Client;

/// <summary>Chooses the partition of a record by its key. Must be thread-safe, quick, and say the same for the same key.</summary>
public interface IPartitioner
{
    /// <summary>A number from 0 to <paramref name="partitions"/> - 1.</summary>
    int Choose(ReadOnlySpan<byte> key, int partitions);
}

/// <summary>
/// The partitioner of Kafka's clients, so that keys stay where they are: <c>(murmur2(key) &amp; 0x7fffffff) % partitions</c>.
/// </summary>
public sealed class KeyPartitioner : IPartitioner
{
    private KeyPartitioner()
    {
    }

    /// <summary>The one instance.</summary>
    public static KeyPartitioner Instance { get; } = new();

    /// <inheritdoc/>
    public int Choose(ReadOnlySpan<byte> key, int partitions) => (int)(Murmur2.Hash(key) & 0x7fff_ffff) % partitions;
}
