using LogBroker.Protocol;
using LogBroker.TestKit;

namespace LogBroker.Cluster.Tests;

/// <summary>Conditional appends: a mismatch changes nothing and says what is there.</summary>
public sealed class ConditionTests
{
    [Fact]
    public async Task ABatchIsWrittenAtTheOffsetItNamesOrNotAtAll()
    {
        await using TestBroker broker = await TestBroker.Open();
        await broker.Create("a");
        await broker.ProduceOk("a", 0, TestBatches.Of(3));
        Assert.Equal(new Offset(3), (await Expecting(broker, 3, TestBatches.Of(2))).BaseOffset);
        BrokerError error = (await Expecting(broker, 3, TestBatches.Of(2))).Error!;
        Assert.Equal(ErrorCode.OffsetMismatch, error.Code);
        Assert.Equal("3", error.Metadata["expected"]);
        Assert.Equal("5", error.Metadata["actual"]);
        Assert.Equal("a", error.Metadata["topic"]);
        Assert.Equal(new Offset(5), await broker.ProduceOk("a", 0, TestBatches.Of(1)));
    }

    [Fact]
    public async Task ConditionsAreJudgedInOrderWithWhatIsQueuedInFrontOfThem()
    {
        await using TestBroker broker = await TestBroker.Open();
        await broker.Create("a");
        var stream = new Outcomes();
        Outcome plain = broker.Send("a", 0, TestBatches.Of(3), stream: stream);
        Outcome[] asked = [.. new long[] { 0, 3, 3, 4 }.Select(o => broker.Send("a", 0, TestBatches.Of(1), stream: stream, expects: o))];
        broker.Pump();
        Assert.Null(plain.Answer.Error);
        Assert.Equal(ErrorCode.OffsetMismatch, asked[0].Answer.Error!.Code);
        Assert.Equal(new Offset(3), asked[1].Answer.BaseOffset);
        Assert.Equal("4", asked[2].Answer.Error!.Metadata["actual"]);
        Assert.Equal(new Offset(4), asked[3].Answer.BaseOffset);
        Assert.Equal(5, (await broker.ReadAll("a")).Count);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task ARetryOfAConditionThatHadHeldIsADuplicate(bool isCrashed)
    {
        await using TestBroker broker = await TestBroker.Open();
        await broker.Create("a");
        await broker.ProduceOk("a", 0, TestBatches.Of(2));
        Assert.False((await Expecting(broker, 2, ProducerBatches.Of(7, 0, 0))).IsDuplicate);
        await broker.ProduceOk("a", 0, TestBatches.Of(2));
        if (isCrashed)
        {
            await broker.Crash(LossMode.LoseUnsynced);
        }

        ProduceOutcome again = await Expecting(broker, 2, ProducerBatches.Of(7, 0, 0));
        Assert.Null(again.Error);
        Assert.True(again.IsDuplicate);
        Assert.Equal(new Offset(2), again.BaseOffset);
        Assert.Equal(5, (await broker.ReadAll("a")).Count);
    }

    [Fact]
    public async Task AMismatchIsARefusalLikeAnyOtherForAnIdempotentProducer()
    {
        await using TestBroker broker = await TestBroker.Open();
        await broker.Create("a");
        var stream = new Outcomes();
        Outcome first = broker.Send("a", 0, ProducerBatches.Of(7, 0, 0), stream: stream);
        Outcome wrong = broker.Send("a", 0, ProducerBatches.Of(7, 0, 1), stream: stream, expects: 9);
        Outcome behind = broker.Send("a", 0, ProducerBatches.Of(7, 0, 2), stream: stream);
        broker.Pump();
        Assert.Null(first.Answer.Error);
        Assert.Equal(ErrorCode.OffsetMismatch, wrong.Answer.Error!.Code);
        Assert.Equal(ErrorCode.EarlierBatchFailed, behind.Answer.Error!.Code);
        Outcome instead = broker.Send("a", 0, ProducerBatches.Of(7, 0, 1, fill: 100), stream: stream);
        broker.Pump();
        Assert.Null(instead.Answer.Error);
        Assert.Equal(new Offset(1), instead.Answer.BaseOffset);
    }

    [Fact]
    public async Task WhatADuplicateOfAProducerIsComesBeforeItsCondition()
    {
        await using TestBroker broker = await TestBroker.Open();
        await broker.Create("a");
        await broker.ProduceOk("a", 0, ProducerBatches.Of(7, 0, 0));
        Assert.Equal(ErrorCode.OutOfOrderSequence, (await Expecting(broker, 1, ProducerBatches.Of(7, 0, 5))).Error!.Code);
        Assert.Equal(ErrorCode.SequenceReuse, (await Expecting(broker, 0, ProducerBatches.Of(7, 0, 0, fill: 3))).Error!.Code);
    }

    private static async Task<ProduceOutcome> Expecting(TestBroker broker, long offset, byte[] batch)
    {
        Outcome outcome = broker.Send("a", 0, batch, expects: offset);
        broker.Pump();
        return await outcome.Value;
    }
}
