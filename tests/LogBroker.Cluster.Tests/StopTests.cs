using System.Buffers;
using LogBroker.Protocol;
using LogBroker.TestKit;

namespace LogBroker.Cluster.Tests;

/// <summary>Callers that were let in before the broker stopped and come to the partition afterwards: nobody waits for ever.</summary>
public sealed class StopTests
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task ABatchThatReachesAClosedPartitionIsRefusedOnce(bool isThreaded)
    {
        TestBroker broker = await TestBroker.Open(isThreaded);
        await broker.Create("a");
        await broker.ProduceOk("a", 0, TestBatches.Of(1));
        PartitionReplica replica = broker.Broker.Hosted.Find("a")!.Partitions[0].Replica!;
        await broker.Broker.StopAsync(CancellationToken.None);
        var stream = new Outcomes();
        Task[] callers = [.. Enumerable.Range(0, 8).Select(_ => isThreaded ? Task.Run(Late) : Late())];
        await Task.WhenAll(callers).WaitAsync(Deadline);
        Assert.Equal(8 * 20, stream.Order.Distinct().Count());
        Assert.Equal(8 * 20, stream.Order.Count);

        async Task Late()
        {
            for (int i = 0; i < 20; i++)
            {
                Outcome outcome;
                lock (stream)
                {
                    outcome = stream.Next();
                }

                var command = new ProduceCommand(new TopicPartition("a", 0), outcome.Id, RequiredAcks.Quorum, 30_000, Epoch.None);
                BatchBuffer batch = BatchBuffer.CopyOf(new ReadOnlySequence<byte>(TestBatches.Of(1)));
                await replica.Produce(command, batch, stream, isInternal: false);
                Assert.Equal(ErrorCode.ShuttingDown, (await outcome.Value.WaitAsync(Deadline)).Error!.Code);
            }
        }
    }

    [Fact]
    public async Task ADeletionThatReachesAClosedPartitionIsRefused()
    {
        TestBroker broker = await TestBroker.Open();
        await broker.Create("a");
        await broker.ProduceOk("a", 0, TestBatches.Of(1));
        PartitionReplica replica = broker.Broker.Hosted.Find("a")!.Partitions[0].Replica!;
        await broker.Broker.StopAsync(CancellationToken.None);
        Result<Offset> late = await replica.DeleteRecords(new Offset(1), validateOnly: false).WaitAsync(Deadline);
        Assert.Equal(ErrorCode.ShuttingDown, late.Error!.Code);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task ACallerThatReachesADeletedTopicAfterTheBrokerStoppedIsAnswered(bool isThreaded)
    {
        TestBroker broker = await TestBroker.Open(isThreaded);
        await broker.Create("a");
        PartitionReplica replica = broker.Broker.Hosted.Find("a")!.Partitions[0].Replica!;
        Assert.True((await broker.DeleteTopic("a")).IsOk);
        await broker.Broker.StopAsync(CancellationToken.None);
        var stream = new Outcomes();
        Outcome outcome = stream.Next();
        var command = new ProduceCommand(new TopicPartition("a", 0), outcome.Id, RequiredAcks.Quorum, 30_000, Epoch.None);
        await replica.Produce(command, BatchBuffer.CopyOf(new ReadOnlySequence<byte>(TestBatches.Of(1))), stream, isInternal: false);
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, (await outcome.Value.WaitAsync(Deadline)).Error!.Code);
        Result<Offset> late = await replica.DeleteRecords(new Offset(1), validateOnly: false).WaitAsync(Deadline);
        Assert.Equal(ErrorCode.ShuttingDown, late.Error!.Code);
    }

    [Fact]
    public async Task CallersThatRaceTheStopAreAllAnswered()
    {
        TestBroker broker = await TestBroker.Open(isThreaded: true);
        await broker.Create("a");
        var stopped = new TaskCompletionSource();
        Task<List<Outcome>>[] callers = [.. Enumerable.Range(0, 4).Select(_ => Task.Run(Produce))];
        Task<List<Task>> trims = Task.Run(Trim);
        await broker.ProduceOk("a", 0, TestBatches.Of(1));
        await broker.Broker.StopAsync(CancellationToken.None);
        stopped.SetResult();
        foreach (Outcome outcome in (await Task.WhenAll(callers).WaitAsync(Deadline)).SelectMany(o => o))
        {
            ErrorCode? code = (await outcome.Value.WaitAsync(Deadline)).Error?.Code;
            bool isFit = code is null or ErrorCode.ShuttingDown or ErrorCode.OutcomeUnknown or ErrorCode.NotLeader or ErrorCode.Busy;
            Assert.True(isFit, $"{code}");
        }

        await Task.WhenAll(await trims.WaitAsync(Deadline)).WaitAsync(Deadline);

        async Task<List<Outcome>> Produce()
        {
            var stream = new Outcomes();
            var sent = new List<Outcome>();
            while (!stopped.Task.IsCompleted)
            {
                Outcome outcome = stream.Next();
                sent.Add(outcome);
                var command = new ProduceCommand(new TopicPartition("a", 0), outcome.Id, RequiredAcks.Quorum, 30_000, Epoch.None);
                await broker.Broker.Produce(command, BatchBuffer.CopyOf(new ReadOnlySequence<byte>(TestBatches.Of(1))), stream);
            }

            return sent;
        }

        async Task<List<Task>> Trim()
        {
            var sent = new List<Task>();
            while (!stopped.Task.IsCompleted)
            {
                sent.Add(broker.DeleteRecords("a", 0, validateOnly: true));
                await Task.Yield();
            }

            return sent;
        }
    }
}
