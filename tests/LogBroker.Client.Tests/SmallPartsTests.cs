namespace LogBroker.Client.Tests;

public sealed class SmallPartsTests
{
    [Fact]
    public void WaitsDoubleUpToTheirBoundWithJitter()
    {
        var low = new RetryPolicy(TimeSpan.FromMilliseconds(50), TimeSpan.FromSeconds(1), () => 0);
        var high = new RetryPolicy(TimeSpan.FromMilliseconds(50), TimeSpan.FromSeconds(1), () => 0.999999);
        Assert.Equal([25, 50, 100, 200, 400, 500, 500], Enumerable.Range(1, 7).Select(n => low.Wait(n).TotalMilliseconds));
        Assert.All(Enumerable.Range(1, 100), n => Assert.InRange(high.Wait(n), low.Wait(n), 2 * low.Wait(n)));
        Assert.Equal(TimeSpan.FromSeconds(5), low.Wait(1, TimeSpan.FromSeconds(5)));
        Assert.Equal(TimeSpan.FromMilliseconds(25), low.Wait(1, TimeSpan.FromMilliseconds(1)));
    }

    [Theory]
    [InlineData("localhost", "localhost:7070")]
    [InlineData("a:1, b:2,a:1", "a:1|b:2")]
    [InlineData("http://h:8/", "h:8")]
    [InlineData("[::1]:9", "[::1]:9")]
    [InlineData("::1", "[::1]:7070")]
    [InlineData("10.0.0.1", "10.0.0.1:7070")]
    public void ServersAreHostsAndPorts(string text, string expected) => Assert.Equal(expected.Split('|'), ServerList.Parse(text));

    [Theory]
    [InlineData("")]
    [InlineData(",")]
    [InlineData("h:0")]
    [InlineData("h:65536")]
    [InlineData("h:x")]
    [InlineData("a b:1")]
    public void WhatIsNoServerIsRefused(string text) => Assert.Throws<FormatException>(() => new LogBrokerClient(text));

    [Fact]
    public void MemoryIsGivenInOrderOfArrivalAndOneBatchAlwaysGetsIn()
    {
        var gate = new MemoryGate(100);
        Assert.True(gate.TryTake(500));
        Assert.False(gate.TryTake(1));
        Task first = gate.TakeAsync(60, CancellationToken.None);
        Task second = gate.TakeAsync(60, CancellationToken.None);
        Assert.True(gate.HasWaiters);
        gate.Give(500);
        Assert.True(first.IsCompletedSuccessfully);
        Assert.False(second.IsCompleted);
        Assert.False(gate.TryTake(1));
        gate.Give(60);
        Assert.True(second.IsCompletedSuccessfully);
        Assert.False(gate.HasWaiters);
        Assert.True(gate.TryTake(40));
        Assert.Equal(100, gate.Held);
    }

    [Fact]
    public async Task WhoeverStopsWaitingForMemoryBlocksNobody()
    {
        var gate = new MemoryGate(100);
        Assert.True(gate.TryTake(90));
        using var cancellation = new CancellationTokenSource();
        Task first = gate.TakeAsync(50, cancellation.Token);
        Task second = gate.TakeAsync(10, CancellationToken.None);
        Assert.False(second.IsCompleted);
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        await second.WaitAsync(TimeSpan.FromSeconds(10));
        Assert.Equal(100, gate.Held);
    }

    [Fact]
    public void TheLaneIsLeftInOrder()
    {
        var lane = new Lane();
        Assert.False(lane.IsBusy);
        Assert.True(lane.EnterAsync().IsCompleted);
        Task second = lane.EnterAsync();
        Task third = lane.EnterAsync();
        Assert.True(lane.IsBusy);
        lane.Leave();
        Assert.True(second.IsCompleted);
        Assert.False(third.IsCompleted);
        lane.Leave();
        Assert.True(third.IsCompleted);
        lane.Leave();
        Assert.False(lane.IsBusy);
    }

    [Fact]
    public void SequencesWrapFromTheLargestToZero()
    {
        Assert.Equal(0, ProducerIdentity.NextSequence(int.MaxValue, 1));
        Assert.Equal(4, ProducerIdentity.NextSequence(int.MaxValue - 5, 10));
        Assert.Equal(7, ProducerIdentity.NextSequence(0, 7));
    }

    [Fact]
    public void OptionsOutOfRangeAreNamed()
    {
        Assert.Contains("BatchBytes", Refused(new ProducerOptions { BatchBytes = 1 }), StringComparison.Ordinal);
        Assert.Contains("BatchesInFlightMax", Refused(new ProducerOptions { BatchesInFlightMax = 6 }), StringComparison.Ordinal);
        Assert.Contains("Linger", Refused(new ProducerOptions { Linger = TimeSpan.FromHours(1) }), StringComparison.Ordinal);
        Assert.Contains("Compression", Refused(new ProducerOptions { Compression = (Compression)4 }), StringComparison.Ordinal);
    }

    private static string Refused(ProducerOptions options)
    {
        LogBrokerClient client = new("localhost:1");
        return Assert.ThrowsAny<ArgumentException>(() => client.CreateProducer(options)).Message;
    }
}
