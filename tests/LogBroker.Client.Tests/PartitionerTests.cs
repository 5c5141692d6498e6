using System.Text;

namespace LogBroker.Client.Tests;

public sealed class PartitionerTests
{
    /// <summary>The vectors of the murmur2 test in Kafka's own client.</summary>
    [Theory]
    [InlineData("21", -973932308)]
    [InlineData("foobar", -790332482)]
    [InlineData("a-little-bit-long-string", -985981536)]
    [InlineData("a-little-bit-longer-string", -1486304829)]
    [InlineData("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971)]
    [InlineData("abc", 479470107)]
    public void Murmur2IsKafkas(string key, int hash) => Assert.Equal(hash, (int)Murmur2.Hash(Encoding.UTF8.GetBytes(key)));

    [Theory]
    [InlineData("foobar", 6)]
    [InlineData("", 1)]
    [InlineData("21", 1000)]
    public void TheChoiceIsThePositiveHashModuloTheCount(string key, int partitions)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(key);
        int expected = (int)((Murmur2.Hash(bytes) & 0x7fff_ffff) % partitions);
        Assert.Equal(expected, KeyPartitioner.Instance.Choose(bytes, partitions));
    }

    [Fact]
    public async Task RecordsWithoutAKeySpreadOverAllPartitionsWhenTheyComeOneByOne()
    {
        await using FakeBroker broker = await FakeBroker.StartAsync(("t", 3));
        await using LogBrokerClient client = Clients.Of(broker);
        await using Producer producer = client.CreateProducer();
        for (int i = 0; i < 60; i++)
        {
            await producer.ProduceAsync("t", new ProducerRecord("x"u8.ToArray()));
        }

        Assert.All(broker.Partitions("t"), p => Assert.InRange(p.Values().Count, 1, 59));
    }

    [Fact]
    public async Task RecordsWithoutAKeyStickToAPartitionWhileABatchIsFilled()
    {
        await using FakeBroker broker = await FakeBroker.StartAsync(("t", 3));
        var gate = new TaskCompletionSource();
        broker.AckGate = gate.Task;
        await using LogBrokerClient client = Clients.Of(broker);
        await using Producer producer = client.CreateProducer(new ProducerOptions { Linger = TimeSpan.FromSeconds(10) });
        await producer.EnqueueAsync("t", new ProducerRecord("first"u8.ToArray()));
        await Clients.UntilAsync(() => broker.BatchesSeen == 1);
        for (int i = 0; i < 100; i++)
        {
            await producer.EnqueueAsync("t", new ProducerRecord("x"u8.ToArray()));
        }

        broker.AckGate = null;
        gate.SetResult();
        await producer.FlushAsync();
        Assert.InRange(broker.BatchesSeen, 2, 3);
    }

    [Fact]
    public async Task TheSameKeyGoesToTheSamePartitionAndANullKeyIsNotTheEmptyKey()
    {
        await using FakeBroker broker = await FakeBroker.StartAsync(("t", 8));
        await using LogBrokerClient client = Clients.Of(broker);
        await using Producer<string, string> producer = client.CreateProducer<string, string>("t");
        var places = new HashSet<int>();
        for (int i = 0; i < 20; i++)
        {
            places.Add((await producer.ProduceAsync("key", "v")).Partition);
        }

        Assert.Equal([KeyPartitioner.Instance.Choose("key"u8, 8)], places);
    }
}
