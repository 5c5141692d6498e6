using LogBroker.Protocol;
using LogBroker.Storage;

namespace LogBroker.Cluster;

/// <summary>Compacted topics read by key.</summary>
public sealed partial class Broker
{
    /// <summary>How long a proof of leadership may take, and then the view to catch up.</summary>
    private static readonly TimeSpan TableCatchUpMax = TimeSpan.FromSeconds(2);

    /// <inheritdoc/>
    public ValueTask<Result<TableAnswer>> GetTable(TableGet ask, CancellationToken cancellation)
    {
        if (ask.Keys.Count > Limits.TableKeysMax)
        {
            return ValueTask.FromResult<Result<TableAnswer>>(new BrokerError(
                ErrorCode.LimitExceeded, $"keys: {ask.Keys.Count} in one call, at most {Limits.TableKeysMax}"));
        }

        BrokerError? error = FindTable(ask.Partition, ask.AllowsFollower && !ask.Linearizable, out PartitionReplica replica);
        return error is not null ? ValueTask.FromResult<Result<TableAnswer>>(error)
            : ask.Linearizable || !replica.Table.IsReady ? new ValueTask<Result<TableAnswer>>(GetLater(replica, ask, cancellation))
            : ValueTask.FromResult(GetNow(replica, ask));
    }

    /// <inheritdoc/>
    public ValueTask<Result<TablePage>> ScanTable(TableScan ask, CancellationToken cancellation)
    {
        if (ask.EntriesMax < 1)
        {
            return ValueTask.FromResult<Result<TablePage>>(new BrokerError(
                ErrorCode.InvalidArgument, $"entries_max {ask.EntriesMax} must be at least 1"));
        }

        BrokerError? error = FindTable(ask.Partition, ask.AllowsFollower && !ask.Linearizable, out PartitionReplica replica);
        return error is not null ? ValueTask.FromResult<Result<TablePage>>(error)
            : ask.Linearizable || !replica.Table.IsReady ? new ValueTask<Result<TablePage>>(ScanLater(replica, ask, cancellation))
            : ValueTask.FromResult(ScanNow(replica, ask));
    }

    private BrokerError? FindTable(TopicPartition name, bool allowsFollower, out PartitionReplica replica)
    {
        replica = null!;
        if (_isStopping)
        {
            return PartitionErrors.ShuttingDown(name);
        }

        if (TopicName.IsInternal(name.Topic))
        {
            return PartitionErrors.Internal(name.Topic);
        }

        if (Find(name, out HostedPartition partition) is { } error)
        {
            return error;
        }

        replica = partition.Replica!;
        return replica.RefusalOfTable(allowsFollower);
    }

    private async Task<Result<TableAnswer>> GetLater(PartitionReplica replica, TableGet ask, CancellationToken cancellation) =>
        await WaitForTable(replica, ask.Linearizable, cancellation) is { } error ? error : GetNow(replica, ask);

    private async Task<Result<TablePage>> ScanLater(PartitionReplica replica, TableScan ask, CancellationToken cancellation) =>
        await WaitForTable(replica, ask.Linearizable, cancellation) is { } error ? error : ScanNow(replica, ask);

    private async Task<BrokerError?> WaitForTable(PartitionReplica replica, bool isLinearizable, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        if (isLinearizable)
        {
            return await replica.CatchUpTable(TableCatchUpMax);
        }

        Task ready = replica.Table.Reached(Offset.Zero);
        return ready.IsCompleted || await Waiting.InTime(ready, TableCatchUpMax, _env.Time)
            ? null
            : PartitionErrors.TableBehind(replica.Name, replica.Table);
    }

    private Result<TableAnswer> GetNow(PartitionReplica replica, TableGet ask)
    {
        try
        {
            if (_env.Tables.Store is not { } store)
            {
                return PartitionErrors.ShuttingDown(ask.Partition);
            }

            TableView table = replica.Table;
            TableFreshness freshness = table.Freshness;
            var entries = new TableRecord[ask.Keys.Count];
            long bytes = 0;
            for (int i = 0; i < entries.Length; i++)
            {
                entries[i] = table.Find(store, ask.Keys[i]);
                bytes += entries[i].Value.Length + entries[i].Key.Length;
                if (bytes > Limits.TableGetBytesMax && i > 0)
                {
                    return new BrokerError(
                        ErrorCode.LimitExceeded,
                        $"keys: the first {i + 1} of {entries.Length} have {bytes} bytes, at most {Limits.TableGetBytesMax} in one answer");
                }
            }

            _env.Metrics.TableGets.Add(entries.Length, replica.TopicTag);
            return new TableAnswer(entries, freshness);
        }
        catch (ObjectDisposedException)
        {
            return PartitionErrors.ShuttingDown(ask.Partition);
        }
        catch (DiskException e)
        {
            return TableUnreadable(ask.Partition, e);
        }
    }

    private Result<TablePage> ScanNow(PartitionReplica replica, TableScan ask)
    {
        try
        {
            if (_env.Tables.Store is not { } store)
            {
                return PartitionErrors.ShuttingDown(ask.Partition);
            }

            TablePage page = replica.Table.Scan(store, ask.Prefix.Span, ask.After, ask.EntriesMax);
            _env.Metrics.TableScans.Add(1, replica.TopicTag);
            return page;
        }
        catch (ObjectDisposedException)
        {
            return PartitionErrors.ShuttingDown(ask.Partition);
        }
        catch (DiskException e)
        {
            return TableUnreadable(ask.Partition, e);
        }
    }

    private static BrokerError TableUnreadable(TopicPartition name, DiskException e) =>
        new(ErrorCode.Internal, $"the table of partition {name} cannot be read: {e.Message}");

    private bool IsHosted(TopicId topic) => Volatile.Read(ref _hosted).Catalog.Find(topic) is not null;
}
