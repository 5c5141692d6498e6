using LogBroker.Bench.Plan;

namespace LogBroker.Bench.Systems.Kafka;

/// <summary>The property file of a single node that is broker and controller, and what its topics are set to.</summary>
internal static class KafkaProperties
{
    /// <summary>Kafka's default; larger only where a scenario's batches need it.</summary>
    private const int MessageBytesMaxDefault = 1_048_588;

    /// <summary>What a batch may have beside the records' bytes that a scenario counts.</summary>
    private const int BatchRoomBytes = 64 * 1024;

    public static int MessageBytesMax(Scenario scenario) => Math.Max(MessageBytesMaxDefault, scenario.BatchBytesMax + BatchRoomBytes);

    /// <summary>
    /// Kafka's defaults but for: the sizes that a single node needs; one partition for committed offsets, so that the partitions
    /// that are counted are the scenario's; no wait for more members where a scenario has one consumer.
    /// </summary>
    public static string Broker(int port, int controllerPort, string logDirectory, Scenario scenario) => string.Join('\n',
    [
        "process.roles=broker,controller",
        "node.id=1",
        $"controller.quorum.bootstrap.servers=127.0.0.1:{controllerPort}",
        "controller.listener.names=CONTROLLER",
        $"listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controllerPort}",
        $"advertised.listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controllerPort}",
        "listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
        $"log.dirs={logDirectory}",
        $"message.max.bytes={MessageBytesMax(scenario)}",
        "offsets.topic.replication.factor=1",
        "offsets.topic.num.partitions=1",
        "transaction.state.log.replication.factor=1",
        "transaction.state.log.min.isr=1",
        "share.coordinator.state.topic.replication.factor=1",
        "share.coordinator.state.topic.min.isr=1",
        "auto.create.topics.enable=false",
        $"group.initial.rebalance.delay.ms={(scenario.Consumers > 1 ? 3_000 : 0)}",
        "",
    ]);

    /// <summary>Class B is Kafka's own way to fsync before the acknowledgement.</summary>
    public static IReadOnlyDictionary<string, string> Topic(DurabilityClass durability) => durability == DurabilityClass.B
        ? new Dictionary<string, string> { ["flush.messages"] = "1" }
        : new Dictionary<string, string>();
}
