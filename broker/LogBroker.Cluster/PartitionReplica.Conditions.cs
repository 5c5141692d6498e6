using LogBroker.Protocol;

namespace LogBroker.Cluster;

/// <summary>
/// Conditional appends: judged by the leader right before it appends, in order with what is in front of a batch in the queue, and after
/// the producer's sequence, so that a batch whose condition had held and that is sent again is known for what it is.
/// </summary>
internal sealed partial class PartitionReplica
{
    private void JudgeConditions(in ProduceEntry entry, Offset next, ref PendingAck ack)
    {
        if (entry.ExpectedOffset is { } expected && expected != next.Value)
        {
            ack.Error = PartitionErrors.OffsetMismatch(Name, expected, next);
            AskForLeadersWord(ref ack);
        }
    }
}
