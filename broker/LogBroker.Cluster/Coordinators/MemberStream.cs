using LogBroker.Protocol;

namespace LogBroker.Cluster;

/// <summary>Partitions of one topic as a member names them.</summary>
/// <param name="Topic">The topic's name.</param>
/// <param name="Id">Its id, or null for whatever has the name.</param>
/// <param name="Partitions">The indexes.</param>
public sealed record HeldPartitions(string Topic, TopicId? Id, IReadOnlyList<int> Partitions);

/// <summary>How a member opens its stream; the fields are those of the contract. What is wrong in it is said by the sink.</summary>
/// <param name="Group">The group.</param>
/// <param name="Member">The member's id, chosen by the client.</param>
/// <param name="MemberEpoch">0 joins; else the epoch it had before its stream broke.</param>
public sealed record MemberOpening(string Group, string Member, int MemberEpoch)
{
    /// <summary>Counts the streams that the member has opened, from 1; 0 when it does not count them.</summary>
    public int Attempt { get; init; }

    /// <summary>Names the member over restarts, or "".</summary>
    public string InstanceId { get; init; } = "";

    /// <summary>Its rack, or "".</summary>
    public string Rack { get; init; } = "";

    /// <summary>Its client id, or "".</summary>
    public string ClientId { get; init; } = "";

    /// <summary>Where the stream comes from, for people.</summary>
    public string Address { get; init; } = "";

    /// <summary>The topics that it names.</summary>
    public IReadOnlyList<string> Topics { get; init; } = [];

    /// <summary>Topics whose whole name matches are subscribed to as well; "" for none.</summary>
    public string TopicRegex { get; init; } = "";

    /// <summary>The assignor that it wishes for, or "".</summary>
    public string Assignor { get; init; } = "";

    /// <summary>In milliseconds; 0 for the default.</summary>
    public int SessionTimeoutMs { get; init; }

    /// <summary>In milliseconds; 0 for the default.</summary>
    public int RebalanceTimeoutMs { get; init; }

    /// <summary>What it holds, when it comes back with an epoch.</summary>
    public IReadOnlyList<HeldPartitions> Held { get; init; } = [];
}

/// <summary>
/// Takes what a member is told. Called in the coordinator's poll, in order, never after <see cref="Ended"/>; must not block.
/// </summary>
public interface IMemberSink
{
    /// <summary>All that the member may read now; committed on a majority when it is said.</summary>
    void Assigned(MemberMessage.Assigned assignment);

    /// <summary>A heartbeat was taken, and nothing else is new.</summary>
    void Alive(int memberEpoch);

    /// <summary>The stream is at its end: an error, or null when the member left.</summary>
    void Ended(BrokerError? error);
}

/// <summary>A member's stream as its door sees it. Thread-safe; every call returns at once.</summary>
public interface IMembership
{
    /// <summary>A heartbeat came.</summary>
    /// <param name="memberEpoch">The epoch of the last assignment that the member has seen.</param>
    /// <param name="seen">Its number on this stream; 0 before the first.</param>
    /// <param name="held">All that the member holds, or null when it does not say.</param>
    void Heartbeat(int memberEpoch, int seen, IReadOnlyList<HeldPartitions>? held);

    /// <summary>The stream broke or was closed; the member keeps its place until its session ends.</summary>
    void Close();
}

/// <summary>A membership that was refused before it began.</summary>
internal sealed class RefusedMembership : IMembership
{
    public static RefusedMembership Instance { get; } = new();

    public void Heartbeat(int memberEpoch, int seen, IReadOnlyList<HeldPartitions>? held)
    {
    }

    public void Close()
    {
    }
}

/// <summary>An open stream of a member. Number and end are owned by the partition's poll.</summary>
internal sealed class MemberStream(GroupCoordinator coordinator, string group, string member, IMemberSink sink) : IMembership
{
    private bool _hasEnded;

    public string Group => group;

    public string Member => member;

    /// <summary>Its number at the coordinator; 0 until it was taken in.</summary>
    public long Number { get; set; }

    public void Heartbeat(int memberEpoch, int seen, IReadOnlyList<HeldPartitions>? held) =>
        coordinator.Post(() => coordinator.TakeHeartbeat(this, memberEpoch, seen, held));

    public void Close() => coordinator.Post(() =>
    {
        if (!_hasEnded)
        {
            _hasEnded = true;
            coordinator.TakeClosed(this);
        }
    });

    public void Tell(MemberMessage message)
    {
        if (_hasEnded)
        {
            return;
        }

        switch (message)
        {
            case MemberMessage.Assigned assigned:
                sink.Assigned(assigned);
                break;
            case MemberMessage.Alive alive:
                sink.Alive(alive.Epoch);
                break;
            case MemberMessage.Fenced fenced:
                End(fenced.Error);
                break;
            case MemberMessage.Ended:
                End(null);
                break;
        }
    }

    public void End(BrokerError? error)
    {
        if (!_hasEnded)
        {
            _hasEnded = true;
            sink.Ended(error);
        }
    }
}
