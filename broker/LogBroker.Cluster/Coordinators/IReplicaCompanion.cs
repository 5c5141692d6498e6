namespace LogBroker.Cluster;

/// <summary>
/// What is built on a partition's records and goes with its leadership. Called by the partition's own poll: it needs no lock and no thread,
/// and runs in the same order wherever partitions are polled by hand.
/// </summary>
internal interface IReplicaCompanion
{
    /// <summary>
    /// Looks at the replica's view and does what is to do. In every poll, after posted commands and in front of the appends, so that what
    /// it hands in is written by the same poll.
    /// </summary>
    void Work();
}
