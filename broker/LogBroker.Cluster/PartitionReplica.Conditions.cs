using LogBroker.Protocol;
using LogBroker.Storage;

namespace LogBroker.Cluster;

/// <summary>
/// Conditional appends: judged by the leader right before it appends, in order with what is in front of a batch in the queue, and after
/// the producer's sequence, so that a batch whose condition had held and that is sent again is known for what it is.
/// </summary>
internal sealed partial class PartitionReplica
{
    private TailKeys? _tailKeys; // of this leadership, since the first condition on a key
    private bool _judgesKeys;

    private void JudgeConditions(in ProduceEntry entry, Offset next, ref PendingAck ack)
    {
        if (entry.ExpectedOffset is { } expected && expected != next.Value)
        {
            ack.Error = PartitionErrors.OffsetMismatch(Name, expected, next);
        }
        else if (entry.ExpectedKeyVersion is { } version)
        {
            ack.Error = RefusalOfKey(entry, version, next);
        }

        if (ack.Error is { Code: ErrorCode.OffsetMismatch or ErrorCode.KeyVersionMismatch })
        {
            AskForLeadersWord(ref ack);
        }
    }

    /// <summary>
    /// The newest record of a key is in the tail, or else in the view. Until the view has reached the beginning of the tail nobody knows
    /// it: that is a matter of the flush that is under way, or once of building the view.
    /// </summary>
    private BrokerError? RefusalOfKey(in ProduceEntry entry, long expected, Offset next)
    {
        if (!Topic.Config.IsCompacted)
        {
            return PartitionErrors.NotATable(Name);
        }

        ReadOnlyMemory<byte> batch = entry.Buffer.Array.AsMemory(0, entry.Buffer.Length);
        if (entry.RecordsCount != 1
            || RecordReader.TryOpen(batch, Limits.InflatedBytesMax, out RecordReader reader) is not null
            || !reader.MoveNext()
            || reader.Current.Key is not { } key)
        {
            return PartitionErrors.NotOneKey(Name, entry.RecordsCount);
        }

        TableView table = Table;
        _judgesKeys = true;
        _tailKeys = _tailKeys is { IsFull: false } ? _tailKeys : new TailKeys(next);
        if (!table.IsReady || table.Applied < _tailKeys.From)
        {
            table.Advance();
            return PartitionErrors.TableBehind(Name, table);
        }

        try
        {
            long actual = VersionOf(table, key);
            return actual == expected ? null : PartitionErrors.KeyVersionMismatch(Name, expected, actual);
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            return PartitionErrors.TableBehind(Name, table);
        }
    }

    private long VersionOf(TableView table, ReadOnlyMemory<byte> key)
    {
        _tailKeys!.Forget(table.Applied);
        if (_tailKeys.TryFind(key, out TailKey newest))
        {
            return !newest.IsTombstone && table.IsThere(newest.Offset, newest.TimestampMs) ? newest.Offset : -1;
        }

        ITableStore store = _env.Tables.Store ?? throw new ObjectDisposedException(nameof(TableHome));
        return table.Find(store, key).Offset;
    }

    /// <summary>A batch was accepted: later conditions of the same group are judged with it in front of them.</summary>
    private void NoteTail(in ProduceEntry entry, in PendingAck ack)
    {
        if (_tailKeys is { IsFull: false } tail)
        {
            if (_table is { } table)
            {
                tail.Forget(table.Applied);
            }

            tail.Note(entry.Buffer.Array.AsMemory(0, entry.Buffer.Length), ack.BaseOffset);
        }
    }
}
