namespace LogBroker.Client;

/// <summary>The records among the events of a read.</summary>
internal sealed class RecordSequence(IAsyncEnumerable<ReadEvent> events, CancellationToken cancellation) : IAsyncEnumerable<ConsumedRecord>
{
    public async IAsyncEnumerator<ConsumedRecord> GetAsyncEnumerator(CancellationToken cancellationToken = default)
    {
        cancellation.ThrowIfCancellationRequested();
        await foreach (ReadEvent e in events.WithCancellation(cancellationToken).ConfigureAwait(false))
        {
            if (e.Kind == ReadEventKind.Record)
            {
                yield return e.Record;
            }
        }
    }
}
