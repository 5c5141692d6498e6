using System.Globalization;
using Google.Protobuf;
using LogBroker.Protocol.V1;

namespace LogBroker.EndToEnd.Tests;

/// <summary>
/// Records cost a broker process no memory of their own, from the socket to the file and back: with the number of batches fixed, six
/// times the records allocate the same. What the runtime counts is read from the metrics of the running broker.
/// </summary>
public sealed class BrokerAllocationTests : IAsyncLifetime
{
    private const int Batches = 400;
    private const int Few = 200;
    private const int Many = 1_200;

    /// <summary>Threads, timers and the scrape itself allocate too, a little and at any time: far below one object per record.</summary>
    private const double BytesPerRecordMax = 1;

    private readonly HttpClient _http = new();
    private ServerProcess? _server;
    private TestClient? _client;

    public async ValueTask InitializeAsync()
    {
        _server = await ServerProcess.StartAsync();
        _client = new TestClient(_server);
    }

    public async ValueTask DisposeAsync()
    {
        await _client!.DisposeAsync();
        await _server!.DisposeAsync();
        _http.Dispose();
    }

    [Fact]
    public async Task Produced_records_allocate_nothing()
    {
        await _client!.CreateTopicAsync("in", 1, ("durability", "memory"));
        await WarmUpAsync(records => ProduceAsync("in", records));
        AssertNothingPerRecord(
            await AllocatedByAsync(() => ProduceAsync("in", Few)),
            await AllocatedByAsync(() => ProduceAsync("in", Many)));
    }

    [Fact]
    public async Task Fetched_records_allocate_nothing()
    {
        foreach (int records in (int[])[Few, Many])
        {
            await _client!.CreateTopicAsync($"out-{records}", 1, ("durability", "memory"));
            await ProduceAsync($"out-{records}", records);
        }

        await WarmUpAsync(records => FetchAllAsync($"out-{records}", records));
        AssertNothingPerRecord(
            await AllocatedByAsync(() => FetchAllAsync($"out-{Few}", Few)),
            await AllocatedByAsync(() => FetchAllAsync($"out-{Many}", Many)));
    }

    private static void AssertNothingPerRecord(long few, long many)
    {
        double perRecord = (many - few) / ((double)Batches * (Many - Few));
        Assert.True(
            perRecord < BytesPerRecordMax,
            $"{perRecord:F2} bytes per record: {few} for {Batches} batches of {Few} records, {many} for {Batches} of {Many}");
    }

    private static async Task WarmUpAsync(Func<int, Task> run)
    {
        await run(Few);
        await run(Many);
    }

    private async Task ProduceAsync(string topic, int records)
    {
        ByteString batch = TestClient.Batch([.. Enumerable.Repeat("0123456789", records)]);
        for (int i = 0; i < Batches; i++)
        {
            ProduceAck ack = await _client!.ProduceAsync(new ProduceBatch { Topic = topic, Partition = 0, Records = batch });
            Assert.Equal(ProduceAck.ResultOneofCase.Receipt, ack.ResultCase);
        }
    }

    private async Task FetchAllAsync(string topic, int records)
    {
        for (int i = 0; i < Batches; i++)
        {
            FetchedPartition answer = await _client!.FetchAsync(topic, 0, (long)i * records, bytesMax: 1); // one batch
            Assert.False(answer.Batches.IsEmpty);
        }
    }

    private async Task<long> AllocatedByAsync(Func<Task> work)
    {
        long before = await AllocatedAsync();
        await work();
        return await AllocatedAsync() - before;
    }

    private async Task<long> AllocatedAsync()
    {
        string text = await _http.GetStringAsync(_server!.HttpUri("/metrics"));
        string line = text.Split('\n').Single(l => l.StartsWith("dotnet_gc_heap_total_allocated", StringComparison.Ordinal));
        return (long)double.Parse(line.Split(' ')[^1], CultureInfo.InvariantCulture);
    }
}
