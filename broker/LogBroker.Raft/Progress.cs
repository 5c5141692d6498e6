using LogBroker.Protocol;

namespace LogBroker.Raft;

/// <summary>What a leader knows of one voter in its epoch; made new at each election (R8). Owned by the <see cref="RaftCore"/>.</summary>
public sealed class Progress(NodeId voter)
{
    /// <summary>The voter.</summary>
    public NodeId Voter => voter;

    /// <summary>
    /// Records in front of this offset are held by the voter together with the row of the leader's epoch; null until it is known to
    /// have that row (R11, R12).
    /// </summary>
    public Offset? Counted { get; private set; }

    /// <summary>Raises <see cref="Counted"/>; it never falls within an epoch.</summary>
    public void Count(Offset offset)
    {
        if (Counted is not { } counted || counted < offset)
        {
            Counted = offset;
        }
    }
}
