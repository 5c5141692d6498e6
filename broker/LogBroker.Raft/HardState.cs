using LogBroker.Protocol;

namespace LogBroker.Raft;

/// <summary>
/// What a replica may never forget: the newest epoch it knows and whom it voted for in it, bound to the directory id of the
/// candidate. One value, written in one synced batch before anything that shows it (R2). Immutable.
/// </summary>
/// <param name="Epoch">The newest epoch known.</param>
/// <param name="VotedFor">The candidate that has this replica's vote in <paramref name="Epoch"/>, or <see cref="NodeId.None"/>.</param>
/// <param name="VotedForDirectory">The directory id of that candidate.</param>
public readonly record struct HardState(Epoch Epoch, NodeId VotedFor, DirectoryId VotedForDirectory)
{
    /// <summary>The state of a replica that never heard of an epoch.</summary>
    public static HardState None => default;

    /// <summary>
    /// True when a replica that has this state stored can never contradict what <paramref name="shown"/> said. The states of one
    /// replica are ordered: a vote is given once in an epoch and never taken back.
    /// </summary>
    public bool Covers(HardState shown) =>
        Epoch > shown.Epoch || (Epoch == shown.Epoch && (shown.VotedFor == NodeId.None || shown == this));
}
