using LogBroker.Bench.Plan;

namespace LogBroker.Bench.Systems.Kafka;

/// <summary>The nodes of a cluster: the ports of clients and of controllers, by index.</summary>
internal sealed record KafkaMembers(IReadOnlyList<int> Ports, IReadOnlyList<int> ControllerPorts);

/// <summary>The property file of a node that is broker and controller, and what its topics are set to.</summary>
internal static class KafkaProperties
{
    /// <summary>Kafka's default; larger only where a scenario's batches need it.</summary>
    private const int MessageBytesMaxDefault = 1_048_588;

    /// <summary>What a batch may have beside the records' bytes that a scenario counts.</summary>
    private const int BatchRoomBytes = 64 * 1024;

    public static int MessageBytesMax(Scenario scenario) => Math.Max(MessageBytesMaxDefault, scenario.BatchBytesMax + BatchRoomBytes);

    /// <summary>
    /// Kafka's defaults but for: the replication of its own topics; one partition for committed offsets, so that the partitions that are
    /// counted are the scenario's; no wait for more members where a scenario has one consumer. Several nodes acknowledge by two.
    /// </summary>
    public static string Broker(KafkaMembers members, int index, string logDirectory, Scenario scenario)
    {
        int nodes = members.Ports.Count;
        int own = members.Ports[index];
        int controller = members.ControllerPorts[index];
        int majority = (nodes / 2) + 1;
        string voters = string.Join(',', members.ControllerPorts.Select((port, i) => $"{i + 1}@127.0.0.1:{port}"));
        return string.Join('\n',
        [
            "process.roles=broker,controller",
            $"node.id={index + 1}",
            nodes == 1 ? $"controller.quorum.bootstrap.servers=127.0.0.1:{controller}" : $"controller.quorum.voters={voters}",
            "controller.listener.names=CONTROLLER",
            $"listeners=PLAINTEXT://127.0.0.1:{own},CONTROLLER://127.0.0.1:{controller}",
            $"advertised.listeners=PLAINTEXT://127.0.0.1:{own},CONTROLLER://127.0.0.1:{controller}",
            "listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
            $"log.dirs={logDirectory}",
            $"message.max.bytes={MessageBytesMax(scenario)}",
            $"min.insync.replicas={majority}",
            $"offsets.topic.replication.factor={nodes}",
            "offsets.topic.num.partitions=1",
            $"transaction.state.log.replication.factor={nodes}",
            $"transaction.state.log.min.isr={majority}",
            $"share.coordinator.state.topic.replication.factor={nodes}",
            $"share.coordinator.state.topic.min.isr={majority}",
            "auto.create.topics.enable=false",
            $"group.initial.rebalance.delay.ms={(scenario.Consumers > 1 ? 3_000 : 0)}",
            "",
        ]);
    }

    /// <summary>Class B is Kafka's own way to fsync before the acknowledgement.</summary>
    public static IReadOnlyDictionary<string, string> Topic(DurabilityClass durability) => durability == DurabilityClass.B
        ? new Dictionary<string, string> { ["flush.messages"] = "1" }
        : new Dictionary<string, string>();
}
