using LogBroker.Protocol;
using LogBroker.Storage;

namespace LogBroker.Cluster;

/// <summary>Compaction of this replica's log: planned and finished on the loop, done elsewhere.</summary>
internal sealed partial class PartitionReplica
{
    private sealed record PublishedDirt(LogDirt Dirt);

    private PublishedDirt _dirt = new(default);

    /// <summary>What waited for compaction when it was last looked at. Any thread.</summary>
    public LogDirt Dirt => Volatile.Read(ref _dirt).Dirt;

    /// <summary>Looks how much waits for compaction, soon. Any thread.</summary>
    public void LookAtDirt() => Post(PublishDirt);

    /// <summary>Compacts the log, and tells the cleaner when that is over. Any thread.</summary>
    public void Compact(Cleaning cleaning) => Post(() =>
    {
        Volatile.Write(ref _dirt, new PublishedDirt(default)); // what is not done now is looked at again at the next interval
        if (PlanCompaction() is not { } plan)
        {
            cleaning.End();
            return;
        }

        cleaning.Run(plan, result => Post(() =>
        {
            Finish(result);
            cleaning.End();
        }));
    });

    /// <summary>Without knowing which batches producers wrote last nothing is compacted.</summary>
    private CompactionPlan? PlanCompaction()
    {
        if (_life != ReplicaLife.Running || Log.Damage is not null || RecoverProducers() is not null || _producersUpTo is null)
        {
            return null;
        }

        Offset end = Offset.Min(Log.Bounds.HighWatermark, Log.Bounds.Flushed);
        return Log.PlanCompaction(_env.WallClockMs, _producers.KeptInFrontOf(end));
    }

    private void Finish(CompactionResult? result)
    {
        if (result is null || !Log.FinishCompaction(result))
        {
            return;
        }

        NoteItemStart();
        BrokerLog.Compacted(
            _env.Log, Name.ToString(), result.CleanedUpto.Value, result.BytesBefore, result.BytesAfter, result.RecordsAfter);
        PublishDirt();
    }

    /// <summary>The batch that the log start lies in may be a larger one now, without records.</summary>
    private void NoteItemStart()
    {
        LogPosition start = Log.Bounds.Start;
        _core.LogStartAdvanced(start, RowsOf(Log)[0], Log.ItemStartOf(start.Offset));
    }

    private void PublishDirt()
    {
        if (_life == ReplicaLife.Running && Log.Damage is null)
        {
            Volatile.Write(ref _dirt, new PublishedDirt(Log.LookAtDirt(_env.WallClockMs)));
        }
    }
}
