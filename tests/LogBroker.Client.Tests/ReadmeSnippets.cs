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

    public static async Task ConsumeAsync(LogBrokerClient client, CancellationToken cancellationToken)
    {
        // snippet
        await using var consumer = client.CreateConsumer<string, string>("billing", "orders");
        await foreach (Record<string, string> record in consumer.ConsumeAsync(cancellationToken))
        {
            Console.WriteLine($"{record.Partition}/{record.Offset} {record.Key}: {record.Value}");
        }

        // end
    }

    public static async Task ConsumeBatchesAsync(LogBrokerClient client, CancellationToken cancellationToken)
    {
        // snippet
        await using var consumer = client.CreateConsumer(new ConsumerOptions
        {
            GroupId = "billing",
            Topics = ["orders"],
            CommitMode = CommitMode.Manual,
            OnRevoking = async (member, partitions, stop) => await member.CommitAsync(stop),
        });
        await foreach (var batch in consumer.ConsumeBatchesAsync(500, TimeSpan.FromMilliseconds(50), cancellationToken))
        {
            Store(batch);
            await consumer.CommitAsync(cancellationToken);
        }

        // end
    }

    public static async Task GroupsAsync(LogBrokerClient client)
    {
        // snippet
        GroupLag lag = await client.Groups.GetLagAsync("billing");
        Console.WriteLine($"{lag.Records} records, {lag.Time} behind");
        OffsetPlan plan = await client.Groups.PlanResetAsync("billing", DateTimeOffset.UtcNow.AddHours(-1));
        foreach (OffsetChange change in plan.Changes)
        {
            Console.WriteLine($"{change.Topic}/{change.Partition}: {change.Before} to {change.After}");
        }

        await plan.ApplyAsync();

        // end
    }

    public static async Task TablesAsync(LogBrokerClient client)
    {
        // snippet
        await client.Topics.EnsureAsync("stock", t => t.Config["cleanup.policy"] = "compact");
        await using var stock = client.OpenTable<string, long>("stock");
        await stock.PutAsync("apples", 5);
        TableEntry<string, long> apples = await stock.GetAsync("apples", new TableReadOptions { Linearizable = true });
        Console.WriteLine($"{apples.Value}, as of offset {apples.Freshness.AppliedOffset}");
        await foreach (TableEntry<string, long> entry in stock.ScanAsync("a"))
        {
            Console.WriteLine($"{entry.Key}: {entry.Value}");
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

    private static void Store(IReadOnlyList<ConsumedRecord> batch) => Console.WriteLine(batch.Count);

    private static void Handle(in ConsumedRecord record) => Console.WriteLine(record.Offset);
}
