using LogBroker.Protocol;

namespace LogBroker.Cluster;

/// <summary>
/// What a coordinator has to carry out after an event. The records of one event are appended together, in this order, or not at all;
/// messages are sent, in order, when the records are committed on a majority, and behind all earlier messages of the group. A
/// coordinator whose append fails forgets the machine. May be used for several events in a row and for several groups. Not thread-safe.
/// </summary>
public sealed class GroupEffects
{
    /// <summary>Append these.</summary>
    public List<GroupRecord> Append { get; } = [];

    /// <summary>Then send these.</summary>
    public List<MemberMessage> Send { get; } = [];

    /// <summary>The event was refused, and this is why: for the one who caused it. His stream is to be ended with it.</summary>
    public BrokerError? Refused { get; set; }

    /// <summary>Bring <see cref="GroupEvent.TimePassed"/> at this time, or a little later; null when nothing is waited for.</summary>
    public long? WakeAtMs { get; set; }

    /// <summary>Empties it for the next event.</summary>
    public void Clear()
    {
        Append.Clear();
        Send.Clear();
        Refused = null;
        WakeAtMs = null;
    }
}

/// <summary>What a member is told on its stream. Immutable.</summary>
/// <param name="MemberId">The member.</param>
/// <param name="Stream">The stream; when it is gone, so is the message.</param>
public abstract record MemberMessage(string MemberId, long Stream)
{
    /// <summary>All that the member may read from now on.</summary>
    /// <param name="MemberId">The member.</param>
    /// <param name="Stream">The stream.</param>
    /// <param name="Number">Counts the assignments of the stream from 1.</param>
    /// <param name="Epoch">The member's epoch.</param>
    /// <param name="Topics">The partitions, in order of topic id.</param>
    /// <param name="HeartbeatIntervalMs">How often it is to send a heartbeat.</param>
    public sealed record Assigned(
        string MemberId, long Stream, int Number, int Epoch, IReadOnlyList<GroupTopicPartitions> Topics, int HeartbeatIntervalMs)
        : MemberMessage(MemberId, Stream)
    {
        /// <summary>The partitions as a set.</summary>
        public GroupPartitionSet Partitions =>
            GroupPartitionSet.Of(Topics.SelectMany(t => t.Partitions.Select(p => new PartitionId(t.Id, p))));
    }

    /// <summary>A heartbeat was taken, and nothing else is new.</summary>
    public sealed record Alive(string MemberId, long Stream, int Epoch) : MemberMessage(MemberId, Stream);

    /// <summary>The stream ends with this error; the member lets go of everything and joins anew.</summary>
    public sealed record Fenced(string MemberId, long Stream, BrokerError Error) : MemberMessage(MemberId, Stream);

    /// <summary>The stream ends without an error: the member left.</summary>
    public sealed record Ended(string MemberId, long Stream) : MemberMessage(MemberId, Stream);
}
