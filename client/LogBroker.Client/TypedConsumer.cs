using LogBroker.Protocol;

namespace LogBroker.Client;

/// <summary>
/// A <see cref="Consumer"/> with keys and values; all that is said there holds here. A record that cannot be deserialized throws, with its
/// offset, and stays unproven.
/// </summary>
public sealed class Consumer<TKey, TValue> : IAsyncDisposable
{
    private readonly IDeserializer<TKey> _keys;
    private readonly IDeserializer<TValue> _values;

    internal Consumer(Consumer consumer, IDeserializer<TKey> keys, IDeserializer<TValue> values)
    {
        Untyped = consumer;
        _keys = keys;
        _values = values;
    }

    /// <summary>The consumer of bytes behind it; disposed of together with this one.</summary>
    public Consumer Untyped { get; }

    /// <summary>What it was made with.</summary>
    public ConsumerOptions Options => Untyped.Options;

    /// <summary>What it holds now; see <see cref="Consumer.Assignment"/>.</summary>
    public IReadOnlyList<AssignedPartition> Assignment => Untyped.Assignment;

    /// <summary>Records, for ever; see <see cref="Consumer.ConsumeAsync"/>.</summary>
    public IAsyncEnumerable<Record<TKey, TValue>> ConsumeAsync(CancellationToken cancellationToken = default) =>
        TypedReading.DeserializeAsync(Untyped.ConsumeAsync(cancellationToken), _keys, _values, CancellationToken.None);

    /// <summary>Records in batches; see <see cref="Consumer.ConsumeBatchesAsync"/>.</summary>
    /// <param name="countMax">The most records of a batch, 1 to 1,000,000.</param>
    /// <param name="wait">How long a batch waits for more after its first record; zero takes what is there.</param>
    /// <param name="cancellationToken">Ends it, with <see cref="OperationCanceledException"/>.</param>
    public IAsyncEnumerable<IReadOnlyList<Record<TKey, TValue>>> ConsumeBatchesAsync(
        int countMax, TimeSpan wait, CancellationToken cancellationToken = default) =>
        Untyped.Batches(record => TypedReading.Deserialize(record, _keys, _values), countMax, wait, cancellationToken);

    /// <summary>Commits now; see <see cref="Consumer.CommitAsync"/>.</summary>
    public Task CommitAsync(CancellationToken cancellationToken = default) => Untyped.CommitAsync(cancellationToken);

    /// <summary>Hands out nothing more of partitions; see <see cref="Consumer.Pause"/>.</summary>
    public void Pause(IEnumerable<TopicPartition> partitions) => Untyped.Pause(partitions);

    /// <summary>Goes on with partitions; see <see cref="Consumer.Resume"/>.</summary>
    public void Resume(IEnumerable<TopicPartition> partitions) => Untyped.Resume(partitions);

    /// <summary>Goes on at another place; see <see cref="Consumer.SeekAsync"/>.</summary>
    public Task SeekAsync(TopicPartition partition, Position position, CancellationToken cancellationToken = default) =>
        Untyped.SeekAsync(partition, position, cancellationToken);

    /// <summary>Commits what is proven and leaves the group; see <see cref="Consumer.DisposeAsync"/>.</summary>
    public ValueTask DisposeAsync() => Untyped.DisposeAsync();
}
