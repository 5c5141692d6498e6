using System.Diagnostics;

namespace LogBroker.Client;

/// <summary>The span of a commit; null when nobody listens.</summary>
internal static class CommitSpan
{
    public static Activity? Start(string group, string clientId, int partitions)
    {
        if (!Telemetry.Source.HasListeners())
        {
            return null;
        }

        Activity? span = Telemetry.Source.StartActivity(
            ActivityKind.Client, tags: Telemetry.GroupTags("commit", "settle", group), name: "commit " + group);
        span?.SetTag("messaging.client.id", clientId);
        span?.SetTag("messaging.batch.message_count", partitions);
        return span;
    }
}
