using System.Diagnostics;
using LogBroker.Protocol;

namespace LogBroker.Client;

/// <summary>The span of a fetch that returned records, from its request to its answer. Asked for only when somebody listens.</summary>
internal static class ReceiveSpan
{
    public static void Emit(string server, List<FetchedPart> parts, DateTimeOffset end, TimeSpan duration, string clientId)
    {
        FetchedPart? first = null;
        long records = 0;
        foreach (FetchedPart part in parts)
        {
            long count = CountRecords(part.Batches.Span);
            first = count > 0 ? first ?? part : first;
            records += count;
        }

        if (first is null)
        {
            return;
        }

        using Activity? span = Telemetry.Source.CreateActivity(
            "receive " + first.Topic,
            ActivityKind.Client,
            default(ActivityContext),
            Telemetry.Tags("fetch", "receive", first.Topic, first.Partition, server));
        if (span is null)
        {
            return;
        }

        span.SetStartTime((end - duration).UtcDateTime);
        span.Start();
        span.SetTag("messaging.client.id", clientId);
        span.SetTag("messaging.batch.message_count", records);
        span.SetEndTime(end.UtcDateTime);
    }

    /// <summary>By the batches' headers alone; ends at bytes that are no batch, of which the reader will hear.</summary>
    private static long CountRecords(ReadOnlySpan<byte> rest)
    {
        long records = 0;
        while (!rest.IsEmpty && RecordBatch.TryParse(rest, int.MaxValue, out RecordBatch batch) == BatchFault.None)
        {
            records += batch.IsControl ? 0 : batch.RecordsCount;
            rest = rest[batch.TotalBytes..];
        }

        return records;
    }
}
