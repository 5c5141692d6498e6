using System.Text.Json.Serialization;
using LogBroker.Protocol;

namespace LogBroker.Client.Tests;

/// <summary>The code of the package's README, so that it compiles; <see cref="ReadmeTests"/> holds both equal.</summary>
internal static partial class ReadmeSnippets
{
    internal sealed record Order(int Count, string What);

    [JsonSerializable(typeof(Order))]
    internal sealed partial class AppJson : JsonSerializerContext;

    public static async Task FirstAsync()
    {
        // snippet
        await using var client = new LogBrokerClient("localhost:7070");
        await client.Topics.EnsureAsync("orders", t => t.Partitions = 6);

        await using (var producer = client.CreateProducer<string, string>("orders"))
        {
            ProduceReceipt at = await producer.ProduceAsync("customer-7", "two coffees");
            Console.WriteLine($"partition {at.Partition}, offset {at.Offset}, {at.Durability}");
        }

        await foreach (var record in client.ReadAsync<string, string>("orders", Position.Start, until: Position.End))
        {
            Console.WriteLine($"{record.Key}: {record.Value}");
        }

        // end
    }

    public static async Task ProduceAsync(LogBrokerClient client)
    {
        // snippet
        await using Producer producer = client.CreateProducer(new ProducerOptions
        {
            Compression = Compression.Gzip,
            DeliveryTimeout = TimeSpan.FromSeconds(30),
        });
        for (int i = 0; i < 100_000; i++)
        {
            await producer.EnqueueAsync("orders", new ProducerRecord(BitConverter.GetBytes(i)));
        }

        await producer.FlushAsync();    // throws if any of them failed

        // end
    }

    public static async Task JsonAsync(LogBrokerClient client)
    {
        // snippet
        await using var orders = client.CreateProducer<string, Order?>("orders", valueSerializer: Serde.Json(AppJson.Default.Order));
        await orders.ProduceAsync("customer-7", new Order(2, "coffee"));
        await orders.ProduceAsync("customer-7", null);    // a tombstone: null is not empty

        // end
    }

    public static async Task ReadAsync(LogBrokerClient client)
    {
        // snippet
        PositionRange range = PositionRange.Parse("@-1h:end");    // start, end, 47, +10, -10, @2026-02-14, @-1h
        await foreach (ConsumedRecord record in client.ReadAsync("orders", range.From, range.Until))
        {
            Console.WriteLine($"{record.Partition}/{record.Offset} {record.Timestamp:O} {record.Value?.Length} bytes");
        }

        // end
    }

    public static async Task EventsAsync(LogBrokerClient client, CancellationToken cancellationToken)
    {
        // snippet
        await foreach (ReadEvent e in client.ReadEventsAsync(["orders"], Position.Start, cancellationToken: cancellationToken))
        {
            switch (e.Kind)
            {
                case ReadEventKind.Record: Handle(e.Record); break;
                case ReadEventKind.CaughtUp: Console.WriteLine($"partition {e.Partition} is read up to {e.Offset}"); break;
                case ReadEventKind.Truncated: Console.WriteLine($"{e.PreviousOffset} to {e.Offset} were deleted unread"); break;
            }
        }

        // end
    }

    public static async Task ErrorsAsync(Producer producer, ProducerRecord record, CancellationToken cancellationToken)
    {
        // snippet
        try
        {
            await producer.ProduceAsync("orders", record, cancellationToken);
        }
        catch (OutcomeUnknownException e)
        {
            Console.WriteLine($"it may have been written: {e.Message}");
        }
        catch (ServerUnreachableException e)
        {
            Console.WriteLine(e.Message);    // cannot reach localhost:7070: Connection refused
        }
        catch (LogBrokerException e) when (e.Reason == ErrorCode.RecordTooLarge)
        {
            Console.WriteLine($"{e.Topic}/{e.Partition}: {e.Message}");
        }

        // end
    }

    private static void Handle(in ConsumedRecord record) => Console.WriteLine(record.Offset);
}
