namespace LogBroker.Client;

/// <summary>The events of a read; each enumeration reads anew.</summary>
internal sealed class EventSequence(BrokerCalls calls, MetadataCache metadata, ReadPlan plan, CancellationToken cancellation)
    : IAsyncEnumerable<ReadEvent>
{
    public IAsyncEnumerator<ReadEvent> GetAsyncEnumerator(CancellationToken cancellationToken = default) =>
        new Enumerator(new EventReader(calls, metadata, plan, recordsOnly: false, cancellation, cancellationToken));

    /// <summary>The same read without control events.</summary>
    public IAsyncEnumerable<ConsumedRecord> RecordsOnly() => new RecordSequence(calls, metadata, plan, cancellation);

    private sealed class Enumerator(EventReader reader) : IAsyncEnumerator<ReadEvent>
    {
        public ReadEvent Current => reader.CurrentEvent;

        public ValueTask<bool> MoveNextAsync() => reader.MoveNextAsync();

        public ValueTask DisposeAsync() => reader.DisposeAsync();
    }
}

/// <summary>The records of a read; each enumeration reads anew.</summary>
internal sealed class RecordSequence(BrokerCalls calls, MetadataCache metadata, ReadPlan plan, CancellationToken cancellation)
    : IAsyncEnumerable<ConsumedRecord>
{
    public IAsyncEnumerator<ConsumedRecord> GetAsyncEnumerator(CancellationToken cancellationToken = default) =>
        new Enumerator(new EventReader(calls, metadata, plan, recordsOnly: true, cancellation, cancellationToken));

    private sealed class Enumerator(EventReader reader) : IAsyncEnumerator<ConsumedRecord>
    {
        public ConsumedRecord Current => reader.CurrentRecord;

        public ValueTask<bool> MoveNextAsync() => reader.MoveNextAsync();

        public ValueTask DisposeAsync() => reader.DisposeAsync();
    }
}
