using LogBroker.Protocol;

namespace LogBroker.Client.Tests;

/// <summary>
/// What a producer says at its deadline when nobody takes its records: <em>unavailable</em> of those that were never sent or refused
/// each time, <em>unknown</em> of those that somebody has. It used to say TIMEOUT of all that were not sent.
/// </summary>
public sealed class UnavailableProducerTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly ProducerOptions Hasty = new() { DeliveryTimeout = TimeSpan.FromSeconds(1), BatchesInFlightMax = 1 };

    [Fact]
    public async Task RefusedEachTimeForWantOfALeaderIsUnavailable()
    {
        await using FakeCluster cluster = await FakeCluster.StartAsync();
        await using LogBrokerClient client = cluster.Client();
        await using Producer producer = client.CreateProducer(Hasty);
        await producer.ProduceAsync("t", ProducerFaultTests.Record(0, 0));
        foreach (FakeBroker node in cluster.Nodes)
        {
            node.Leads = static _ => false;
        }

        LogBrokerException e = await FailsAsync(producer, 1);
        Assert.Equal(ErrorCode.NotLeader, e.Reason);
        Assert.StartsWith("not written to t/0 within 1 s: ", e.Message, StringComparison.Ordinal);
        Assert.True(e.Attempts > 1);
        AssertNotWritten(e, cluster, 1);
    }

    [Fact]
    public async Task WithADeadLeaderAndNoOtherARecordIsNeverSentAndUnavailable()
    {
        await using FakeCluster cluster = await FakeCluster.StartAsync();
        await using LogBrokerClient client = cluster.Client();
        await using Producer producer = client.CreateProducer(Hasty);
        await producer.ProduceAsync("t", ProducerFaultTests.Record(0, 0));
        await cluster.Node(1).KillAsync();
        LogBrokerException e = await FailsAsync(producer, 1);
        Assert.IsType<ServerUnreachableException>(e);
        Assert.StartsWith($"not sent to t/0 within 1 s: cannot reach {cluster.Node(1).Address}", e.Message, StringComparison.Ordinal);
        AssertNotWritten(e, cluster, 1);
    }

    [Theory]
    [InlineData(Verdict.WriteAndKeepSilent)]
    [InlineData(Verdict.WriteAndCut)]
    [InlineData(Verdict.WriteAndSayUnknown)]
    internal async Task BehindARecordWhoseOutcomeIsUnknownOneThatWasNotSentIsUnavailable(Verdict verdict)
    {
        await using FakeCluster cluster = await FakeCluster.StartAsync();
        await using LogBrokerClient client = cluster.Client();
        await using Producer producer = client.CreateProducer(Hasty);

        // A refusal that was overcome long ago is no reason of what follows.
        int refused = 0;
        cluster.Node(1).Leads = _ => Interlocked.Increment(ref refused) > 2;
        await producer.ProduceAsync("t", ProducerFaultTests.Record(0, 0)).AsTask().WaitAsync(Patience);

        // What is sent again is refused, and nobody gives a new epoch: the second record never goes out.
        cluster.Controller = 0;
        cluster.Node(1).Refusal = ErrorCode.NotLeader;
        int seen = cluster.Node(1).BatchesSeen;
        cluster.Node(1).Judge = (n, _) => n == seen + 1 ? verdict : Verdict.Refuse;
        Task<LogBrokerException> sent = FailsAsync(producer, 1);
        await Clients.UntilAsync(() => cluster.Node(1).BatchesSeen > seen);
        Task<LogBrokerException> waits = FailsAsync(producer, 2);
        Assert.IsType<OutcomeUnknownException>(await sent);
        LogBrokerException e = await waits;
        Assert.StartsWith("not sent to t/0 within 1 s: ", e.Message, StringComparison.Ordinal);
        if (verdict == Verdict.WriteAndKeepSilent)
        {
            Assert.EndsWith($"{cluster.Node(1).Address} has not answered what is in front of it", e.Message, StringComparison.Ordinal);
        }

        AssertNotWritten(e, cluster, 2);
    }

    [Fact]
    public async Task WithoutAControllerTheFirstRecordIsUnavailable()
    {
        await using FakeCluster cluster = await FakeCluster.StartAsync();
        cluster.Controller = 0;
        await using LogBrokerClient client = cluster.Client();
        await using Producer producer = client.CreateProducer(Hasty);
        LogBrokerException e = await FailsAsync(producer, 0);
        Assert.Equal("not sent to t/0 within 1 s: no controller has given the producer an id", e.Message);
        AssertNotWritten(e, cluster, 0);
    }

    [Fact]
    public async Task ABrokerThatSaysThatItHadNoTimeIsTakenAtItsWord()
    {
        await using FakeCluster cluster = await FakeCluster.StartAsync();
        await using LogBrokerClient client = cluster.Client();
        await using Producer producer = client.CreateProducer(Hasty);
        cluster.Node(1).Refusal = ErrorCode.Timeout;
        cluster.Node(1).Judge = static (_, _) => Verdict.Refuse;
        LogBrokerException e = await FailsAsync(producer, 0);
        Assert.Equal(ErrorCode.Timeout, e.Reason);
        Assert.Empty(cluster.Node(1).Partition("t").Values());
    }

    private static async Task<LogBrokerException> FailsAsync(Producer producer, int number) =>
        await Assert.ThrowsAnyAsync<LogBrokerException>(
            () => producer.ProduceAsync("t", ProducerFaultTests.Record(number, 0)).AsTask().WaitAsync(Patience));

    private static void AssertNotWritten(LogBrokerException e, FakeCluster cluster, int number)
    {
        Assert.True(e is ServerUnreachableException || ErrorCatalogue.Get(e.Reason).Exit == ExitCode.Unavailable, e.ToString());
        Assert.True(e.IsRetriable);
        Assert.Equal(("t", 0), (e.Topic, e.Partition));
        Assert.DoesNotContain(ProducerFaultTests.Text(number), cluster.Node(1).Partition("t").Values());
    }
}
