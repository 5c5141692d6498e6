using LogBroker.Protocol;

namespace LogBroker.Cluster;

/// <summary>One group at its coordinator: its machine, its offsets, the streams of its members, and what is not committed yet.</summary>
internal sealed class CoordinatedGroup(string id)
{
    public string Id => id;

    public required GroupMachine Machine { get; set; }

    /// <summary>What is committed, by name of the topic; whether the topic still is the same is looked at when it is asked for.</summary>
    public Dictionary<TopicPartition, CommittedEntry> Offsets { get; } = [];

    /// <summary>Time of the last record of the group's epoch: for a group without members, when the last one left. 0 for none.</summary>
    public long EmptySinceMs { get; set; }

    /// <summary>Changes that are written or wait for it, in order.</summary>
    public Queue<GroupChange> Pending { get; } = new();

    /// <summary>The newest of them.</summary>
    public GroupChange? Newest { get; set; }

    /// <summary>Open streams by number.</summary>
    public Dictionary<long, MemberStream> Streams { get; } = [];

    /// <summary>When the machine wants to hear that time has passed, in milliseconds of running time.</summary>
    public long WakeAtMs { get; set; } = long.MaxValue;

    /// <summary>Says something when all that was changed so far is committed; at once when it is.</summary>
    public void Say(Action say)
    {
        if (Pending.Count > 0)
        {
            Newest!.Said.Add(say);
        }
        else
        {
            say();
        }
    }

    /// <summary>Tells somebody null when all that was changed so far is committed, or why that is not known.</summary>
    public void Await(Action<BrokerError?> answer)
    {
        if (Pending.Count > 0)
        {
            Newest!.Answer += answer;
        }
        else
        {
            answer(null);
        }
    }

    /// <summary>Ends all streams.</summary>
    public void CloseStreams(BrokerError error)
    {
        foreach (MemberStream stream in Streams.Values)
        {
            stream.End(error);
        }

        Streams.Clear();
    }
}
