using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace LogBroker.Client.Tests;

public sealed class TelemetryTests
{
    [Fact]
    public async Task SpansAndMetricsNameTheServerAndAFetchHasOneSpan()
    {
        await using FakeBroker broker = await FakeBroker.StartAsync(("observed", 1));
        var spans = new ConcurrentQueue<Activity>();
        using var activities = new ActivityListener
        {
            ShouldListenTo = source => source.Name == "LogBroker.Client",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            ActivityStopped = spans.Enqueue,
        };
        ActivitySource.AddActivityListener(activities);
        var places = new ConcurrentDictionary<string, string>();
        using var meters = new MeterListener();
        meters.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name == "LogBroker.Client")
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        meters.SetMeasurementEventCallback<long>((instrument, _, tags, _) => Note(instrument, tags));
        meters.SetMeasurementEventCallback<double>((instrument, _, tags, _) => Note(instrument, tags));
        meters.Start();
        await using LogBrokerClient client = Clients.Of(broker);
        await using (Producer producer = client.CreateProducer())
        {
            for (int i = 0; i < 5; i++)
            {
                await producer.ProduceAsync("observed", ProducerFaultTests.Record(i, 0));
            }
        }

        Assert.Equal(5, await client.ReadAsync("observed", Position.Start, Position.End).CountAsync());
        Assert.Equal(broker.Address, places["messaging.client.sent.messages"]);
        Assert.Equal(broker.Address, places["messaging.client.consumed.messages"]);
        Assert.Equal(broker.Address, places["messaging.client.operation.duration/send"]);
        Assert.Equal(broker.Address, places["messaging.client.operation.duration/fetch"]);

        Activity[] received = [.. spans.Where(s => s.DisplayName == "receive observed")];
        Assert.NotEmpty(received);
        Assert.Equal(5L, received.Sum(s => (long)s.GetTagItem("messaging.batch.message_count")!));
        Assert.All(received, s => Assert.Equal(ActivityKind.Client, s.Kind));
        Assert.All(received, s => Assert.Equal("receive", s.GetTagItem("messaging.operation.type")));
        Assert.All(received, s => Assert.True((long)s.GetTagItem("messaging.batch.message_count")! > 0));
        Assert.All(
            spans.Where(s => s.DisplayName is "receive observed" or "send observed"),
            s => Assert.Equal(broker.Address, $"{s.GetTagItem("server.address")}:{s.GetTagItem("server.port")}"));

        void Note(Instrument instrument, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            var found = new Dictionary<string, object?>(tags.ToArray());
            if (found.GetValueOrDefault("messaging.destination.name") is "observed")
            {
                string place = $"{found["server.address"]}:{found["server.port"]}";
                places[instrument.Name] = place;
                places[$"{instrument.Name}/{found["messaging.operation.name"]}"] = place;
            }
        }
    }

    [Theory]
    [InlineData("broker-1:7070", "broker-1", 7070)]
    [InlineData("[::1]:9", "::1", 9)]
    [InlineData("broker", "broker", null)]
    public void AServerIsAHostAndAPort(string server, string address, int? port)
    {
        Assert.Equal(new ServerPlace(address, port), ServerPlace.Of(server));
        Assert.Same(ServerPlace.Of(server), ServerPlace.Of(server));
    }
}
