using System.Buffers;
using LogBroker.Protocol;
using LogBroker.Storage;
using LogBroker.TestKit;
using Microsoft.Extensions.Logging.Abstractions;

namespace LogBroker.Cluster.Tests;

/// <summary>
/// Records cost the broker no memory of their own: with the number of batches fixed, twice the records allocate the same.
/// </summary>
public sealed class AllocationTests
{
    private const int Batches = 200;

    [Fact]
    public async Task ProducingAndFetchingAllocatesNothingPerRecord()
    {
        string directory = Path.Combine(Path.GetTempPath(), "logbroker-" + Guid.NewGuid().ToString("N"));
        try
        {
            using var state = new MemoryStateStore();
            var settings = new BrokerSettings { DataDirectory = directory, DiskHeadroomBytes = 0 };
            var around = new BrokerSurroundings(
                settings, new OsDisk(), state, TimeProvider.System, NullLoggerFactory.Instance, new RecordedFailure());
            await using Broker broker = (await BrokerStart.Open(around, isPumped: true, null, CancellationToken.None)).Value;
            var create = new CreateTopicCommand("a", 1, 1, new Dictionary<string, string> { ["segment.bytes"] = "64MiB" }, "", false);
            Assert.True((await broker.CreateTopic(create, CancellationToken.None)).IsOk);
            _ = Run(broker, records: 500) + Run(broker, records: 1_000); // warms up code, pools and queues
            long few = Run(broker, records: 500);
            long many = Run(broker, records: 1_000);
            double perRecord = (many - few) / (Batches * 500.0);
            Assert.True(perRecord < 0.05, $"{perRecord} bytes per record: {few} for {Batches * 500}, {many} for {Batches * 1000} records");
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    /// <summary>Bytes allocated by this thread, which does all the broker's work, for the batches in and out again.</summary>
    private static long Run(Broker broker, int records)
    {
        byte[] batch = TestBatches.Of(records);
        var sink = new Counting();
        var partition = new TopicPartition("a", 0);
        var threads = (PumpedThreads)broker.Threads;
        Offset at = broker.DescribeTopic("a").Value.Partitions[0].HighWatermark;
        var buffer = new byte[64 * 1024];
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < Batches; i++)
        {
            var command = new ProduceCommand(partition, (ulong)i, RequiredAcks.Quorum, 30_000, Epoch.None);
            _ = broker.Produce(command, BatchBuffer.CopyOf(new ReadOnlySequence<byte>(batch)), sink);
            while (threads.Step())
            {
            }
        }

        Assert.Equal(Batches, sink.Acknowledged);
        for (int i = 0; i < Batches; i++)
        {
            var fetch = new FetchCommand([new FetchItem(partition, at, 1, Epoch.None)], 1, 1, 0); // one batch
            using FetchAnswer answer = broker.Fetch(fetch, CancellationToken.None).GetAwaiter().GetResult().Value;
            LogSlice slice = answer.Items[0].Slice;
            for (int position = 0; position < slice.Length; position += buffer.Length)
            {
                slice.CopyTo(position, buffer.AsSpan(0, Math.Min(buffer.Length, slice.Length - position)));
            }

            Assert.Equal(records, slice.NextOffset - at);
            at = slice.NextOffset;
        }

        return GC.GetAllocatedBytesForCurrentThread() - before;
    }

    private sealed class Counting : IProduceSink
    {
        public int Acknowledged { get; private set; }

        public void Completed(ulong correlationId, in ProduceOutcome outcome) => Acknowledged += outcome.Error is null ? 1 : 0;
    }
}
