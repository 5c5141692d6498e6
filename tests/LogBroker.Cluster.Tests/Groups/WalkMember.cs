using LogBroker.Protocol;

namespace LogBroker.Cluster.Tests;

/// <summary>
/// A member as the contract asks it to be: it takes what it is told at once, lets go of what was revoked a little later, repeats the
/// number of what it has seen, and believes in nothing any more when no heartbeat was answered for the time of its session.
/// </summary>
internal sealed class WalkMember(string id, string instanceId, int sessionMs, int rebalanceMs)
{
    public string Id { get; } = id;

    public string InstanceId { get; } = instanceId;

    public int SessionMs { get; } = sessionMs;

    public int RebalanceMs { get; } = rebalanceMs;

    public string Topic { get; init; } = "orders";

    public string Regex { get; init; } = "";

    public WalkStream? Stream { get; set; }

    public int Attempt { get; set; }

    public int Epoch { get; set; }

    public int Seen { get; set; }

    /// <summary>All that it works on, with what it is letting go of.</summary>
    public GroupPartitionSet Held { get; private set; } = GroupPartitionSet.Empty;

    public GroupPartitionSet Revoking { get; private set; } = GroupPartitionSet.Empty;

    /// <summary>When the last message left that was answered.</summary>
    public long LeaseFromMs { get; set; }

    public bool IsPaused { get; set; }

    /// <summary>Killed, or gone for good: it believes in nothing and says nothing.</summary>
    public bool IsGone { get; set; }

    /// <summary>
    /// It was fenced for not letting go in time, and may not know it yet: what it believes does not count, nor what it commits.
    /// </summary>
    public bool IsTooLate { get; set; }

    public bool IsActive => !IsPaused && !IsGone;

    /// <summary>What it works on in earnest at this time.</summary>
    public GroupPartitionSet Believed(long nowMs) =>
        IsActive && !IsTooLate && nowMs - LeaseFromMs < SessionMs ? Held : GroupPartitionSet.Empty;

    public void Take(MemberMessage.Assigned told)
    {
        (Epoch, Seen) = (told.Epoch, told.Number);
        GroupPartitionSet may = told.Partitions;
        Revoking = Held.Except(may);
        Held = Held.Union(may);
    }

    /// <summary>It has finished with what was revoked; false when there was nothing.</summary>
    public bool LetGo()
    {
        bool hadSome = Revoking.Count > 0;
        Held = Held.Except(Revoking);
        Revoking = GroupPartitionSet.Empty;
        return hadSome;
    }

    public void BeginAnew()
    {
        (Held, Revoking) = (GroupPartitionSet.Empty, GroupPartitionSet.Empty);
        (Epoch, Seen, Stream, IsTooLate) = (0, 0, null, false);
    }
}

/// <summary>A stream: messages in order each way, until it breaks; what is on its way then may still arrive, late.</summary>
internal sealed class WalkStream(WalkMember member)
{
    public WalkMember Member { get; } = member;

    /// <summary>To the coordinator, with the times at which they left.</summary>
    public Queue<(long SentMs, Func<long, GroupEvent> Event)> Up { get; } = new();

    /// <summary>
    /// To the member; null ends the stream. With the time at which the latest message that the coordinator had taken left.
    /// </summary>
    public Queue<(long EchoMs, MemberMessage? Message, BrokerError? Refusal)> Down { get; } = new();

    /// <summary>As the coordinator counts it.</summary>
    public long Number { get; set; }

    public long EchoMs { get; set; }

    public bool IsBroken { get; set; }
}
