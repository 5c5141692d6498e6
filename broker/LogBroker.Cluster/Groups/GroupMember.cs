namespace LogBroker.Cluster;

/// <summary>
/// A member of a group. The first block is what records say; the second is known to this coordinator only and starts anew with the
/// next one. Owned by its <see cref="GroupMachine"/>.
/// </summary>
internal sealed class GroupMember(string group, string id, GroupMemberFacts facts, GroupSubscription subscription)
{
    /// <summary>The epoch of a static member that left temporarily.</summary>
    public const int AwayEpoch = -2;

    public string Id { get; } = id;

    public GroupMemberFacts Facts { get; set; } = facts;

    /// <summary>0 until it has its first place.</summary>
    public int Epoch { get; private set; }

    public int PreviousEpoch { get; private set; }

    public GroupMemberState State { get; set; }

    /// <summary>What it may read.</summary>
    public GroupPartitionSet Assigned { get; set; } = GroupPartitionSet.Empty;

    /// <summary>What it is to let go of, and has not yet.</summary>
    public GroupPartitionSet Pending { get; set; } = GroupPartitionSet.Empty;

    /// <summary>What it is to hold in the end.</summary>
    public GroupPartitionSet Target { get; set; } = GroupPartitionSet.Empty;

    /// <summary>True when it was there when targets were computed.</summary>
    public bool HasTarget { get; set; }

    /// <summary>What was last recorded of all this; a member without a record is in epoch 0 and holds nothing.</summary>
    public GroupRecord.CurrentSet Recorded { get; set; } =
        new(group, id, 0, 0, GroupMemberState.Stable, GroupPartitionSet.Empty, GroupPartitionSet.Empty);

    // Known to this coordinator only.

    public GroupSubscription Subscription { get; set; } = subscription;

    /// <summary>Its open stream, or 0.</summary>
    public long Stream { get; set; }

    /// <summary>The highest attempt that opened a stream.</summary>
    public int Attempt { get; set; }

    /// <summary>Number of the last assignment that was sent on the stream.</summary>
    public int Number { get; set; }

    /// <summary>The assignment that was sent last on the stream.</summary>
    public (int Epoch, GroupPartitionSet Assigned)? Sent { get; set; }

    /// <summary>What it held when it opened the stream, until it is told something on it: so long this is all that it can hold.</summary>
    public GroupPartitionSet? HeldAtOpen { get; set; }

    /// <summary>When it was last heard.</summary>
    public long HeardMs { get; set; }

    /// <summary>Since when it is to let go of what is pending.</summary>
    public long RevokingSinceMs { get; set; }

    /// <summary>When its deadlines are looked at next.</summary>
    public long ScheduledMs { get; set; } = long.MaxValue;

    public bool IsGone { get; set; }

    /// <summary>True while it waits for being reconciled.</summary>
    public bool IsQueued { get; set; }

    public bool IsAway => Epoch == AwayEpoch;

    public bool IsStatic => Facts.InstanceId.Length > 0;

    /// <summary>The moment at which it is fenced unless it is heard, or lets go, before.</summary>
    public long DeadlineMs => Math.Min(
        HeardMs + Facts.SessionTimeoutMs,
        Pending.Count > 0 ? RevokingSinceMs + Facts.RebalanceTimeoutMs : long.MaxValue);

    /// <summary>Moves to another epoch; the same one again changes nothing.</summary>
    public void MoveTo(int epoch)
    {
        if (epoch != Epoch)
        {
            PreviousEpoch = Epoch;
            Epoch = epoch;
        }
    }

    public void Restore(GroupRecord.CurrentSet current)
    {
        Epoch = current.Epoch;
        PreviousEpoch = current.PreviousEpoch;
        State = current.State;
        Assigned = current.Assigned;
        Pending = current.PendingRevocation;
        Recorded = current;
    }
}
