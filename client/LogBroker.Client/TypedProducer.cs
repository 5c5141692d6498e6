using System.Buffers;
using LogBroker.Protocol;

namespace LogBroker.Client;

/// <summary>
/// A <see cref="Producer"/> of keys and values for one topic. Thread-safe; all that is said there holds here. Serializers run on
/// the caller's thread, and what they throw reaches the caller.
/// </summary>
public sealed class Producer<TKey, TValue> : IAsyncDisposable
{
    private readonly ISerializer<TKey> _keys;
    private readonly ISerializer<TValue> _values;

    internal Producer(Producer producer, string topic, ISerializer<TKey> keys, ISerializer<TValue> values)
    {
        Untyped = producer;
        Topic = topic;
        _keys = keys;
        _values = values;
    }

    /// <summary>The topic.</summary>
    public string Topic { get; }

    /// <summary>The producer of bytes behind it; disposed of together with this one.</summary>
    public Producer Untyped { get; }

    /// <summary>Writes a record and waits for its acknowledgement; see <see cref="Producer.ProduceAsync"/>.</summary>
    public async ValueTask<ProduceReceipt> ProduceAsync(
        TKey key,
        TValue value,
        int? partition = null,
        DateTimeOffset? timestamp = null,
        IReadOnlyList<RecordHeader>? headers = null,
        CancellationToken cancellationToken = default)
    {
        using SerializedRecord bytes = SerializedRecord.Rent();
        ProducerRecord record = Serialize(bytes, key, value, partition, timestamp, headers);
        return await Untyped.ProduceAsync(Topic, record, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// Hands a record over and waits only for memory; see <see cref="Producer.EnqueueAsync(string, ProducerRecord,
    /// CancellationToken)"/>.
    /// </summary>
    public ValueTask EnqueueAsync(
        TKey key,
        TValue value,
        int? partition = null,
        DateTimeOffset? timestamp = null,
        IReadOnlyList<RecordHeader>? headers = null,
        CancellationToken cancellationToken = default)
    {
        SerializedRecord bytes = SerializedRecord.Rent();
        bool isHandedOn = false;
        try
        {
            ProducerRecord record = Serialize(bytes, key, value, partition, timestamp, headers);
            ValueTask enqueued = Untyped.EnqueueAsync(Topic, record, cancellationToken);
            isHandedOn = !enqueued.IsCompleted;
            return isHandedOn ? FinishAsync(enqueued, bytes) : enqueued;
        }
        finally
        {
            if (!isHandedOn)
            {
                bytes.Dispose();
            }
        }
    }

    /// <summary>Waits for the end of everything handed over; see <see cref="Producer.FlushAsync"/>.</summary>
    public Task FlushAsync(CancellationToken cancellationToken = default) => Untyped.FlushAsync(cancellationToken);

    /// <summary>Flushes and closes; see <see cref="Producer.DisposeAsync"/>.</summary>
    public ValueTask DisposeAsync() => Untyped.DisposeAsync();

    private static async ValueTask FinishAsync(ValueTask enqueued, SerializedRecord bytes)
    {
        using (bytes)
        {
            await enqueued.ConfigureAwait(false);
        }
    }

    private ProducerRecord Serialize(
        SerializedRecord bytes, TKey key, TValue value, int? partition, DateTimeOffset? timestamp, IReadOnlyList<RecordHeader>? headers)
    {
        bool hasKey = _keys.Serialize(key, bytes.Output);
        int keyBytes = bytes.Output.WrittenCount;
        bool hasValue = _values.Serialize(value, bytes.Output);
        ReadOnlyMemory<byte> written = bytes.Output.WrittenMemory;
        return new ProducerRecord
        {
            // A bare `null` would become empty memory: arrays convert to memory, and so does a null one.
            Key = hasKey ? written[..keyBytes] : default(ReadOnlyMemory<byte>?),
            Value = hasValue ? written[keyBytes..] : default(ReadOnlyMemory<byte>?),
            Partition = partition,
            Timestamp = timestamp,
            Headers = headers,
        };
    }

    /// <summary>A buffer for the bytes of one record; kept for the next one on the same thread.</summary>
    private sealed class SerializedRecord : IDisposable
    {
        private const int KeptBytesMax = 256 * 1024;

        [ThreadStatic]
        private static SerializedRecord? _kept;

        public ArrayBufferWriter<byte> Output { get; } = new(1024);

        public static SerializedRecord Rent()
        {
            SerializedRecord rented = _kept ?? new SerializedRecord();
            _kept = null;
            return rented;
        }

        public void Dispose()
        {
            if (Output.Capacity <= KeptBytesMax)
            {
                Output.ResetWrittenCount();
                _kept = this;
            }
        }
    }
}
