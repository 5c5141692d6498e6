using System.Diagnostics;
using LogBroker.Client;

namespace LogBroker.EndToEnd.Tests.Groups;

/// <summary>Nothing in the way from an ask to the first record waits for a timer.</summary>
public sealed class GroupLatencyTests
{
    [Fact]
    public async Task The_first_record_comes_without_a_wait()
    {
        await using ServerProcess server = await ServerProcess.StartAsync();
        await using var client = new LogBrokerClient(server.GrpcAddress);
        await client.Topics.CreateAsync("t", static t => t.Partitions = 3);
        await using (Producer<Nothing, string> producer = client.CreateProducer<Nothing, string>("t"))
        {
            await producer.ProduceAsync(default, "hello");
        }

        // The first group of a broker makes the internal topic; the ones behind it do not.
        TimeSpan[] times = [await FirstAsync(client, "g0"), await FirstAsync(client, "g1"), await FirstAsync(client, "g2")];

        // 100 ms on a quiet machine; a wait for an interval of heartbeats, commits or polls would be seconds.
        Assert.True(times.Skip(1).Min() < TimeSpan.FromSeconds(1), string.Join(' ', times));
    }

    private static async Task<TimeSpan> FirstAsync(LogBrokerClient client, string group)
    {
        long begin = Stopwatch.GetTimestamp();
        await using Consumer consumer = client.CreateConsumer(group, "t");
        await foreach (ConsumedRecord _ in consumer.ConsumeAsync())
        {
            return Stopwatch.GetElapsedTime(begin);
        }

        throw new InvalidOperationException("a consumer ends only by cancellation");
    }
}
