using LogBroker.Protocol;

namespace LogBroker.Client.Tests;

/// <summary>Records with a condition: written at the offset that was named, or not at all.</summary>
public sealed class ConditionalProducerTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task ARecordIsWrittenAtTheOffsetItNamesOrNotAtAll()
    {
        await using FakeBroker broker = await FakeBroker.StartAsync(("t", 1));
        await using LogBrokerClient client = Clients.Of(broker);
        await using Producer producer = client.CreateProducer();
        Assert.Equal(0, (await producer.ProduceAsync("t", ProducerFaultTests.Record(0, 0) with { ExpectedOffset = 0 })).Offset);
        LogBrokerException refused = await Assert.ThrowsAsync<LogBrokerException>(
            async () => await producer.ProduceAsync("t", ProducerFaultTests.Record(1, 0) with { ExpectedOffset = 0 }));
        Assert.Equal(ErrorCode.OffsetMismatch, refused.Reason);
        Assert.False(refused.IsRetriable);
        Assert.Equal(1, (await producer.ProduceAsync("t", ProducerFaultTests.Record(2, 0) with { ExpectedOffset = 1 })).Offset);
        Assert.Equal([ProducerFaultTests.Text(0), ProducerFaultTests.Text(2)], broker.Partition("t").Values());
        Assert.Equal(0, broker.EpochsBumped);
    }

    [Fact]
    public async Task AConditionalRecordTravelsAloneAndThoseAroundItKeepTheirOrder()
    {
        await using FakeBroker broker = await FakeBroker.StartAsync(("t", 1));
        await using LogBrokerClient client = Clients.Of(broker);
        await using Producer producer = client.CreateProducer();
        await producer.ProduceAsync("t", ProducerFaultTests.Record(0, 0));
        var handed = new List<ValueTask<ProduceReceipt>>();
        for (int i = 1; i <= 60; i++)
        {
            // Every tenth has a condition; each third of these a wrong one.
            long? expected = i % 10 == 0 ? i % 30 == 0 ? 1_000 : i - (i / 30) : null;
            handed.Add(producer.ProduceAsync("t", ProducerFaultTests.Record(i, 0) with { ExpectedOffset = expected }));
        }

        for (int i = 1; i <= 60; i++)
        {
            if (i % 30 == 0)
            {
                LogBrokerException refused = await Assert.ThrowsAsync<LogBrokerException>(async () => await handed[i - 1]);
                Assert.Equal(ErrorCode.OffsetMismatch, refused.Reason);
            }
            else
            {
                Assert.Equal(i - (i / 30), (await handed[i - 1]).Offset);
            }
        }

        IEnumerable<string> written = Enumerable.Range(0, 61).Where(i => i == 0 || i % 30 != 0).Select(ProducerFaultTests.Text);
        Assert.Equal(written, broker.Partition("t").Values());
        Assert.Equal(0, broker.EpochsBumped);
    }

    [Theory]
    [InlineData("cut")]
    [InlineData("unknown")]
    public async Task ARetryOfAConditionThatHadHeldSucceeds(string fault)
    {
        await using FakeBroker broker = await FakeBroker.StartAsync(("t", 1));
        broker.Judge = (n, _) => n != 2 ? Verdict.Serve : fault == "cut" ? Verdict.WriteAndCut : Verdict.WriteAndSayUnknown;
        await using LogBrokerClient client = Clients.Of(broker);
        await using Producer producer = client.CreateProducer();
        await producer.ProduceAsync("t", ProducerFaultTests.Record(0, 0));
        ProduceReceipt receipt = await producer.ProduceAsync("t", ProducerFaultTests.Record(1, 0) with { ExpectedOffset = 1 })
            .AsTask().WaitAsync(Patience);
        Assert.Equal(1, receipt.Offset);
        Assert.True(receipt.IsDuplicate);
        Assert.Equal(2, broker.Partition("t").End);
    }

    [Fact]
    public async Task AConditionThatFailsAfterALostAttemptIsKnownToHaveFailed()
    {
        await using FakeBroker broker = await FakeBroker.StartAsync(("t", 1));
        broker.Judge = (n, partition) =>
        {
            if (n != 2)
            {
                return Verdict.Serve;
            }

            using var other = new BatchBuilder(1024);
            Assert.True(other.TryAppend(0, OptionalBytes.Null, "other"u8));
            Assert.Equal(ErrorCode.None, partition.Append(other.Finish(ProducerId.None, -1, -1).Span).Error);
            return Verdict.Cut;
        };
        await using LogBrokerClient client = Clients.Of(broker);
        await using Producer producer = client.CreateProducer();
        await producer.ProduceAsync("t", ProducerFaultTests.Record(0, 0));
        LogBrokerException refused = await Assert.ThrowsAsync<LogBrokerException>(
            async () => await producer.ProduceAsync("t", ProducerFaultTests.Record(1, 0) with { ExpectedOffset = 1 }));
        Assert.Equal(ErrorCode.OffsetMismatch, refused.Reason);
        Assert.Equal(2, (await producer.ProduceAsync("t", ProducerFaultTests.Record(2, 0))).Offset);
        Assert.Equal(0, broker.EpochsBumped);
    }

    [Fact]
    public async Task ConditionsThatCannotBeAreRefusedAtOnce()
    {
        await using FakeBroker broker = await FakeBroker.StartAsync(("t", 1));
        await using LogBrokerClient client = Clients.Of(broker);
        await using Producer producer = client.CreateProducer();
        ProducerRecord record = ProducerFaultTests.Record(0, 0) with { Key = null };
        foreach (ProducerRecord bad in new[]
        {
            record with { ExpectedOffset = -1 },
            record with { ExpectedKeyVersion = -1 },
            record with { Key = "k"u8.ToArray(), ExpectedKeyVersion = -2 },
        })
        {
            await Assert.ThrowsAsync<ArgumentException>(async () => await producer.ProduceAsync("t", bad));
        }

        Assert.Equal(0, broker.BatchesSeen);
    }
}
