using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using LogBroker.Protocol;

namespace LogBroker.Client.Tests;

/// <summary>A consumer that is read in the background, and what it has seen.</summary>
internal sealed class ConsumerRun : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _reading;

    public ConsumerRun(LogBrokerClient client, ConsumerOptions options, Func<ConsumedRecord, ValueTask>? handle = null)
    {
        Consumer = client.CreateConsumer(options);
        _reading = Task.Run(() => ReadAsync(handle));
    }

    public Consumer Consumer { get; }

    /// <summary>Where each record was and what it said, in the order in which they were handed out.</summary>
    public ConcurrentQueue<(TopicPartition Partition, long Offset, string Value)> Seen { get; } = new();

    public static ConsumerOptions Options(string group = "g", params string[] topics) => new()
    {
        GroupId = group,
        Topics = topics.Length > 0 ? topics : ["t"],
        CommitInterval = TimeSpan.FromHours(1),
    };

    /// <summary>Writes records to a partition of "t" whose values are running numbers.</summary>
    public static async Task ProduceAsync(LogBrokerClient client, int from, int count, int partition = 0, string topic = "t")
    {
        await using Producer producer = client.CreateProducer();
        for (int i = from; i < from + count; i++)
        {
            byte[] value = Encoding.UTF8.GetBytes(i.ToString(CultureInfo.InvariantCulture));
            await producer.EnqueueAsync(topic, new ProducerRecord(value) { Partition = partition });
        }

        await producer.FlushAsync();
    }

    /// <summary>The values of records that are there without waiting for more than so many.</summary>
    public static async Task<List<string>> TakeAsync(Consumer consumer, int count)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        var values = new List<string>();
        await foreach (ConsumedRecord record in consumer.ConsumeAsync(patience.Token))
        {
            values.Add(Encoding.UTF8.GetString(record.Value!.Value.Span));
            if (values.Count == count)
            {
                break;
            }
        }

        return values;
    }

    public Task HasSeenAsync(int count) => UntilAsync(() => Seen.Count >= count);

    public Task HoldsAsync(int count) => UntilAsync(() => Consumer.Assignment.Count == count);

    public IEnumerable<long> OffsetsOf(int partition) => Seen.Where(s => s.Partition.Partition == partition).Select(static s => s.Offset);

    /// <summary>Stops reading; what was handed out is proven. The consumer stays in its group.</summary>
    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _reading;
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
            await StopAsync();
        }
        finally
        {
            await Consumer.DisposeAsync();
            _stop.Dispose();
        }
    }

    private Task UntilAsync(Func<bool> condition) => Clients.UntilAsync(() => condition() || _reading.IsFaulted);

    private async Task ReadAsync(Func<ConsumedRecord, ValueTask>? handle)
    {
        try
        {
            await foreach (ConsumedRecord record in Consumer.ConsumeAsync(_stop.Token))
            {
                Seen.Enqueue((
                    new TopicPartition(record.Topic, record.Partition), record.Offset, Encoding.UTF8.GetString(record.Value!.Value.Span)));
                if (handle is not null)
                {
                    await handle(record);
                }
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // Stopped.
        }
    }
}
