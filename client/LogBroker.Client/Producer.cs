namespace LogBroker.Client;

/// <summary>
/// Writes records to any number of topics; from <see cref="LogBrokerClient.CreateProducer(ProducerOptions?)"/>. Thread-safe: share it.
/// Records handed over one after the other for one partition are written in that order, whatever is lost, refused or restarted on
/// the way, and each exactly once (with <see cref="ProducerOptions.EnableIdempotence"/>, the default). Lost connections are made
/// anew and unanswered batches are sent again until <see cref="ProducerOptions.DeliveryTimeout"/>.
/// </summary>
/// <remarks>
/// Failures are definite (nothing was written) unless they are an <see cref="OutcomeUnknownException"/>. Memory is bounded by
/// <see cref="ProducerOptions.BufferBytes"/>: when it is full, handing over waits.
/// </remarks>
public sealed class Producer : IAsyncDisposable
{
    private readonly ProducerCore _core;

    internal Producer(LogBrokerClient client, ProducerOptions options)
    {
        options.Validate();
        Options = options;
        _core = new ProducerCore(client, options);
    }

    /// <summary>What it was made with.</summary>
    public ProducerOptions Options { get; }

    /// <summary>Bytes of records that are not yet acknowledged, as memory held for them.</summary>
    public long BufferedBytes => _core.BufferedBytes;

    /// <summary>
    /// Writes a record and waits for its acknowledgement. Await the result once, as with every <see cref="ValueTask"/>.
    /// </summary>
    /// <param name="topic">The topic.</param>
    /// <param name="record">The record; its bytes may be reused when the call returns, unless the call had to wait for memory or
    /// metadata.</param>
    /// <param name="cancellationToken">Ends the wait. A record that was taken already may be written all the same.</param>
    /// <exception cref="LogBrokerException">It was not written.</exception>
    /// <exception cref="OutcomeUnknownException">It may have been written.</exception>
    /// <exception cref="ObjectDisposedException">The producer was disposed of.</exception>
    public ValueTask<ProduceReceipt> ProduceAsync(string topic, ProducerRecord record, CancellationToken cancellationToken = default) =>
        _core.ProduceAsync(topic, record, cancellationToken);

    /// <summary>
    /// Hands a record over and waits only until there is memory for it (and, for the first record of a topic, its metadata). Its
    /// failure is thrown by the next <see cref="FlushAsync"/>. This is the fast way: nothing is allocated per record.
    /// </summary>
    /// <exception cref="LogBrokerException">It was not taken: it is too large, or its topic or partition does not exist.</exception>
    /// <exception cref="ObjectDisposedException">The producer was disposed of.</exception>
    public ValueTask EnqueueAsync(string topic, ProducerRecord record, CancellationToken cancellationToken = default) =>
        _core.EnqueueAsync(topic, record, null, null, cancellationToken);

    /// <summary>As the other overload, with a callback for the record's end; then <see cref="FlushAsync"/> does not throw for it.</summary>
    public ValueTask EnqueueAsync(
        string topic,
        ProducerRecord record,
        DeliveryCallback onDelivered,
        object? state = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(onDelivered);
        return _core.EnqueueAsync(topic, record, onDelivered, state, cancellationToken);
    }

    /// <summary>
    /// Sends everything at once and waits until all records handed over before have ended, acknowledged or failed.
    /// </summary>
    /// <exception cref="LogBrokerException">Records that were enqueued without a callback failed since the last flush; this is the
    /// first failure, and its message says how many there were.</exception>
    public Task FlushAsync(CancellationToken cancellationToken = default) => _core.FlushAsync(cancellationToken);

    /// <summary>
    /// Flushes, which may take up to <see cref="ProducerOptions.DeliveryTimeout"/> and throw as <see cref="FlushAsync"/> does, and
    /// closes the streams.
    /// </summary>
    public ValueTask DisposeAsync() => _core.DisposeAsync();
}
