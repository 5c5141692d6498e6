using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace LogBroker.Client.Tests;

/// <summary>What a consumer measures carries the name of its group.</summary>
public sealed class ConsumerTelemetryTests
{
    [Fact]
    public async Task MetricsAndSpansNameTheGroup()
    {
        await using FakeBroker broker = await FakeBroker.StartAsync(("watched", 1));
        var spans = new ConcurrentQueue<Activity>();
        using var activities = new ActivityListener
        {
            ShouldListenTo = source => source.Name == "LogBroker.Client",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            ActivityStopped = spans.Enqueue,
        };
        ActivitySource.AddActivityListener(activities);
        var seen = new ConcurrentDictionary<string, double>();
        using var meters = new MeterListener();
        meters.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name == "LogBroker.Client")
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        meters.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Note(instrument, value, tags));
        meters.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Note(instrument, value, tags));
        meters.Start();
        await using LogBrokerClient client = Clients.Of(broker);
        await ConsumerRun.ProduceAsync(client, 0, 5, topic: "watched");
        await using (var run = new ConsumerRun(client, ConsumerRun.Options("watchers", "watched")))
        {
            await run.HasSeenAsync(5);
        }

        Assert.Equal(5, seen["messaging.client.consumed.messages/receive"]);
        Assert.True(seen["messaging.client.operation.duration/commit"] > 0);
        Assert.True(seen["logbroker.client.group.rebalances/rebalance"] >= 1);
        Activity commit = Assert.Single(spans, static s => s.DisplayName == "commit watchers");
        Assert.Equal("settle", commit.GetTagItem("messaging.operation.type"));
        Assert.Equal("watchers", commit.GetTagItem("messaging.consumer.group.name"));
        Assert.Equal(ActivityKind.Client, commit.Kind);

        void Note(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            var found = new Dictionary<string, object?>(tags.ToArray());
            if (found.GetValueOrDefault("messaging.consumer.group.name") is "watchers")
            {
                seen.AddOrUpdate($"{instrument.Name}/{found["messaging.operation.name"]}", value, (_, sum) => sum + value);
            }
        }
    }
}
