using System.Diagnostics;
using LogBroker.Client;
using LogBroker.Protocol;
using Microsoft.Extensions.Time.Testing;

namespace LogBroker.Testing.Tests;

/// <summary>The broker in process: quick to start, and it fails as asked.</summary>
public sealed class ServerTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task It_is_ready_in_under_200_ms()
    {
        var times = new List<double>();
        for (int i = 0; i < 6; i++)
        {
            long begun = Stopwatch.GetTimestamp();
            await using LogBrokerTestServer broker = await LogBrokerTestServer.StartAsync(cancellationToken: Cancellation);
            times.Add(Stopwatch.GetElapsedTime(begun).TotalMilliseconds);
        }

        // The first one compiles the code; the machine of a test is busy now and then.
        Assert.InRange(times.Skip(1).Min(), 0, 200);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_was_acknowledged_is_there_after_a_kill_and_after_a_stop(bool inMemory)
    {
        await using LogBrokerTestServer broker = await StartAsync(new LogBrokerTestServerOptions { InMemory = inMemory });
        await using LogBrokerClient client = broker.CreateClient();
        await CreateAsync(client, "t");
        await using Producer producer = client.CreateProducer();
        LogBrokerTestNode node = broker.Nodes[0];
        string server = node.Server;
        for (int life = 0; life < 4; life++)
        {
            Assert.Equal(life, (await ProduceAsync(producer, "t", $"{life}")).Offset);
            await (life % 2 == 0 ? node.KillAsync() : node.StopAsync());
            Assert.False(node.IsRunning);
            Assert.True(node.Ended.IsCompleted);
            Assert.Null(node.Failure);
            await node.StartAsync(Cancellation);
            Assert.Equal(server, node.Server);
        }

        Assert.Equal(["0", "1", "2", "3"], await ReadAsync(client, "t"));
    }

    [Fact]
    public async Task A_temporary_directory_is_removed()
    {
        string path;
        await using (LogBrokerTestServer broker = await StartAsync(new LogBrokerTestServerOptions { InMemory = false }))
        {
            path = broker.DirectoryPath!;
            Assert.True(File.Exists(Path.Combine(path, "node-1", "meta.json")));
        }

        Assert.False(Directory.Exists(path));
    }

    [Fact]
    public async Task Two_servers_know_nothing_of_each_other()
    {
        await using LogBrokerTestServer one = await StartAsync();
        await using LogBrokerTestServer other = await StartAsync();
        await using LogBrokerClient client = one.CreateClient();
        await using LogBrokerClient otherClient = other.CreateClient();
        await CreateAsync(client, "t");
        LogBrokerException refused = await Assert.ThrowsAsync<LogBrokerException>(() => otherClient.Topics.GetAsync("t", Cancellation));
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, refused.Reason);
    }

    [Fact]
    public async Task Refused_connections_are_waited_out()
    {
        await using LogBrokerTestServer broker = await StartAsync();
        await using LogBrokerClient client = broker.CreateClient();
        await CreateAsync(client, "t");
        await using Producer producer = client.CreateProducer();
        await ProduceAsync(producer, "t", "before");
        await broker.Nodes[0].RefuseConnectionsAsync();
        Task<ProduceReceipt> during = ProduceAsync(producer, "t", "during");
        await Assert.ThrowsAsync<TimeoutException>(() => during.WaitAsync(TimeSpan.FromMilliseconds(200), Cancellation));
        await broker.Nodes[0].AcceptConnectionsAsync();
        Assert.Equal(1, (await during.WaitAsync(Patience, Cancellation)).Offset);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_paused_disk_acknowledges_nothing_until_it_goes_on(bool inMemory)
    {
        await using LogBrokerTestServer broker = await StartAsync(new LogBrokerTestServerOptions { InMemory = inMemory });
        await using LogBrokerClient client = broker.CreateClient();
        await CreateAsync(client, "t");
        await using Producer producer = client.CreateProducer();
        await ProduceAsync(producer, "t", "before");
        broker.Nodes[0].PauseDisk();
        Task<ProduceReceipt> during = ProduceAsync(producer, "t", "during");
        await Assert.ThrowsAsync<TimeoutException>(() => during.WaitAsync(TimeSpan.FromMilliseconds(200), Cancellation));
        broker.Nodes[0].ResumeDisk();
        Assert.Equal(1, (await during.WaitAsync(Patience, Cancellation)).Offset);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_failed_fsync_ends_the_node_and_the_record_is_there_once(bool inMemory)
    {
        await using LogBrokerTestServer broker = await StartAsync(new LogBrokerTestServerOptions { InMemory = inMemory });
        await using LogBrokerClient client = broker.CreateClient();
        await CreateAsync(client, "t");
        await using Producer producer = client.CreateProducer();
        await ProduceAsync(producer, "t", "before");
        LogBrokerTestNode node = broker.Nodes[0];
        node.FailNextFsync();
        Task<ProduceReceipt> during = ProduceAsync(producer, "t", "during");
        await node.Ended.WaitAsync(Patience, Cancellation);
        Assert.Contains("fail this sync", node.Failure, StringComparison.Ordinal);
        Assert.False(node.IsRunning);
        Assert.False(during.IsCompleted);
        await node.StartAsync(Cancellation);
        Assert.Null(node.Failure);
        Assert.Equal(1, (await during.WaitAsync(Patience, Cancellation)).Offset);
        Assert.Equal(["before", "during"], await ReadAsync(client, "t"));
    }

    [Fact]
    public async Task A_full_disk_refuses_producers_until_there_is_room()
    {
        await using LogBrokerTestServer broker = await StartAsync();
        await using LogBrokerClient client = broker.CreateClient();
        await CreateAsync(client, "t");
        await using (Producer hasty = client.CreateProducer(new ProducerOptions { DeliveryTimeout = TimeSpan.FromSeconds(1) }))
        {
            await ProduceAsync(hasty, "t", "before");
            broker.Nodes[0].IsDiskFull = true;
            LogBrokerException refused = await Assert.ThrowsAsync<LogBrokerException>(() => ProduceAsync(hasty, "t", "lost"));
            Assert.Equal(ErrorCode.DiskFull, refused.Reason);
        }

        await using Producer patient = client.CreateProducer();
        Task<ProduceReceipt> during = ProduceAsync(patient, "t", "during");
        broker.Nodes[0].IsDiskFull = false;
        Assert.Equal(1, (await during.WaitAsync(Patience, Cancellation)).Offset);
        Assert.Equal(["before", "during"], await ReadAsync(client, "t"));
        Assert.Null(broker.Nodes[0].Failure);
    }

    [Fact]
    public async Task The_time_of_day_is_the_tests()
    {
        var time = new FakeTimeProvider(new DateTimeOffset(2031, 5, 6, 7, 8, 9, TimeSpan.Zero));
        await using LogBrokerTestServer broker = await LogBrokerTestServer.StartAsync(time, Cancellation);
        await using LogBrokerClient client = broker.CreateClient();
        await CreateAsync(client, "t", ("message.timestamp.type", "LogAppendTime"));
        await using Producer producer = client.CreateProducer();
        Assert.Equal(time.GetUtcNow(), (await ProduceAsync(producer, "t", "now")).Timestamp);
        time.Advance(TimeSpan.FromDays(3));
        Assert.Equal(time.GetUtcNow(), (await ProduceAsync(producer, "t", "later")).Timestamp);
    }

    [Fact]
    public async Task Three_nodes_survive_the_kill_of_a_leader()
    {
        await using LogBrokerTestServer broker = await StartAsync(new LogBrokerTestServerOptions { Nodes = 3 });
        await using LogBrokerClient client = broker.CreateClient();
        await CreateAsync(client, "t");
        await using Producer producer = client.CreateProducer();
        Assert.Equal(Durability.QuorumFsync, (await ProduceAsync(producer, "t", "0")).Durability);
        for (int i = 0; i < 3; i++)
        {
            int leader = (await client.Topics.GetAsync("t", Cancellation)).Partitions[0].LeaderNodeId;
            LogBrokerTestNode node = broker.Nodes[leader - 1];
            await node.KillAsync();
            Assert.Equal(i + 1, (await ProduceAsync(producer, "t", $"{i + 1}")).Offset);
            await node.StartAsync(Cancellation);
            await broker.UntilReadyAsync(Cancellation);
        }

        Assert.Equal(["0", "1", "2", "3"], await ReadAsync(client, "t"));
    }

    [Fact]
    public async Task What_cannot_start_says_why()
    {
        LogBrokerException refused = await Assert.ThrowsAsync<LogBrokerException>(() => StartAsync(
            new LogBrokerTestServerOptions { Configuration = new Dictionary<string, string> { ["TopicDefaults:Partitons"] = "1" } }));
        Assert.Contains("TopicDefaults:Partitions", refused.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => StartAsync(new LogBrokerTestServerOptions { Nodes = 2 }));
    }

    internal static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    internal static Task<LogBrokerTestServer> StartAsync(LogBrokerTestServerOptions? options = null) =>
        LogBrokerTestServer.StartAsync(options ?? new LogBrokerTestServerOptions(), Cancellation);

    internal static Task<TopicDescription> CreateAsync(LogBrokerClient client, string topic, params (string Key, string Value)[] config) =>
        client.Topics.CreateAsync(
            topic,
            spec =>
            {
                spec.Partitions = 1;
                foreach ((string key, string value) in config)
                {
                    spec.Config[key] = value;
                }
            },
            cancellationToken: Cancellation);

    private static Task<ProduceReceipt> ProduceAsync(Producer producer, string topic, string value) =>
        producer.ProduceAsync(topic, new ProducerRecord(System.Text.Encoding.UTF8.GetBytes(value)), Cancellation).AsTask();

    private static async Task<List<string>> ReadAsync(LogBrokerClient client, string topic)
    {
        var read = new List<string>();
        await foreach (ConsumedRecord record in client.ReadAsync(topic, Position.Start, Position.End, cancellationToken: Cancellation))
        {
            read.Add(System.Text.Encoding.UTF8.GetString(record.Value!.Value.Span));
        }

        return read;
    }
}
