using System.Buffers;
using System.Runtime.CompilerServices;
using LogBroker.Protocol;
using WireEntry = LogBroker.Protocol.V1.TableEntry;
using WireFreshness = LogBroker.Protocol.V1.TableFreshness;

namespace LogBroker.Client;

/// <summary>
/// A compacted topic by key: reads the newest value of keys from the views that brokers keep, and writes through a producer. From
/// <see cref="LogBrokerClient.OpenTable{TKey, TValue}"/>. Thread-safe: share it; dispose of it to flush what was written.
/// </summary>
/// <remarks>
/// A key lives in the partition that murmur2 of it names, as Kafka's clients and <see cref="KeyPartitioner"/> have it. Records that were
/// written with another partitioner are not found by <see cref="GetAsync"/>.
/// </remarks>
public sealed class Table<TKey, TValue> : IAsyncDisposable
{
    private readonly TableCalls _calls;
    private readonly ISerde<TKey> _keys;
    private readonly ISerde<TValue> _values;
    private readonly TableReadOptions _options;
    private readonly Lazy<Producer<TKey, TValue>> _producer;

    internal Table(LogBrokerClient client, string topic, ISerde<TKey> keys, ISerde<TValue> values, TableReadOptions options)
    {
        options.Validate();
        Topic = topic;
        _calls = new TableCalls(client.Calls, client.Metadata);
        _keys = keys;
        _values = values;
        _options = options;
        _producer = new Lazy<Producer<TKey, TValue>>(() => client.CreateProducer<TKey, TValue>(topic, keys, values));
    }

    /// <summary>The topic.</summary>
    public string Topic { get; }

    /// <summary>The newest value of a key.</summary>
    /// <param name="key">The key; not null.</param>
    /// <param name="options">How to read; null for the table's own.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="LogBrokerException">For example with <see cref="ErrorCode.NotATable"/>.</exception>
    public async ValueTask<TableEntry<TKey, TValue>> GetAsync(
        TKey key, TableReadOptions? options = null, CancellationToken cancellationToken = default)
    {
        IReadOnlyList<TableEntry<TKey, TValue>> found = await GetManyAsync([key], options, cancellationToken).ConfigureAwait(false);
        return found[0];
    }

    /// <summary>The newest values of keys, in their order; partitions are asked side by side, each at a moment of its own.</summary>
    /// <exception cref="LogBrokerException">For the first partition that fails.</exception>
    public async Task<IReadOnlyList<TableEntry<TKey, TValue>>> GetManyAsync(
        IReadOnlyList<TKey> keys, TableReadOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(keys);
        TableReadOptions chosen = options ?? _options;
        chosen.Validate();
        byte[][] bytes = [.. keys.Select(Bytes)];
        TableAnswer[] answers = await _calls.GetAsync(Topic, bytes, chosen, cancellationToken).ConfigureAwait(false);
        return [.. answers.Select((a, i) => Entry(keys[i], a.Partition, a.Entry, a.Freshness))];
    }

    /// <summary>
    /// Keys and values of all partitions, of each in the order of the keys' bytes, one partition after the other. Each answer of a broker
    /// is a state of its partition of that moment.
    /// </summary>
    /// <param name="prefix">What the bytes of the keys begin with; empty for all.</param>
    /// <param name="options">How to read; null for the table's own.</param>
    /// <param name="cancellationToken">Ends it, with <see cref="OperationCanceledException"/>.</param>
    /// <exception cref="LogBrokerException">While enumerating: it cannot go on.</exception>
    public async IAsyncEnumerable<TableEntry<TKey, TValue>> ScanAsync(
        ReadOnlyMemory<byte> prefix = default,
        TableReadOptions? options = null,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        TableReadOptions chosen = options ?? _options;
        chosen.Validate();
        await foreach (TableAnswer answer in _calls.ScanAsync(Topic, prefix, chosen, cancellationToken).ConfigureAwait(false))
        {
            TKey key = Key(answer.Entry, answer.Partition);
            yield return Entry(key, answer.Partition, answer.Entry, answer.Freshness);
        }
    }

    /// <summary>As the other, with a prefix of text, as <see cref="Serde.String"/> writes it.</summary>
    public IAsyncEnumerable<TableEntry<TKey, TValue>> ScanAsync(
        string prefix, TableReadOptions? options = null, CancellationToken cancellationToken = default) =>
        ScanAsync(System.Text.Encoding.UTF8.GetBytes(prefix), options, cancellationToken);

    /// <summary>Sets the value of a key; durable when it completes, as <see cref="Producer.ProduceAsync"/> says.</summary>
    public ValueTask<ProduceReceipt> PutAsync(TKey key, TValue value, CancellationToken cancellationToken = default) =>
        _producer.Value.ProduceAsync(key, value, cancellationToken: cancellationToken);

    /// <summary>Removes a key: writes a tombstone.</summary>
    public ValueTask<ProduceReceipt> DeleteAsync(TKey key, CancellationToken cancellationToken = default) =>
        _producer.Value.Untyped.ProduceAsync(
            Topic, new ProducerRecord { Key = Bytes(key), Value = default(ReadOnlyMemory<byte>?) }, cancellationToken);

    /// <summary>Flushes what was written.</summary>
    public ValueTask DisposeAsync() => _producer.IsValueCreated ? _producer.Value.DisposeAsync() : ValueTask.CompletedTask;

    private byte[] Bytes(TKey key)
    {
        var output = new ArrayBufferWriter<byte>(64);
        return _keys.Serialize(key, output)
            ? output.WrittenSpan.ToArray()
            : throw new ArgumentNullException(nameof(key), "a table has no record without a key");
    }

    private TKey Key(WireEntry entry, int partition)
    {
        try
        {
            return _keys.Deserialize(entry.Key.Span, isNull: false);
        }
        catch (Exception e)
        {
            throw Unreadable("key", entry, partition, e);
        }
    }

    private TableEntry<TKey, TValue> Entry(TKey key, int partition, WireEntry entry, WireFreshness freshness)
    {
        try
        {
            TValue? value = entry.Found ? _values.Deserialize(entry.Value.Span, isNull: false) : default;
            return new TableEntry<TKey, TValue>(
                key,
                entry.Found,
                value,
                partition,
                entry.Found ? entry.Offset : -1,
                entry.Found ? RecordTime.Of(entry.TimestampMs) : null,
                new TableFreshness(
                    partition, freshness.AppliedOffset, freshness.HighWatermark, TimeSpan.FromMilliseconds(freshness.BehindMs)));
        }
        catch (Exception e)
        {
            throw Unreadable("value", entry, partition, e);
        }
    }

    private LogBrokerException Unreadable(string what, WireEntry entry, int partition, Exception cause) => new(
        ErrorCode.InvalidArgument,
        $"the {what} of the record at offset {entry.Offset} of {Topic}/{partition} cannot be deserialized: {cause.Message}",
        cause)
    {
        Topic = Topic,
        Partition = partition,
    };
}
