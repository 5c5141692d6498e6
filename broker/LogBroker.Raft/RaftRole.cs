namespace LogBroker.Raft;

/// <summary>What a replica is in its present epoch.</summary>
public enum RaftRole
{
    /// <summary>Neither leads nor campaigns; every replica starts as one (R6).</summary>
    Follower = 0,

    /// <summary>Has voted for itself and waits for the vote to be durable and for a majority (R4).</summary>
    Candidate = 1,

    /// <summary>Leads its epoch: it has appended the row of it (R8).</summary>
    Leader = 2,
}
