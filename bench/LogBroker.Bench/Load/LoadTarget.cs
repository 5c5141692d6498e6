using LogBroker.Bench.Plan;
using LogBroker.Bench.Systems;
using LogBroker.Client;

namespace LogBroker.Bench.Load;

/// <summary>What a load is run against, and how the SDK is set up for it.</summary>
/// <param name="Servers">Brokers, <c>HOST:PORT,HOST:PORT</c>.</param>
/// <param name="Topic">The topic, which exists.</param>
/// <param name="Scenario">The load.</param>
internal sealed record LoadTarget(string Servers, string Topic, Scenario Scenario)
{
    /// <summary>The partitions of one of the readers that share them.</summary>
    public int[] PartitionsOf(int consumer) =>
        [.. Enumerable.Range(0, Scenario.Partitions).Where(p => p % Math.Max(1, Scenario.Consumers) == consumer)];

    /// <summary>Readers that get a partition, at least one.</summary>
    public int ReaderCount => Math.Clamp(Scenario.Consumers, 1, Scenario.Partitions);

    /// <summary>
    /// A client for one producer or reader. Each has its own, and so its own connections, as if they were different programs.
    /// </summary>
    public LogBrokerClient Connect() => new(new LogBrokerClientOptions { Servers = Servers, ClientId = "bench" });

    /// <summary>The scenario's batching; everything else stays at its default, idempotence included.</summary>
    public ProducerOptions ProducerOptions() => new()
    {
        BatchBytes = Scenario.BatchBytesMax,
        BufferBytes = Scenario.InFlightBytesMax,
        Linger = Scenario.Linger,
    };

    /// <summary>Configuration of the topic for a durability class.</summary>
    public static IReadOnlyDictionary<string, string> TopicConfig(DurabilityClass durability) => durability switch
    {
        DurabilityClass.A => new Dictionary<string, string> { ["durability"] = "memory" },
        _ => new Dictionary<string, string>(),
    };

    /// <summary>Throws for a scenario that this program cannot run.</summary>
    /// <exception cref="BenchException">With what is wrong.</exception>
    public void Check()
    {
        if (Scenario.ValueBytes < ValueChecksum.HeadBytes)
        {
            throw new BenchException($"{Scenario.Name}: values need at least {ValueChecksum.HeadBytes} bytes, not {Scenario.ValueBytes}");
        }

        if (Scenario.Partitions < 1 || Scenario.Producers < 1)
        {
            throw new BenchException($"{Scenario.Name}: needs at least one partition and one producer");
        }

        if (Scenario.Kind == LoadKind.FixedRate && Scenario.RecordsPerSecond < Scenario.Producers)
        {
            throw new BenchException($"{Scenario.Name}: a fixed rate needs at least one record a second for each producer");
        }

        if (Scenario.Kind == LoadKind.Singles && Scenario.RecordsInFlight < 1)
        {
            throw new BenchException($"{Scenario.Name}: needs at least one record in flight");
        }
    }
}
