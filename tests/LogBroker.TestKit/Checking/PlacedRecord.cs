namespace LogBroker.TestKit;

/// <summary>A record and its place.</summary>
/// <param name="Partition">The partition; one number for each partition of all topics of the history.</param>
/// <param name="Offset">The offset; <see cref="NoOffset"/> when it is not known.</param>
/// <param name="Value">The value; <see cref="RecordValue.Unreadable"/> where there is none.</param>
public readonly record struct PlacedRecord(int Partition, long Offset, RecordValue Value)
{
    /// <summary>Stands for an offset that is not known.</summary>
    public const long NoOffset = -1;
}
