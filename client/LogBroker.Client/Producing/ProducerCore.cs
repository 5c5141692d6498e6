namespace LogBroker.Client;

/// <summary>What is behind a producer.</summary>
internal sealed class ProducerCore(LogBrokerClient client, ProducerOptions options) : IAsyncDisposable
{
    public long BufferedBytes => 0;

    public ValueTask<ProduceReceipt> ProduceAsync(string topic, ProducerRecord record, CancellationToken cancellation) =>
        throw new NotSupportedException($"{client} {options} {topic} {record} {cancellation}");

    public ValueTask EnqueueAsync(
        string topic, ProducerRecord record, DeliveryCallback? onDelivered, object? state, CancellationToken cancellation) =>
        throw new NotSupportedException($"{topic} {record} {onDelivered} {state} {cancellation}");

    public Task FlushAsync(CancellationToken cancellation) => Task.CompletedTask.WaitAsync(cancellation);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
