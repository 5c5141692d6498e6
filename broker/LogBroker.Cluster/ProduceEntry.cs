using LogBroker.Protocol;

namespace LogBroker.Cluster;

/// <summary>One batch, or one refusal that waits for its turn, on the way from a caller to the loop of its partition.</summary>
internal struct ProduceEntry
{
    public IProduceSink Sink;
    public ulong CorrelationId;
    public RequiredAcks Acks;
    public Epoch LeaderEpoch;
    public long DeadlineMs;

    /// <summary>Why it was refused on arrival, or null.</summary>
    public BrokerError? Error;

    /// <summary>The batch; empty for a refusal.</summary>
    public BatchBuffer Buffer;

    public int RecordsCount;

    /// <summary>The offset it must get, or null.</summary>
    public long? ExpectedOffset;

    /// <summary>The version that the key of its only record must have, or null.</summary>
    public long? ExpectedKeyVersion;

    /// <summary>The producer's facts; its id is none when it has no producer.</summary>
    public ProducerBatch Producer;
}

/// <summary>A batch on the way back: what it waits for and what will be said.</summary>
internal struct PendingAck
{
    public IProduceSink Sink;
    public ulong CorrelationId;
    public RequiredAcks Acks;
    public long DeadlineMs;
    public BrokerError? Error;
    public Offset BaseOffset;
    public Offset NextOffset;
    public Epoch LeaderEpoch;
    public long AppendTimeMs;
    public bool IsDuplicate;

    /// <summary>The round that proves that the error is a leader's word (R22); 0 where none is needed.</summary>
    public long Round;
}
