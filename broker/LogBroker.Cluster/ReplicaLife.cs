namespace LogBroker.Cluster;

/// <summary>The stages of a replica on its way out.</summary>
internal enum ReplicaLife
{
    /// <summary>Takes batches.</summary>
    Running,

    /// <summary>Refuses batches and answers those it has.</summary>
    Stopping,

    /// <summary>Has let go of its log.</summary>
    Stopped,
}
