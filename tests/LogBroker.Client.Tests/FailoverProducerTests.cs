using System.Globalization;
using LogBroker.Protocol;
using Microsoft.Extensions.Time.Testing;

namespace LogBroker.Client.Tests;

/// <summary>Producers that go from leader to leader: nothing twice, nothing out of order, unknown only what is unknown.</summary>
public sealed class FailoverProducerTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task ARefusalThatNamesTheLeaderMovesThePartitionWithoutAQuestion()
    {
        await using FakeCluster cluster = await FakeCluster.StartAsync();
        await using LogBrokerClient client = cluster.Client(new LogBrokerClientOptions { TimeProvider = new FakeTimeProvider() });
        await using Producer producer = client.CreateProducer();
        await producer.ProduceAsync("t", ProducerFaultTests.Record(0, 0));
        int asked = cluster.Nodes.Sum(n => n.MetadataAsked);
        cluster.Elect(0, 3);
        Assert.Equal(1, (await producer.ProduceAsync("t", ProducerFaultTests.Record(1, 0)).AsTask().WaitAsync(Patience)).Offset);
        Assert.Equal(asked, cluster.Nodes.Sum(n => n.MetadataAsked));
        Assert.Equal(0, cluster.Node(2).BatchesSeen);
    }

    [Fact]
    public async Task WithoutAHintTheOtherNodesAreAsked()
    {
        await using FakeCluster cluster = await FakeCluster.StartAsync();
        cluster.GivesHints = false;
        await using LogBrokerClient client = cluster.Client();
        await using Producer producer = client.CreateProducer();
        for (int i = 0; i < 6; i++)
        {
            await producer.ProduceAsync("t", ProducerFaultTests.Record(i, 0)).AsTask().WaitAsync(Patience);
            cluster.Elect(0, (i % 3) + 1);
        }

        Assert.Equal(Enumerable.Range(0, 6).Select(ProducerFaultTests.Text), cluster.Node(1).Partition("t").Values());
    }

    [Fact]
    public async Task AHintOfAnOlderEpochIsIgnored()
    {
        await using FakeCluster cluster = await FakeCluster.StartAsync();
        cluster.Elect(0, 2);
        await using LogBrokerClient client = cluster.Client();
        await using Producer producer = client.CreateProducer();
        await producer.ProduceAsync("t", ProducerFaultTests.Record(0, 0));
        int seen = cluster.Node(1).BatchesSeen;

        // Nodes 2 and 3 forget what they knew, as after a restart, and node 2 does not lead for a while.
        cluster.Belief = (node, _) => node == 1 ? null : (1, 1);
        Func<int, bool> leads = cluster.Node(2).Leads;
        int refused = 0;
        cluster.Node(2).Leads = p => leads(p) && Interlocked.Increment(ref refused) > 3;
        await producer.ProduceAsync("t", ProducerFaultTests.Record(1, 0)).AsTask().WaitAsync(Patience);
        Assert.Equal(seen, cluster.Node(1).BatchesSeen);
        Assert.Equal([ProducerFaultTests.Text(0), ProducerFaultTests.Text(1)], cluster.Node(1).Partition("t").Values());
    }

    [Theory]
    [InlineData(Verdict.Serve)]
    [InlineData(Verdict.WriteAndCut)]
    [InlineData(Verdict.WriteAndKeepSilent)]
    [InlineData(Verdict.SayUnknown)]
    [InlineData(Verdict.WriteAndSayUnknown)]
    internal async Task AKilledLeaderLosesAndRepeatsNothing(Verdict before)
    {
        await using FakeCluster cluster = await FakeCluster.StartAsync(2);
        await using LogBrokerClient client = cluster.Client();
        await using Producer producer = client.CreateProducer(Clients.SmallBatches);
        var heard = new Heard();
        await heard.EnqueueAsync(producer, 300, 2);
        await producer.FlushAsync().WaitAsync(Patience);
        cluster.Node(1).Judge = (_, _) => before;
        int seen = cluster.Node(1).BatchesSeen;
        await heard.EnqueueAsync(producer, 600, 2);
        await Clients.UntilAsync(() => cluster.Node(1).BatchesSeen > seen);
        await cluster.Node(1).KillAsync();
        cluster.Elect(0, 2);
        cluster.Elect(1, 3);
        await heard.EnqueueAsync(producer, 300, 2);
        await producer.FlushAsync().WaitAsync(Patience);
        heard.CheckAllWritten(cluster, 2);
        Assert.Equal(1, cluster.ProducersBegun);
        Assert.Equal(0, cluster.Nodes.Sum(n => n.EpochsBumped));
    }

    [Fact]
    public async Task ALeaderThatHangsIsLeftAndWhatItSaysLaterCountsForNothing()
    {
        await using FakeCluster cluster = await FakeCluster.StartAsync(2);
        await using LogBrokerClient client = cluster.Client();
        await using Producer producer = client.CreateProducer(Clients.SmallBatches);
        var heard = new Heard();
        await heard.EnqueueAsync(producer, 100, 2);
        await producer.FlushAsync().WaitAsync(Patience);

        cluster.Node(1).Pause();
        await heard.EnqueueAsync(producer, 400, 2);
        cluster.Elect(0, 2);
        cluster.Elect(1, 3);
        await producer.FlushAsync().WaitAsync(Patience);
        heard.CheckAllWritten(cluster, 2);

        // Now it refuses, late, what it got before; and leads again.
        cluster.Node(1).Resume();
        cluster.Elect(0, 1);
        cluster.Elect(1, 1);
        await heard.EnqueueAsync(producer, 400, 2);
        await producer.FlushAsync().WaitAsync(Patience);
        heard.CheckAllWritten(cluster, 2);
        Assert.Equal(0, cluster.Nodes.Sum(n => n.EpochsBumped));
    }

    [Fact]
    public async Task AnAnswerThatComesAfterTheBatchWasSentAgainIsNotTakenForItsAnswer()
    {
        await using FakeCluster cluster = await FakeCluster.StartAsync();
        await using LogBrokerClient client = cluster.Client();
        await using Producer producer = client.CreateProducer();
        await producer.ProduceAsync("t", ProducerFaultTests.Record(0, 0));

        // Node 1 refuses for good, but says so only after node 2 has the batch, whose ack waits.
        var late = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var second = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        cluster.Node(1).AckGate = late.Task;
        cluster.Node(1).Refusal = ErrorCode.InvalidTimestamp;
        cluster.Node(1).Judge = (_, _) => Verdict.Refuse;
        cluster.Node(2).AckGate = second.Task;
        int seen = cluster.Node(1).BatchesSeen;
        Task<ProduceReceipt> sent = producer.ProduceAsync("t", ProducerFaultTests.Record(1, 0)).AsTask();
        await Clients.UntilAsync(() => cluster.Node(1).BatchesSeen > seen);
        cluster.Elect(0, 2);
        await Clients.UntilAsync(() => cluster.Node(2).BatchesSeen == 1);
        int acks = cluster.Node(1).AcksSent;
        late.SetResult();
        await Clients.UntilAsync(() => cluster.Node(1).AcksSent > acks);
        second.SetResult();
        Assert.Equal(1, (await sent.WaitAsync(Patience)).Offset);
        Assert.Equal([ProducerFaultTests.Text(0), ProducerFaultTests.Text(1)], cluster.Node(1).Partition("t").Values());
    }

    [Fact]
    public async Task NothingOvertakesWhatTheOldLeaderHasNotAnsweredYet()
    {
        await using FakeCluster cluster = await FakeCluster.StartAsync(2);
        cluster.Elect(1, 2);
        await using LogBrokerClient client = cluster.Client(new LogBrokerClientOptions { TimeProvider = new FakeTimeProvider() });
        await using Producer producer = client.CreateProducer();
        await producer.ProduceAsync("t", ProducerFaultTests.Record(0, 0));
        var late = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        cluster.Node(1).AckGate = late.Task;
        cluster.Node(1).Judge = (_, _) => Verdict.Refuse;
        int seen = cluster.Node(1).BatchesSeen;
        Task first = producer.ProduceAsync("t", ProducerFaultTests.Record(1, 0)).AsTask();
        await Clients.UntilAsync(() => cluster.Node(1).BatchesSeen > seen);
        cluster.Elect(0, 2);
        await client.Metadata.RefreshAsync("t", CancellationToken.None);
        Task second = producer.ProduceAsync("t", ProducerFaultTests.Record(2, 0)).AsTask();
        Task flushed = producer.FlushAsync();

        // When node 2 has this one, its sender has looked at the other partition as well.
        await producer.ProduceAsync("t", ProducerFaultTests.Record(3, 1)).AsTask().WaitAsync(Patience);
        Assert.Equal(1, cluster.Node(2).BatchesSeen);
        late.SetResult();
        await Task.WhenAll(first, second, flushed).WaitAsync(Patience);
        Assert.Equal(Enumerable.Range(0, 3).Select(ProducerFaultTests.Text), cluster.Node(1).Partition("t").Values());
        Assert.Equal(0, cluster.Nodes.Sum(n => n.EpochsBumped));
    }

    [Fact]
    public async Task WithoutIdempotenceARefusalIsRetriedAndALostAnswerIsUnknown()
    {
        await using FakeCluster cluster = await FakeCluster.StartAsync();
        await using LogBrokerClient client = cluster.Client();
        await using Producer producer = client.CreateProducer(new ProducerOptions { EnableIdempotence = false });
        await producer.ProduceAsync("t", ProducerFaultTests.Record(0, 0));
        cluster.Elect(0, 2);
        await producer.ProduceAsync("t", ProducerFaultTests.Record(1, 0)).AsTask().WaitAsync(Patience);
        cluster.Node(2).Judge = (_, _) => Verdict.SayUnknown;
        await Assert.ThrowsAsync<OutcomeUnknownException>(
            async () => await producer.ProduceAsync("t", ProducerFaultTests.Record(2, 0)).AsTask().WaitAsync(Patience));
        cluster.Node(2).Judge = (_, _) => Verdict.WriteAndKeepSilent;
        Task<ProduceReceipt> silent = producer.ProduceAsync("t", ProducerFaultTests.Record(3, 0)).AsTask();
        await Clients.UntilAsync(() => cluster.Node(1).Partition("t").Values().Count == 3);
        cluster.Elect(0, 3);
        await Assert.ThrowsAsync<OutcomeUnknownException>(() => silent.WaitAsync(Patience));
        Assert.Equal(3, (await producer.ProduceAsync("t", ProducerFaultTests.Record(4, 0)).AsTask().WaitAsync(Patience)).Offset);
        int[] written = [0, 1, 3, 4];
        Assert.Equal(written.Select(ProducerFaultTests.Text), cluster.Node(1).Partition("t").Values());
    }

    [Fact]
    public async Task AnElectionOfTheControllerHoldsUpOnlyPartitionsThatNeedAnIdentity()
    {
        await using FakeCluster cluster = await FakeCluster.StartAsync(2);
        await using LogBrokerClient client = cluster.Client();
        await using Producer producer = client.CreateProducer();
        await producer.ProduceAsync("t", ProducerFaultTests.Record(0, 0));
        await producer.ProduceAsync("t", ProducerFaultTests.Record(1, 1));
        cluster.Controller = 0;
        cluster.Node(1).Partition("t", 0).ForgetProducers();
        Task<ProduceReceipt> waits = producer.ProduceAsync("t", ProducerFaultTests.Record(2, 0)).AsTask();
        await Clients.UntilAsync(() => cluster.Nodes.Sum(n => n.ControllerRefusals) >= 3);
        Assert.Equal(1, (await producer.ProduceAsync("t", ProducerFaultTests.Record(3, 1)).AsTask().WaitAsync(Patience)).Offset);
        Assert.False(waits.IsCompleted);
        cluster.Controller = 3;
        Assert.Equal(1, (await waits.WaitAsync(Patience)).Offset);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    [InlineData(7)]
    [InlineData(8)]
    public async Task RandomFailoversLoseNothingRepeatNothingAndKeepTheOrder(int seed)
    {
        await using FakeCluster cluster = await FakeCluster.StartAsync(3);
        await using LogBrokerClient client = cluster.Client();
        await using Producer producer = client.CreateProducer(Clients.SmallBatches);
        var heard = new Heard();
        await new FailoverScript(cluster, seed).RunAsync(() => heard.EnqueueAsync(producer, 60, 3), steps: 25);
        await producer.FlushAsync().WaitAsync(Patience);
        heard.CheckAllWritten(cluster, 3);
    }

    [Theory]
    [InlineData(101)]
    [InlineData(102)]
    [InlineData(103)]
    [InlineData(104)]
    public async Task WithAShortDeadlineADefiniteFailureIsNeverFoundInTheLog(int seed)
    {
        await using FakeCluster cluster = await FakeCluster.StartAsync(3);
        await using LogBrokerClient client = cluster.Client();
        ProducerOptions options = Clients.SmallBatches with { DeliveryTimeout = TimeSpan.FromMilliseconds(150) };
        await using Producer producer = client.CreateProducer(options);
        var heard = new Heard();
        await new FailoverScript(cluster, seed).RunAsync(() => heard.EnqueueAsync(producer, 60, 3), steps: 25);
        await heard.WhenAllHeardAsync().WaitAsync(Patience);
        heard.CheckOutcomes(cluster, 3);
    }

    [Theory]
    [InlineData(201)]
    [InlineData(202)]
    [InlineData(203)]
    public async Task WithoutIdempotenceNothingIsRepeatedOrReordered(int seed)
    {
        await using FakeCluster cluster = await FakeCluster.StartAsync(3);
        await using LogBrokerClient client = cluster.Client();
        await using Producer producer = client.CreateProducer(Clients.SmallBatches with { EnableIdempotence = false });
        var heard = new Heard();
        await new FailoverScript(cluster, seed).RunAsync(() => heard.EnqueueAsync(producer, 60, 3), steps: 25);
        await heard.WhenAllHeardAsync().WaitAsync(Patience);
        heard.CheckOutcomes(cluster, 3);
    }

    /// <summary>What became of each record: the numbers go up, record n belongs to partition n modulo their count.</summary>
    private sealed class Heard
    {
        private readonly Lock _lock = new();
        private readonly Dictionary<int, (long Offset, LogBrokerException? Error)> _outcomes = [];
        private int _sent;

        public async Task EnqueueAsync(Producer producer, int count, int partitions)
        {
            for (int i = 0; i < count; i++, _sent++)
            {
                int n = _sent;
                await producer.EnqueueAsync("t", ProducerFaultTests.Record(n, n % partitions), (_, in receipt, error) =>
                {
                    lock (_lock)
                    {
                        Assert.True(_outcomes.TryAdd(n, (error is null ? receipt.Offset : -1, error)), $"record {n} was answered twice");
                    }
                });
            }
        }

        public Task WhenAllHeardAsync() => Clients.UntilAsync(() =>
        {
            lock (_lock)
            {
                return _outcomes.Count == _sent;
            }
        });

        public void CheckAllWritten(FakeCluster cluster, int partitions)
        {
            CheckOutcomes(cluster, partitions);
            Assert.DoesNotContain(_outcomes.Values, o => o.Error is not null);
        }

        public void CheckOutcomes(FakeCluster cluster, int partitions)
        {
            Assert.Equal(_sent, _outcomes.Count);
            for (int p = 0; p < partitions; p++)
            {
                int partition = p;
                List<int> log = [.. cluster.Node(1).Partition("t", p).Values().Select(v => int.Parse(v, CultureInfo.InvariantCulture))];
                Assert.Equal(log.Distinct().Order(), log);
                foreach ((int n, (long offset, LogBrokerException? error)) in _outcomes.Where(o => o.Key % partitions == partition))
                {
                    int at = log.IndexOf(n);
                    Assert.True(error is OutcomeUnknownException || (error is null ? at >= 0 : at < 0), $"record {n}: {error}, at {at}");
                    Assert.True(error is not null || offset < 0 || offset == at, $"record {n} is at {at}, acknowledged at {offset}");
                }
            }
        }
    }
}
