using System.Diagnostics;

namespace LogBroker.Client;

/// <summary>The span of a batch, from its first record to its end, linked to the spans in which its records were handed over.</summary>
internal static class SendSpan
{
    public static void Emit(ProducerBatch batch, DateTimeOffset end, TimeSpan duration, string clientId, string? error)
    {
        string topic = batch.Owner.Topic;
        using Activity? span = Telemetry.Source.CreateActivity(
            "send " + topic,
            ActivityKind.Producer,
            default(ActivityContext),
            Telemetry.Tags("send", "send", topic, batch.Owner.Partition, batch.Server, error),
            batch.Links);
        if (span is null)
        {
            return;
        }

        span.SetStartTime((end - duration).UtcDateTime);
        span.Start();
        span.SetTag("messaging.client.id", clientId);
        span.SetTag("messaging.batch.message_count", batch.Records);
        if (error is not null)
        {
            span.SetStatus(ActivityStatusCode.Error, batch.Failure!.Message);
        }

        span.SetEndTime(end.UtcDateTime);
    }
}
