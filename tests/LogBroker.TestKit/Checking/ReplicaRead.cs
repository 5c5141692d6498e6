namespace LogBroker.TestKit;

/// <summary>
/// The whole of one partition as one replica has it at the end, read from the log start up to the high watermark after everything came to
/// rest. Taken from every replica: a split brain shows in no other way.
/// </summary>
/// <param name="Node">The replica's node.</param>
/// <param name="Partition">The partition.</param>
/// <param name="LogStart">Its log start.</param>
/// <param name="HighWatermark">Its high watermark.</param>
/// <param name="BytesHash">A hash over the bytes of the batches between the two; 0 when it was not taken.</param>
/// <param name="Records">The records in the order in which they came; their partition is this one.</param>
public sealed record ReplicaRead(
    int Node, int Partition, long LogStart, long HighWatermark, ulong BytesHash, IReadOnlyList<PlacedRecord> Records);
