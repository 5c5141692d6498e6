using System.Buffers;
using LogBroker.Protocol;
using LogBroker.TestKit;

namespace LogBroker.Cluster.Tests;

/// <summary>The broker with its threads: many callers at once lose nothing, repeat nothing and keep their order.</summary>
public sealed class ConcurrencyTests
{
    [Fact]
    public async Task ManyProducersAndReadersAtOnce()
    {
        const int Producers = 8;
        const int Batches = 100;
        await using TestBroker broker = await TestBroker.Open(isThreaded: true);
        await broker.Create("a", 3);
        Task<ProduceOutcome[]>[] producers =
            [.. Enumerable.Range(0, Producers).Select(p => Task.Run(() => ProduceAll(broker, p, Batches)))];
        Task<List<int>>[] readers = [.. Enumerable.Range(0, 3).Select(p => Task.Run(() => Follow(broker, p, Producers * Batches / 3)))];
        ProduceOutcome[][] outcomes = await Task.WhenAll(producers).WaitAsync(TimeSpan.FromSeconds(60));
        Assert.All(outcomes.SelectMany(o => o), o => Assert.Null(o.Error));
        var seen = new List<int>();
        for (int partition = 0; partition < 3; partition++)
        {
            List<int> values = [.. (await broker.ReadAll("a", partition)).Select(r => BitConverter.ToInt32(r.Value))];
            foreach (IGrouping<int, int> ofOne in values.GroupBy(v => v / Batches))
            {
                Assert.Equal(ofOne.Order(), ofOne);
            }

            seen.AddRange(values);
        }

        Assert.Equal(Enumerable.Range(0, Producers * Batches), seen.Order());
        List<int>[] read = await Task.WhenAll(readers).WaitAsync(TimeSpan.FromSeconds(60));
        Assert.All(read, values => Assert.Equal(values.Distinct().Count(), values.Count));
    }

    [Fact]
    public async Task TopicsComeAndGoUnderLoad()
    {
        await using TestBroker broker = await TestBroker.Open(isThreaded: true);
        await broker.Create("stays");
        Task<ProduceOutcome[]> load = Task.Run(() => ProduceAll(broker, 0, 300, "stays", 1));
        for (int i = 0; i < 10; i++)
        {
            await broker.Create("comes", 2);
            Outcome[] sent = [.. Enumerable.Range(0, 20).Select(n => broker.Send("comes", n % 2, TestBatches.Of(1)))];
            Assert.True((await broker.DeleteTopic("comes")).IsOk);
            foreach (Outcome outcome in sent)
            {
                ErrorCode? code = (await outcome.Value.WaitAsync(TimeSpan.FromSeconds(30))).Error?.Code;
                Assert.True(code is null or ErrorCode.UnknownTopicOrPartition or ErrorCode.OutcomeUnknown, code.ToString());
            }
        }

        Assert.All(await load.WaitAsync(TimeSpan.FromSeconds(60)), o => Assert.Null(o.Error));
        Assert.Equal(300, (await broker.ReadAll("stays")).Count);
        Assert.Null(broker.Fatal.Cause);
    }

    /// <summary>One stream of an idempotent producer per partition; values are numbered over all producers.</summary>
    private static async Task<ProduceOutcome[]> ProduceAll(
        TestBroker broker, int producer, int batches, string topic = "a", int partitions = 3)
    {
        var stream = new Outcomes();
        var sequences = new int[partitions];
        var sent = new List<Outcome>();
        for (int i = 0; i < batches; i++)
        {
            using var builder = new BatchBuilder(1_000);
            Assert.True(builder.TryAppend(1_000, OptionalBytes.Null, BitConverter.GetBytes((producer * batches) + i)));
            int partition = i % partitions;
            byte[] batch = builder.Finish(new ProducerId(producer + 1), 0, sequences[partition]++).ToArray();
            Outcome outcome = stream.Next();
            sent.Add(outcome);
            var command = new ProduceCommand(new TopicPartition(topic, partition), outcome.Id, RequiredAcks.Quorum, 300_000, Epoch.None);
            await broker.Broker.Produce(command, BatchBuffer.CopyOf(new ReadOnlySequence<byte>(batch)), stream);
        }

        return await Task.WhenAll(sent.Select(o => o.Value));
    }

    private static async Task<List<int>> Follow(TestBroker broker, int partition, int atLeast)
    {
        var values = new List<int>();
        Offset at = Offset.Zero;
        while (values.Count < atLeast - 50)
        {
            using FetchAnswer answer = await broker.FetchOk("a", partition, at, waitMs: 60_000);
            values.AddRange(TestBroker.Records(answer.Items[0].Slice).Select(r => BitConverter.ToInt32(r.Value)));
            at = answer.Items[0].Slice.NextOffset;
        }

        return values;
    }
}
