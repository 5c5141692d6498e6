// Produces to a started broker with the SDK and reads it back, with everything in it that trimming or ahead-of-time compilation could
// break: generated messages, serializers, JSON by source generation, gzip, streams both ways. `aot-smoke HOST:PORT`; prints one line
// PASS or FAIL and exits 0 or 1. Also the program that the package tests compile against the packed packages.
using System.Text.Json.Serialization;
using LogBroker.Client;

if (args is not [var servers])
{
    Console.Error.WriteLine("usage: aot-smoke HOST:PORT");
    return 2;
}

try
{
    using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(60));
    await Smoke.RunAsync(servers, deadline.Token);
    Console.WriteLine("PASS aot-smoke: the SDK produced and consumed");
    return 0;
}
catch (Exception e)
{
    Console.WriteLine("FAIL aot-smoke: " + e);
    return 1;
}

internal static class Smoke
{
    private const int OrdersMax = 500;

    internal static async Task RunAsync(string servers, CancellationToken cancellationToken)
    {
        await using var client = new LogBrokerClient(servers);
        var topic = "aot-smoke-" + Guid.NewGuid().ToString("N");
        await client.Topics.CreateAsync(topic, spec => spec.Partitions = 3, cancellationToken: cancellationToken);

        var orders = Serde.Json(OrderJson.Default.Order);
        await using (var producer = client.CreateProducer<string, Order?>(
            topic, valueSerializer: orders, options: new ProducerOptions { Compression = Compression.Gzip }))
        {
            for (var i = 0; i < OrdersMax; i++)
                await producer.EnqueueAsync("customer-" + (i % 7), new Order(i, "item " + i), cancellationToken: cancellationToken);
            await producer.FlushAsync(cancellationToken);
            var receipt = await producer.ProduceAsync("last", new Order(OrdersMax, "last"), cancellationToken: cancellationToken);
            Require(receipt.Offset >= 0 && receipt.Durability == Durability.QuorumFsync, $"a receipt of a durable record, not {receipt}");
        }

        var perKey = new Dictionary<string, int>();
        var numbers = new HashSet<int>();
        await foreach (var record in client.ReadAsync<string, Order?>(
            topic, Position.Start, Position.End, valueDeserializer: orders, cancellationToken: cancellationToken))
        {
            var number = record.Value!.Number;
            Require(numbers.Add(number), $"order {number} once");
            Require(perKey.GetValueOrDefault(record.Key, -1) < number, $"the orders of {record.Key} in their order");
            perKey[record.Key] = number;
        }

        Require(numbers.Count == OrdersMax + 1, $"{OrdersMax + 1} orders, not {numbers.Count}");
        try
        {
            await client.Topics.CreateAsync(topic, cancellationToken: cancellationToken);
            Require(false, "an error for a topic that exists");
        }
        catch (LogBrokerException e)
        {
            Require(e.Message.Contains(topic, StringComparison.Ordinal), "an error that names the topic, not: " + e.Message);
        }

        await client.Topics.DeleteAsync(topic, cancellationToken: cancellationToken);
    }

    private static void Require(bool condition, string expected)
    {
        if (!condition)
            throw new InvalidOperationException("expected " + expected);
    }
}

/// <summary>Something with a shape.</summary>
internal sealed record Order(int Number, string Item);

[JsonSerializable(typeof(Order))]
internal sealed partial class OrderJson : JsonSerializerContext;
