using System.Collections.Concurrent;
using LogBroker.Protocol;
using Microsoft.Extensions.Time.Testing;

namespace LogBroker.Client.Tests;

/// <summary>Readers that go from replica to replica: no record missed, none twice.</summary>
public sealed class FailoverReaderTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Theory]
    [InlineData(11, false)]
    [InlineData(12, false)]
    [InlineData(13, false)]
    [InlineData(14, true)]
    [InlineData(15, true)]
    public async Task RandomFailoversMissNothingAndRepeatNothing(int seed, bool allowFollowers)
    {
        await using FakeCluster cluster = await FakeCluster.StartAsync(3);
        await using LogBrokerClient client = cluster.Client();
        await using Producer producer = client.CreateProducer(Clients.SmallBatches);
        await using var reading = new Reading(client, new ReadOptions { AllowFollowers = allowFollowers });
        int sent = 0;
        async Task ProduceSome()
        {
            for (int i = 0; i < 60; i++, sent++)
            {
                await producer.EnqueueAsync("t", ProducerFaultTests.Record(sent, sent % 3));
            }
        }

        await new FailoverScript(cluster, seed).RunAsync(ProduceSome, steps: 25);
        await producer.FlushAsync().WaitAsync(Patience);
        for (int p = 0; p < 3; p++)
        {
            await reading.HasReadAsync(p, cluster.Node(1).Partition("t", p).Values().Count);
        }
    }

    [Fact]
    public async Task ALeaderThatHangsIsLeftByItsReaders()
    {
        await using FakeCluster cluster = await FakeCluster.StartAsync();
        await using LogBrokerClient client = cluster.Client();
        await FillAsync(client, 10);
        await using var reading = new Reading(client, new ReadOptions());
        await reading.HasReadAsync(0, 10);
        cluster.Node(1).Pause();
        cluster.Controller = 2;
        cluster.Elect(0, 2);
        await FillAsync(client, 10);
        await reading.HasReadAsync(0, 20);
    }

    [Fact]
    public async Task ARefusalThatNamesTheLeaderMovesTheReaderWithoutAQuestion()
    {
        await using FakeCluster cluster = await FakeCluster.StartAsync();
        await using LogBrokerClient client = cluster.Client(new LogBrokerClientOptions { TimeProvider = new FakeTimeProvider() });
        await FillAsync(client, 10);
        await using var reading = new Reading(client, new ReadOptions());
        await reading.HasReadAsync(0, 10);
        int asked = cluster.Nodes.Sum(n => n.MetadataAsked);
        cluster.Elect(0, 3);
        await Clients.UntilAsync(() => cluster.Node(3).FetchesSeen > 0);
        Assert.Equal(asked, cluster.Nodes.Sum(n => n.MetadataAsked));
    }

    [Fact]
    public async Task AnOffsetThatANewLeaderDoesNotKnowYetIsAskedForAgain()
    {
        await using FakeCluster cluster = await FakeCluster.StartAsync();
        await using LogBrokerClient client = cluster.Client();
        await FillAsync(client, 10);
        await using var reading = new Reading(client, new ReadOptions());
        await reading.HasReadAsync(0, 10);
        int faults = 0;
        cluster.Node(2).FetchFault = _ => Interlocked.Increment(ref faults) <= 3 ? ErrorCode.OffsetNotAvailable : ErrorCode.None;
        cluster.Elect(0, 2);
        await Clients.UntilAsync(() => Volatile.Read(ref faults) > 3);
        await FillAsync(client, 10);
        await reading.HasReadAsync(0, 20);
    }

    [Fact]
    public async Task AnOffsetOutOfRangeAfterAChangeOfLeadersIsBelievedOnlyTheSecondTime()
    {
        await using FakeCluster cluster = await FakeCluster.StartAsync();
        await using LogBrokerClient client = cluster.Client();
        await FillAsync(client, 10);
        await using var reading = new Reading(client, new ReadOptions { FailOnTruncation = true });
        await reading.HasReadAsync(0, 10);
        int faults = 0;
        cluster.Node(2).FetchFault = _ => Interlocked.Increment(ref faults) == 1 ? ErrorCode.OffsetOutOfRange : ErrorCode.None;
        cluster.Elect(0, 2);
        await FillAsync(client, 10);
        await reading.HasReadAsync(0, 20);

        cluster.Node(2).FetchFault = _ => ErrorCode.OffsetOutOfRange;
        await FillAsync(client, 1);
        LogBrokerException error = await reading.FailureAsync();
        Assert.Equal(ErrorCode.OffsetOutOfRange, error.Reason);
    }

    [Fact]
    public async Task AFollowerOfTheClientsRackIsRead()
    {
        await using FakeCluster cluster = await FakeCluster.StartAsync();
        await using LogBrokerClient client = cluster.Client(new LogBrokerClientOptions { Rack = "rack3" });
        await FillAsync(client, 10);
        await using var reading = new Reading(client, new ReadOptions { AllowFollowers = true });
        await reading.HasReadAsync(0, 10);
        Assert.True(cluster.Node(3).FetchesSeen > 0);
        Assert.Equal(0, cluster.Node(1).FetchesSeen + cluster.Node(2).FetchesSeen);
    }

    [Fact]
    public async Task AFollowerThatDiesIsReplacedByTheLeader()
    {
        await using FakeCluster cluster = await FakeCluster.StartAsync();
        await using LogBrokerClient client = cluster.Client(new LogBrokerClientOptions { Rack = "rack3" });
        await FillAsync(client, 10);
        await using var reading = new Reading(client, new ReadOptions { AllowFollowers = true });
        await reading.HasReadAsync(0, 10);
        await cluster.Node(3).KillAsync();
        await FillAsync(client, 10);
        await reading.HasReadAsync(0, 20);
    }

    [Fact]
    public async Task AFollowerThatLagsGivesWhatItKnowsAndLaterTheRest()
    {
        await using FakeCluster cluster = await FakeCluster.StartAsync();
        await using LogBrokerClient client = cluster.Client(new LogBrokerClientOptions { Rack = "rack2" });
        long known = 4;
        cluster.Node(2).KnownEnd = _ => Interlocked.Read(ref known);
        await FillAsync(client, 10);
        var options = new ReadOptions { AllowFollowers = true, FetchMaxWait = TimeSpan.FromMilliseconds(20) };
        await using var reading = new Reading(client, options);
        await reading.HasReadAsync(0, 4);
        Interlocked.Exchange(ref known, 10);
        await reading.HasReadAsync(0, 10);
        Assert.Equal(0, cluster.Node(1).FetchesSeen);
    }

    [Fact]
    public async Task WithoutTheOptionFollowersAreNotRead()
    {
        await using FakeCluster cluster = await FakeCluster.StartAsync();
        await using LogBrokerClient client = cluster.Client(new LogBrokerClientOptions { Rack = "rack3" });
        await FillAsync(client, 10);
        await using var reading = new Reading(client, new ReadOptions());
        await reading.HasReadAsync(0, 10);
        Assert.Equal(0, cluster.Node(2).FetchesSeen + cluster.Node(3).FetchesSeen);
    }

    private static async Task FillAsync(LogBrokerClient client, int count)
    {
        await using Producer producer = client.CreateProducer(Clients.SmallBatches);
        for (int i = 0; i < count; i++)
        {
            await producer.ProduceAsync("t", ProducerFaultTests.Record(i, 0)).AsTask().WaitAsync(Patience);
        }
    }

    /// <summary>A reader of all partitions from the start, in the background; checks that offsets are dense.</summary>
    private sealed class Reading : IAsyncDisposable
    {
        private readonly CancellationTokenSource _stop = new();
        private readonly ConcurrentDictionary<int, long> _next = new();
        private readonly Task _task;

        public Reading(LogBrokerClient client, ReadOptions options) => _task = Task.Run(async () =>
        {
            await foreach (ConsumedRecord record in client.ReadAsync("t", Position.Start, options: options, cancellationToken: _stop.Token))
            {
                Assert.Equal(_next.GetValueOrDefault(record.Partition), record.Offset);
                _next[record.Partition] = record.Offset + 1;
            }
        });

        public async Task HasReadAsync(int partition, long count)
        {
            await Clients.UntilAsync(() => _task.IsCompleted || _next.GetValueOrDefault(partition) >= count);
            if (_task.IsCompleted)
            {
                await _task;
            }

            Assert.Equal(count, _next.GetValueOrDefault(partition));
        }

        public Task<LogBrokerException> FailureAsync() => Assert.ThrowsAsync<LogBrokerException>(() => _task.WaitAsync(Patience));

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            await _task.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            _stop.Dispose();
        }
    }
}
