namespace LogBroker.Cluster;

/// <summary>How far the start of a broker is.</summary>
/// <param name="PartitionsOpened">Partitions recovered so far.</param>
/// <param name="Partitions">Partitions to recover.</param>
/// <param name="BytesScanned">Bytes of log read and checked so far.</param>
public readonly record struct RecoveryProgress(int PartitionsOpened, int Partitions, long BytesScanned);
