using System.Runtime.CompilerServices;
using LogBroker.Protocol;

namespace LogBroker.Client;

/// <summary>Deserializes the records of a read.</summary>
internal static class TypedReading
{
    public static async IAsyncEnumerable<Record<TKey, TValue>> DeserializeAsync<TKey, TValue>(
        IAsyncEnumerable<ConsumedRecord> records,
        IDeserializer<TKey> keys,
        IDeserializer<TValue> values,
        [EnumeratorCancellation] CancellationToken cancellation)
    {
        await foreach (ConsumedRecord record in records.WithCancellation(cancellation).ConfigureAwait(false))
        {
            yield return Deserialize(record, keys, values);
        }
    }

    public static Record<TKey, TValue> Deserialize<TKey, TValue>(
        in ConsumedRecord record, IDeserializer<TKey> keys, IDeserializer<TValue> values)
    {
        try
        {
            return new Record<TKey, TValue>(
                record.Topic,
                record.Partition,
                record.Offset,
                record.Timestamp,
                keys.Deserialize(record.Key.GetValueOrDefault().Span, record.Key is null),
                values.Deserialize(record.Value.GetValueOrDefault().Span, record.Value is null),
                record.Copy().Headers);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            throw new LogBrokerException(
                ErrorCode.InvalidArgument,
                $"the record at offset {record.Offset} of {record.Topic}/{record.Partition} cannot be deserialized: {e.Message}",
                e)
            {
                Topic = record.Topic,
                Partition = record.Partition,
            };
        }
    }
}
