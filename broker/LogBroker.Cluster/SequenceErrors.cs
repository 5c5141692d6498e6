using System.Globalization;
using LogBroker.Protocol;

namespace LogBroker.Cluster;

/// <summary>Refusals of batches of idempotent producers, rows 27 to 31 of the bad-input table.</summary>
internal static class SequenceErrors
{
    public static BrokerError UnknownProducer(in ProducerBatch batch) => new(
        ErrorCode.UnknownProducer,
        $"producer id {batch.Id} has no state in this partition and must start at sequence 0, not {batch.BaseSequence}")
    {
        Metadata = Facts(batch, expected: 0),
    };

    public static BrokerError Fenced(in ProducerBatch batch, short epoch) => new(
        ErrorCode.ProducerFenced,
        $"producer id {batch.Id} is at epoch {epoch}; this batch is of epoch {batch.Epoch}")
    {
        Metadata = Facts(batch, expected: -1),
    };

    public static BrokerError OutOfOrder(in ProducerBatch batch, int expected) => new(
        ErrorCode.OutOfOrderSequence,
        $"producer id {batch.Id} epoch {batch.Epoch}: sequence {expected} is expected, got {batch.BaseSequence}")
    {
        Metadata = Facts(batch, expected),
    };

    public static BrokerError OldDuplicate(in ProducerBatch batch, int expected) => new(
        ErrorCode.DuplicateSequence,
        $"producer id {batch.Id} epoch {batch.Epoch}: sequence {batch.BaseSequence} was written long ago (next is {expected}); "
            + "its offset is no longer known")
    {
        Metadata = Facts(batch, expected),
    };

    public static BrokerError Reuse(in ProducerBatch batch) => new(
        ErrorCode.SequenceReuse,
        $"producer id {batch.Id} epoch {batch.Epoch}: another batch was written "
            + $"with sequences {batch.BaseSequence} to {batch.LastSequence}")
    {
        Metadata = Facts(batch, expected: -1),
    };

    public static BrokerError EarlierFailed(in ProducerBatch batch, int refused) => new(
        ErrorCode.EarlierBatchFailed,
        $"producer id {batch.Id} epoch {batch.Epoch}: the batch at sequence {refused} was refused; "
            + $"resend from it on before {batch.BaseSequence}")
    {
        Metadata = Facts(batch, refused),
    };

    private static Dictionary<string, string> Facts(in ProducerBatch batch, int expected)
    {
        var facts = new Dictionary<string, string>
        {
            ["producerId"] = batch.Id.ToString(),
            ["producerEpoch"] = batch.Epoch.ToString(CultureInfo.InvariantCulture),
            ["sequence"] = batch.BaseSequence.ToString(CultureInfo.InvariantCulture),
        };
        if (expected >= 0)
        {
            facts["expectedSequence"] = expected.ToString(CultureInfo.InvariantCulture);
        }

        return facts;
    }
}
