using LogBroker.Protocol;

namespace LogBroker.Cluster;

/// <summary>A record to write; a null value takes the key away.</summary>
internal readonly record struct RecordToWrite(byte[] Key, byte[]? Value)
{
    /// <summary>More than the record can take in a batch: its lengths, deltas and count are varints.</summary>
    private const int OverheadBytes = 32;

    public long Bytes => OverheadBytes + Key.Length + (Value?.Length ?? 0);
}

/// <summary>
/// Records of one group that become real together or not at all: they are never split over batches. Owned by the coordinator.
/// </summary>
internal sealed class GroupChange(CoordinatedGroup group, IReadOnlyList<RecordToWrite> records)
{
    public CoordinatedGroup Group => group;

    public IReadOnlyList<RecordToWrite> Records => records;

    public long Bytes { get; } = records.Sum(r => r.Bytes);

    /// <summary>What becomes true when the records are committed.</summary>
    public Action? Apply { get; init; }

    /// <summary>Tells whoever asked: null, or why it is not known to have happened. Called once at most.</summary>
    public Action<BrokerError?>? Answer { get; set; }

    /// <summary>What is said to members once the records are committed.</summary>
    public List<Action> Said { get; } = [];

    /// <summary>When whoever asked is told that the outcome is not known, in milliseconds of running time.</summary>
    public long DeadlineMs { get; init; } = long.MaxValue;

    public void AnswerWith(BrokerError? error)
    {
        Action<BrokerError?>? answer = Answer;
        Answer = null;
        answer?.Invoke(error);
    }
}
