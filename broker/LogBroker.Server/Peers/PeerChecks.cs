using LogBroker.Protocol;

namespace LogBroker.Server;

/// <summary>Numbers that a peer sent, as the types of the broker; a number that no such thing can have is nonsense. Pure.</summary>
internal static class PeerChecks
{
    /// <summary>An epoch, also that of an empty log.</summary>
    public static Epoch Epoch(int epoch) => epoch >= 0 ? new Epoch(epoch) : throw PeerNonsense.Because($"epoch {epoch}");

    /// <summary>A node, or none.</summary>
    public static NodeId Node(int node) => node >= 0 ? new NodeId(node) : throw PeerNonsense.Because($"node {node}");

    /// <summary>A position.</summary>
    public static LogPosition Position(int epoch, long offset) => Position(new LogPosition(new Epoch(epoch), new Offset(offset)));

    /// <inheritdoc cref="Position(int, long)"/>
    public static LogPosition Position(LogPosition position) => position.Epoch.Value >= 0 && position.Offset.Value >= 0
        ? position
        : throw PeerNonsense.Because($"position {position}");

    /// <summary>An offset, or none.</summary>
    public static Offset Offset(Offset offset) =>
        offset >= Protocol.Offset.None ? offset : throw PeerNonsense.Because($"offset {offset}");

    /// <summary>A partition by id.</summary>
    public static PartitionId Partition(PartitionId partition) => partition.Index >= 0 && partition.Topic.Value != Guid.Empty
        ? partition
        : throw PeerNonsense.Because($"partition {partition}");

    /// <summary>A number that cannot be negative.</summary>
    public static long Count(long count, string field) => count >= 0 ? count : throw PeerNonsense.Because($"{field} {count}");
}
