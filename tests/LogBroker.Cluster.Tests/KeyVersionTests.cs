using LogBroker.Protocol;
using LogBroker.TestKit;

namespace LogBroker.Cluster.Tests;

/// <summary>Conditions on the newest record of a key: compare-and-set on a compacted topic.</summary>
public sealed class KeyVersionTests
{
    [Fact]
    public async Task ARecordReplacesTheVersionItNamesOrNothingIsWritten()
    {
        await using TestBroker broker = await TableTests.Open();
        Assert.Equal(new Offset(0), (await Set(broker, "a", "1", -1)).BaseOffset);
        Assert.Equal(new Offset(1), (await Set(broker, "b", "1", -1)).BaseOffset);
        Assert.Equal(new Offset(2), (await Set(broker, "a", "2", 0)).BaseOffset);
        Mismatch(await Set(broker, "a", "3", 0), expected: 0, actual: 2);
        Mismatch(await Set(broker, "a", "3", -1), expected: -1, actual: 2);
        Mismatch(await Set(broker, "c", "3", 1), expected: 1, actual: -1);
        Assert.Equal(["2", "1", null], (await TableTests.Get(broker, "a", "b", "c")).Entries.Select(TableTests.Text));
        Assert.Equal(3, (await broker.ReadAll("t")).Count);
    }

    [Fact]
    public async Task ADeletedKeyHasNoVersion()
    {
        await using TestBroker broker = await TableTests.Open();
        await Set(broker, "a", "1", -1);
        Assert.Null((await Set(broker, "a", null, 0)).Error);
        Mismatch(await Set(broker, "a", "2", 1), expected: 1, actual: -1);
        Assert.Equal(new Offset(2), (await Set(broker, "a", "2", -1)).BaseOffset);
        Mismatch(await Set(broker, "a", "3", 0), expected: 0, actual: 2);
    }

    [Fact]
    public async Task AnExpiredKeyHasNoVersion()
    {
        await using TestBroker broker = await TableTests.Open(("table.ttl.ms", "1000"));
        await broker.ProduceOk("t", 0, Keyed.At(broker.NowMs, ("a", "1")));
        Mismatch(await Set(broker, "a", "2", -1), expected: -1, actual: 0);
        broker.Time.Advance(TimeSpan.FromSeconds(2));
        Assert.Null((await Set(broker, "a", "2", -1)).Error);
    }

    [Fact]
    public async Task ConditionsSeeWhatIsInFrontOfThemInTheQueueCommittedOrNot()
    {
        await using TestBroker broker = await TableTests.Open();
        await Set(broker, "x", "0", -1);
        var stream = new Outcomes();
        Outcome[] sent =
        [
            broker.Send("t", 0, Keyed.Of(("a", "1"), ("b", "1")), stream: stream),
            broker.Send("t", 0, Keyed.Of(("a", "2")), stream: stream, expectsVersion: -1),
            broker.Send("t", 0, Keyed.Of(("a", "3")), stream: stream, expectsVersion: 1),
            broker.Send("t", 0, Keyed.Of(("a", "4")), stream: stream, expectsVersion: 1),
            broker.Send("t", 0, Keyed.Gzip(("b", null)), stream: stream),
            broker.Send("t", 0, Keyed.Gzip(("b", "5")), stream: stream, expectsVersion: -1),
            broker.Send("t", 0, Keyed.Of(("a", "6")), stream: stream, expects: 6, expectsVersion: 3),
        ];
        broker.Pump();
        Assert.Equal(
            [ErrorCode.None, ErrorCode.KeyVersionMismatch, ErrorCode.None, ErrorCode.KeyVersionMismatch, ErrorCode.None, ErrorCode.None,
                ErrorCode.None],
            sent.Select(s => s.Answer.Error?.Code ?? ErrorCode.None));
        Assert.Equal(["6", "5"], (await TableTests.Get(broker, "a", "b")).Entries.Select(TableTests.Text));
    }

    [Fact]
    public async Task ARetryOfAConditionThatHadHeldIsADuplicate()
    {
        await using TestBroker broker = await TableTests.Open();
        await Set(broker, "a", "1", -1);
        ProduceOutcome first = await Send(broker, Keyed.Numbered(0, ("a", "2")), 0);
        Assert.Null(first.Error);
        ProduceOutcome again = await Send(broker, Keyed.Numbered(0, ("a", "2")), 0);
        Assert.True(again.IsDuplicate);
        Assert.Equal(first.BaseOffset, again.BaseOffset);
        Mismatch(await Send(broker, Keyed.Numbered(1, ("a", "3")), 0), expected: 0, actual: 1);
        Assert.Null((await Send(broker, Keyed.Numbered(1, ("a", "3")), 1)).Error);
    }

    [Fact]
    public async Task WhatCannotBeAConditionOnAKeyIsRefused()
    {
        await using TestBroker broker = await TableTests.Open();
        Assert.Equal(ErrorCode.InvalidArgument, (await Send(broker, Keyed.Of(("a", "1"), ("b", "1")), -1)).Error!.Code);
        Assert.NotNull((await Send(broker, TestBatches.Of(1), -1)).Error);
        await broker.Create("plain");
        Outcome plain = broker.Send("plain", 0, Keyed.Of(("a", "1")), expectsVersion: -1);
        broker.Pump();
        Assert.Equal(ErrorCode.NotATable, plain.Answer.Error!.Code);
    }

    [Fact]
    public async Task VersionsAreTheSameAfterARestart()
    {
        await using TestBroker broker = await TableTests.Open();
        await Set(broker, "a", "1", -1);
        await broker.Crash(LossMode.LoseUnsynced);
        Mismatch(await Set(broker, "a", "2", -1), expected: -1, actual: 0);
        Assert.Null((await Set(broker, "a", "2", 0)).Error);
    }

    private static void Mismatch(in ProduceOutcome outcome, long expected, long actual)
    {
        Assert.Equal(ErrorCode.KeyVersionMismatch, outcome.Error?.Code);
        Assert.Equal($"{expected}", outcome.Error!.Metadata["expected"]);
        Assert.Equal($"{actual}", outcome.Error.Metadata["actual"]);
    }

    private static Task<ProduceOutcome> Set(TestBroker broker, string key, string? value, long version) =>
        Send(broker, Keyed.At(broker.NowMs, (key, value)), version);

    /// <summary>As a client does: once more while the view is being built.</summary>
    private static async Task<ProduceOutcome> Send(TestBroker broker, byte[] batch, long version)
    {
        while (true)
        {
            Outcome outcome = broker.Send("t", 0, batch, expectsVersion: version);
            broker.Pump();
            ProduceOutcome answer = await outcome.Value;
            if (answer.Error is not { Code: ErrorCode.Busy })
            {
                return answer;
            }
        }
    }
}
