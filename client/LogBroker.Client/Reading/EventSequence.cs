namespace LogBroker.Client;

/// <summary>The events of a read; each enumeration reads anew.</summary>
internal sealed class EventSequence(BrokerCalls calls, MetadataCache metadata, ReadPlan plan, CancellationToken cancellation)
    : IAsyncEnumerable<ReadEvent>
{
    public IAsyncEnumerator<ReadEvent> GetAsyncEnumerator(CancellationToken cancellationToken = default) =>
        throw new NotSupportedException($"{calls} {metadata} {plan} {cancellation}");
}
