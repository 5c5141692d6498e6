using LogBroker.Client;

namespace LogBroker.Testing.Tests;

// snippet
public sealed class OrderTests
{
    [Fact]
    public async Task An_order_survives_the_death_of_its_broker()
    {
        await using LogBrokerTestServer broker = await LogBrokerTestServer.StartAsync();
        await using LogBrokerClient client = broker.CreateClient();
        await client.Topics.EnsureAsync("orders", topic => topic.Partitions = 1);

        await using var producer = client.CreateProducer<string, string>("orders");
        await producer.ProduceAsync("customer-7", "two coffees");

        await broker.Nodes[0].KillAsync();     // as SIGKILL does
        await broker.Nodes[0].StartAsync();    // on the same port, with what it had written

        await producer.ProduceAsync("customer-7", "and a cake");
        var read = new List<string>();
        await foreach (var record in client.ReadAsync<string, string>("orders", Position.Start, until: Position.End))
        {
            read.Add($"{record.Offset} {record.Key}: {record.Value}");
        }

        Assert.Equal(["0 customer-7: two coffees", "1 customer-7: and a cake"], read);
    }
}
// end
