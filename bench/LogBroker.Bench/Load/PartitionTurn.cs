namespace LogBroker.Bench.Load;

/// <summary>
/// Takes partitions in turn, each for one batch's worth of bytes, so that batches are filled whatever the number of partitions.
/// </summary>
/// <param name="partitions">How many there are.</param>
/// <param name="first">Where the turn begins; producers begin at different ones.</param>
/// <param name="recordsPerTurn">Records for one partition before the next is taken.</param>
internal struct PartitionTurn(int partitions, int first, int recordsPerTurn)
{
    private readonly int _recordsPerTurn = recordsPerTurn;
    private int _left = recordsPerTurn;

    /// <summary>The partition of the next record.</summary>
    public int Current { get; private set; } = first % partitions;

    /// <summary>Records that fill a batch of this size; at least one. A record costs up to about ten bytes beside its value.</summary>
    public static int RecordsPerBatch(int batchBytes, int valueBytes) => Math.Max(1, (batchBytes - 61) / (valueBytes + 10));

    /// <summary>One record was handed over.</summary>
    public void Advance()
    {
        if (--_left == 0)
        {
            _left = _recordsPerTurn;
            Current = Current + 1 == partitions ? 0 : Current + 1;
        }
    }
}
