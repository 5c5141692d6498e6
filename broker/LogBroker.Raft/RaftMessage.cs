using LogBroker.Protocol;

namespace LogBroker.Raft;

/// <summary>Who sent a message: the node, and which disk it speaks for. A wiped node has another directory id.</summary>
public readonly record struct RaftSender(NodeId Node, DirectoryId Directory);

/// <summary>
/// One message between two replicas of a partition (section 3 of the replication specification); payload bytes are not part of it. What
/// carries it adds cluster, partition and sender. Delivery may lose, repeat, delay and reorder. Immutable.
/// </summary>
/// <param name="Epoch">The epoch of the sender; of a pre-vote the epoch it would campaign in.</param>
public abstract record RaftMessage(Epoch Epoch);

/// <summary>Asks for a vote (R3, R4), or whether it would be given (R5).</summary>
/// <param name="Epoch">The epoch to lead.</param>
/// <param name="Appended">The candidate's appended position.</param>
/// <param name="IsPreVote">True when nothing is to change.</param>
/// <param name="IsReadmitted">What the candidate says of itself; it must be true (R3).</param>
public sealed record VoteRequest(Epoch Epoch, LogPosition Appended, bool IsPreVote, bool IsReadmitted) : RaftMessage(Epoch);

/// <summary>The answer to a <see cref="VoteRequest"/>.</summary>
/// <param name="Epoch">The epoch of the voter.</param>
/// <param name="AskedEpoch">The epoch that was asked for.</param>
/// <param name="IsGranted">The vote.</param>
/// <param name="IsPreVote">As in the request.</param>
/// <param name="Leader">The leader of <paramref name="Epoch"/> as the voter knows it, or none.</param>
/// <param name="CandidateDirectory">The directory id that asked: a grant for another one does not count (R4, S26).</param>
public sealed record VoteResult(
    Epoch Epoch, Epoch AskedEpoch, bool IsGranted, bool IsPreVote, NodeId Leader, DirectoryId CandidateDirectory) : RaftMessage(Epoch);

/// <summary>The sender leads this epoch; repeated until the receiver fetches in it.</summary>
public sealed record BeginEpoch(Epoch Epoch) : RaftMessage(Epoch);

/// <summary>A follower's or observer's place: a report, and a wish for what stands behind it.</summary>
/// <param name="Epoch">The follower's epoch.</param>
/// <param name="Appended">Its appended position.</param>
/// <param name="Durable">Its durable position, a prefix of the other.</param>
/// <param name="HighWatermark">The high watermark it knows.</param>
/// <param name="SeenRound">The greatest round it has seen in this epoch (R22).</param>
/// <param name="IsReadmitted">False while it is a wiped replica (R23).</param>
/// <param name="WantsItems">False for a mere report: items for this position are on the way, or cannot be taken now.</param>
public sealed record FetchRequest(
    Epoch Epoch, LogPosition Appended, LogPosition Durable, Offset HighWatermark, long SeenRound, bool IsReadmitted, bool WantsItems)
    : RaftMessage(Epoch);

/// <summary>What a <see cref="FetchResult"/> says.</summary>
public enum FetchOutcome
{
    /// <summary>The position matches; the items behind it follow, if any (R15 e).</summary>
    Items = 0,

    /// <summary>The logs part at <see cref="FetchResult.Target"/> (R15 b, c).</summary>
    Diverging = 1,

    /// <summary>The leader's log begins behind the position: begin anew at <see cref="FetchResult.Target"/> (R15 a, d).</summary>
    Reset = 2,

    /// <summary>The fetch was of a lower epoch, or the receiver does not lead; epoch and leader say where to go (R14).</summary>
    NotLeader = 3,
}

/// <summary>A leader's answer to a <see cref="FetchRequest"/>.</summary>
/// <param name="Epoch">The leader's epoch.</param>
/// <param name="Outcome">What it says.</param>
/// <param name="Echoed">The appended position that was answered (R16).</param>
/// <param name="RequesterDirectory">The directory id that was answered (R16).</param>
/// <param name="Target">The position of <see cref="FetchOutcome.Diverging"/> and <see cref="FetchOutcome.Reset"/>.</param>
/// <param name="Round">The leader's present round (R22).</param>
/// <param name="HighWatermark">The leader's high watermark.</param>
/// <param name="LogStart">First offset the leader keeps.</param>
/// <param name="Readmit">True when the requester is readmitted (R24).</param>
/// <param name="Leader">The leader as the sender knows it.</param>
public sealed record FetchResult(
    Epoch Epoch,
    FetchOutcome Outcome,
    LogPosition Echoed,
    DirectoryId RequesterDirectory,
    LogPosition Target,
    long Round,
    Offset HighWatermark,
    Offset LogStart,
    bool Readmit,
    NodeId Leader) : RaftMessage(Epoch);

/// <summary>The sender leaves office; the first of <paramref name="Successors"/> campaigns at once (R18).</summary>
public sealed record EndEpoch(Epoch Epoch, IReadOnlyList<NodeId> Successors) : RaftMessage(Epoch);

/// <summary>A message and where it goes.</summary>
public readonly record struct RaftEnvelope(NodeId To, RaftMessage Message);
