namespace LogBroker.Client;

/// <summary>A partition that a consumer holds, as it was when it was asked for.</summary>
/// <param name="Topic">The topic.</param>
/// <param name="Partition">Its number, from 0.</param>
/// <param name="Position">The next offset to be handed out; -1 while it is not known yet.</param>
/// <param name="Committed">What the group has stored, the next offset to read; -1 for nothing.</param>
/// <param name="HighWatermark">The end, as the last answer of a broker said; -1 before the first.</param>
/// <param name="IsPaused">True between <see cref="Consumer.Pause"/> and <see cref="Consumer.Resume"/>.</param>
public readonly record struct AssignedPartition(
    string Topic, int Partition, long Position, long Committed, long HighWatermark, bool IsPaused);
