using System.Text;
using LogBroker.Client;
using LogBroker.Protocol;

namespace LogBroker.Testing.Tests;

/// <summary>Conditional appends from the SDK to the disk and back.</summary>
public sealed class ConditionalAppendTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task Of_writers_that_expect_the_same_offset_one_wins(int nodes)
    {
        await using LogBrokerTestServer broker = await ServerTests.StartAsync(new LogBrokerTestServerOptions { Nodes = nodes });
        await using LogBrokerClient client = broker.CreateClient();
        await ServerTests.CreateAsync(client, "t");
        Producer[] writers = [.. Enumerable.Range(0, 4).Select(_ => client.CreateProducer())];
        for (int offset = 0; offset < 20; offset++)
        {
            Task<(long Offset, string? Actual)>[] tries = [.. writers.Select(w => TryAsync(w, offset))];
            (long Offset, string? Actual)[] outcomes = await Task.WhenAll(tries);
            Assert.Equal(offset, Assert.Single(outcomes, o => o.Actual is null).Offset);
            Assert.All(outcomes.Where(o => o.Actual is not null), o => Assert.Equal($"{offset + 1}", o.Actual));
        }

        foreach (Producer writer in writers)
        {
            await writer.DisposeAsync();
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task Counters_that_are_compared_and_set_lose_nothing(int nodes)
    {
        await using LogBrokerTestServer broker = await ServerTests.StartAsync(new LogBrokerTestServerOptions { Nodes = nodes });
        await using LogBrokerClient client = broker.CreateClient();
        await ServerTests.CreateAsync(client, "counters", ("cleanup.policy", "compact"));
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => CountAsync(client, 25)));
        string? last = null;
        await foreach (ConsumedRecord record in client.ReadAsync(
            "counters", Position.Start, Position.End, cancellationToken: ServerTests.Cancellation))
        {
            last = Encoding.UTF8.GetString(record.Value!.Value.Span);
        }

        Assert.Equal("100", last);
    }

    /// <summary>Adds one so many times, each time on top of the version that it knows, which a refusal corrects.</summary>
    private static async Task CountAsync(LogBrokerClient client, int times)
    {
        await using Producer producer = client.CreateProducer();
        long version = -1;
        long value = 0;
        for (int done = 0; done < times;)
        {
            var record = new ProducerRecord("n"u8.ToArray(), Encoding.UTF8.GetBytes($"{value + 1}")) { ExpectedKeyVersion = version };
            try
            {
                version = (await producer.ProduceAsync("counters", record, ServerTests.Cancellation)).Offset;
                value++;
                done++;
            }
            catch (LogBrokerException e) when (e.Reason == ErrorCode.KeyVersionMismatch)
            {
                version = long.Parse(e.Details["actual"], System.Globalization.CultureInfo.InvariantCulture);
                value = version + 1; // every record adds one, so its offset says how often that was done
            }
        }
    }

    private static async Task<(long Offset, string? Actual)> TryAsync(Producer producer, long expected)
    {
        try
        {
            var record = new ProducerRecord("x"u8.ToArray()) { ExpectedOffset = expected };
            return ((await producer.ProduceAsync("t", record, ServerTests.Cancellation)).Offset, null);
        }
        catch (LogBrokerException e) when (e.Reason == ErrorCode.OffsetMismatch)
        {
            return (-1, e.Details["actual"]);
        }
    }
}
