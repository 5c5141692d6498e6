using System.Buffers;
using LogBroker.Protocol;
using LogBroker.Storage;
using LogBroker.TestKit;
using Microsoft.Extensions.Logging.Abstractions;

namespace LogBroker.Cluster.Tests;

/// <summary>Tests that count the allocations of the whole process: nothing may run beside them.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class AloneCollection
{
    public const string Name = "alone";
}

/// <summary>
/// The broker allocates per batch and per fetch, never per record: with the number of batches fixed, twice the records cost no more
/// bytes of managed memory on the way in and on the way out.
/// </summary>
[Collection(AloneCollection.Name)]
public sealed class AllocationTests : IProduceSink
{
    private const int Batches = 50;
    private const int FewerRecords = 100_000;
    private const int MoreRecords = 200_000;
    private const int Rounds = 4;
    private const double BytesPerRecordMax = 0.05;
    private const string Topic = "counted";

    private readonly SemaphoreSlim _answered = new(0);
    private BrokerError? _error;

    void IProduceSink.Completed(ulong correlationId, in ProduceOutcome outcome)
    {
        _error = outcome.Error;
        _answered.Release();
    }

    [Fact]
    public async Task Records_cost_nothing_beyond_their_batch()
    {
        string directory = Directory.CreateTempSubdirectory("logbroker-alloc-").FullName;
        try
        {
            using var state = new MemoryStateStore();
            Result<Broker> opened = await Broker.OpenAsync(
                new BrokerSettings { DataDirectory = directory, PartitionLoops = 1 },
                new OsDisk(),
                state,
                TimeProvider.System,
                NullLoggerFactory.Instance,
                new RecordedFailure());
            Assert.True(opened.IsOk, opened.Error?.Message);
            await using Broker broker = opened.Value;
            var command = new CreateTopicCommand(Topic, 1, 0, new Dictionary<string, string>(), "", false);
            Assert.True((await broker.CreateTopic(command, CancellationToken.None)).IsOk);
            Result<ProducerIdentity> producer = await broker.InitProducer(null, CancellationToken.None);

            var paths = new Paths(this, broker, producer.Value);
            (long Produce, long Fetch) fewer = paths.Measure(FewerRecords / Batches);
            (long Produce, long Fetch) more = paths.Measure(MoreRecords / Batches);
            AssertNothingPerRecord("produce", fewer.Produce, more.Produce);
            AssertNothingPerRecord("fetch", fewer.Fetch, more.Fetch);
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private static void AssertNothingPerRecord(string path, long fewerBytes, long moreBytes)
    {
        double perRecord = (moreBytes - fewerBytes) / (double)(MoreRecords - FewerRecords);
        Assert.True(
            perRecord < BytesPerRecordMax,
            $"{path}: {perRecord} bytes per record ({fewerBytes} for {FewerRecords} records, {moreBytes} for {MoreRecords})");
    }

    /// <summary>One producer and one reader that allocate nothing of their own that grows with the records.</summary>
    private sealed class Paths(AllocationTests sink, Broker broker, ProducerIdentity producer)
    {
        private static readonly TopicPartition Partition = new(Topic, 0);

        private readonly byte[] _read = new byte[1024 * 1024];
        private int _sequence;
        private Offset _next;

        /// <summary>The least that was allocated in several rounds: other threads can only add to it.</summary>
        public (long Produce, long Fetch) Measure(int recordsPerBatch)
        {
            byte[] batch = Build(recordsPerBatch);
            (long Produce, long Fetch) least = (long.MaxValue, long.MaxValue);
            for (int round = 0; round < Rounds; round++)
            {
                long atStart = GC.GetTotalAllocatedBytes(precise: true);
                for (int i = 0; i < Batches; i++)
                {
                    Produce(batch, recordsPerBatch);
                }

                long between = GC.GetTotalAllocatedBytes(precise: true);
                for (int i = 0; i < Batches; i++)
                {
                    Fetch(recordsPerBatch);
                }

                long atEnd = GC.GetTotalAllocatedBytes(precise: true);
                if (round > 0)
                {
                    // The first one compiles and fills pools.
                    least = (Math.Min(least.Produce, between - atStart), Math.Min(least.Fetch, atEnd - between));
                }
            }

            return least;
        }

        private static byte[] Build(int records)
        {
            using var builder = new BatchBuilder(Limits.BatchBytesDefault);
            for (int i = 0; i < records; i++)
            {
                Assert.True(builder.TryAppend(1_700_000_000_000 + i, "key"u8, "twenty bytes of body"u8));
            }

            return builder.Finish().ToArray();
        }

        private void Produce(byte[] batch, int records)
        {
            BatchHeader.StampProducer(batch, producer.Id, producer.Epoch, _sequence);
            BatchHeader.StampCrc(batch);
            _sequence += records;
            var command = new ProduceCommand(Partition, 1, RequiredAcks.Quorum, Limits.ProduceTimeoutMsDefault, Epoch.None);
            ValueTask room = broker.Produce(command, new ReadOnlySequence<byte>(batch), sink);
            Assert.True(room.IsCompletedSuccessfully);
            Assert.True(sink._answered.Wait(TimeSpan.FromSeconds(60)));
            Assert.Null(sink._error);
        }

        private void Fetch(int records)
        {
            var item = new FetchItem(Partition, _next, BytesMax: 1, Epoch.None);
            ValueTask<Result<FetchAnswer>> fetch = broker.Fetch(new FetchCommand([item], 1, 1, 0), CancellationToken.None);
            Assert.True(fetch.IsCompletedSuccessfully);
            using FetchAnswer answer = fetch.Result.Value;
            LogSlice slice = answer.Items[0].Slice;
            slice.CopyTo(0, _read.AsSpan(0, slice.Length));
            Assert.Equal(_next + records, slice.NextOffset);
            _next = slice.NextOffset;
        }
    }
}
