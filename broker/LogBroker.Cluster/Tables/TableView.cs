using System.Buffers;
using System.Collections.Concurrent;
using LogBroker.Protocol;
using LogBroker.Storage;

namespace LogBroker.Cluster;

/// <summary>
/// The newest record of each key of one compacted partition: a fold of its log up to an offset that is stored with it, in one batch with
/// the changes. Holds only what is committed, so no cut ever takes anything of it back.
/// Made when the partition is first read by key on this node, leader or not, and followed from then on for as long as the process runs: a
/// compacted topic that nobody reads by key costs nothing, and a leader that takes over goes on from what it had, or builds it once.
/// Made anew when the stored position does not name the same items as the log (another disk, a log that lost its tail or began anew), and
/// when it is so old that compaction may have dropped tombstones behind it.
/// Ownership: one run at a time works on it (<see cref="Advance"/>), on no particular thread; readers use the store and what is published.
/// Failure policy: a disk that refuses leaves it where it is; it is tried again with the next reason to.
/// </summary>
internal sealed class TableView(ReplicaEnvironment env, PartitionReplica replica)
{
    private const int SliceBytesMax = 1024 * 1024;
    private const int ScanBytesMax = 256 * 1024;
    private const int ScanEntriesMax = 1_000;
    private const int PurgesMax = 4_096;

    private readonly TableFold _fold = new();
    private readonly ConcurrentQueue<(byte[] EntryKey, long Offset)> _purges = new();
    private readonly List<(Offset At, TaskCompletionSource Reached)> _waiters = [];
    private Epoch _epoch;
    private bool _isLoaded;
    private long _applied = -1;
    private long _entries;
    private long _behindSinceMs;
    private int _wanted;
    private volatile bool _isReady;
    private volatile bool _mustBeginAnew;
    private volatile string? _fault;

    /// <summary>Everything in front of it is in the view; none before the view was looked at.</summary>
    public Offset Applied => new(Volatile.Read(ref _applied));

    /// <summary>False until it has held everything that was known to be committed once.</summary>
    public bool IsReady => _isReady;

    /// <summary>Why the last work on it failed, or null.</summary>
    public string? Fault => _fault;

    /// <summary>Keys in it.</summary>
    public long Entries => Volatile.Read(ref _entries);

    public TableFreshness Freshness
    {
        get
        {
            Offset applied = Offset.Max(Applied, Offset.Zero);
            long sinceMs = Volatile.Read(ref _behindSinceMs);
            Offset highWatermark = replica.Log.Bounds.HighWatermark;
            long behindMs = applied >= highWatermark ? 0 : Math.Max(1, sinceMs == 0 ? 1 : env.RunningMs - sinceMs);
            return new TableFreshness(applied, highWatermark, behindMs);
        }
    }

    /// <summary>There is more that is committed, or another reason to look. Any thread.</summary>
    public void Advance()
    {
        NoteBehind();
        if (Interlocked.Increment(ref _wanted) == 1)
        {
            env.Tables.Start(Run);
        }
    }

    /// <summary>The log was emptied and begins elsewhere. Any thread.</summary>
    public void BeginAnew()
    {
        lock (_waiters)
        {
            _mustBeginAnew = true;
            _isReady = false;
        }

        Advance();
    }

    /// <summary>Completes when everything in front of an offset is in the view.</summary>
    public Task Reached(Offset at)
    {
        lock (_waiters)
        {
            if (_isReady && Applied >= at)
            {
                return Task.CompletedTask;
            }

            Advance();
            int known = _waiters.FindIndex(w => w.At == at);
            if (known >= 0)
            {
                return _waiters[known].Reached.Task;
            }

            var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiters.Add((at, reached));
            return reached.Task;
        }
    }

    /// <summary>The newest record of a key, as far as the view is. Any thread.</summary>
    /// <exception cref="DiskException">The disk could not be read.</exception>
    public TableRecord Find(ITableStore store, ReadOnlyMemory<byte> key)
    {
        byte[] entryKey = TableKeys.Entry(replica.Id, key.Span);
        if (store.Get(entryKey) is not { } value)
        {
            return TableRecord.None(key);
        }

        TableRecord record = TableKeys.RecordOf(key, value);
        if (IsThere(record.Offset, record.TimestampMs))
        {
            return record;
        }

        Purge(entryKey, record.Offset);
        return TableRecord.None(key);
    }

    /// <summary>A page of keys in order. Any thread.</summary>
    /// <exception cref="DiskException">The disk could not be read.</exception>
    public TablePage Scan(ITableStore store, ReadOnlySpan<byte> prefix, ReadOnlyMemory<byte>? after, long entriesMax)
    {
        TableFreshness freshness = Freshness;
        int count = (int)Math.Min(entriesMax, ScanEntriesMax);
        byte[] from = after is { } key ? TableKeys.Entry(replica.Id, key.Span) : [];
        IReadOnlyList<KeyValuePair<byte[], byte[]>> page =
            store.Scan(TableKeys.Entry(replica.Id, prefix), from, count, ScanBytesMax);
        var entries = new List<TableRecord>(page.Count);
        long bytes = 0;
        foreach ((byte[] entryKey, byte[] value) in page)
        {
            bytes += entryKey.Length + value.Length;
            TableRecord record = TableKeys.RecordOf(TableKeys.RecordKeyOf(entryKey), value);
            if (IsThere(record.Offset, record.TimestampMs))
            {
                entries.Add(record);
            }
            else
            {
                Purge(entryKey, record.Offset);
            }
        }

        bool isLast = page.Count < count && bytes < ScanBytesMax;

        // A bare `null` would become empty memory: arrays convert to memory, and so does a null one.
        ReadOnlyMemory<byte>? next = isLast ? default(ReadOnlyMemory<byte>?) : TableKeys.RecordKeyOf(page[^1].Key);
        return new TablePage(entries, next, freshness);
    }

    /// <summary>False for what lies in front of the log start, or is older than <c>table.ttl.ms</c>.</summary>
    public bool IsThere(long offset, long timestampMs)
    {
        long ttlMs = replica.Topic.Config.TableTtlMs;
        bool isExpired = ttlMs >= 0 && env.WallClockMs - timestampMs > ttlMs;
        return !isExpired && offset >= replica.Log.Bounds.LogStart.Value;
    }

    private void Purge(byte[] entryKey, long offset)
    {
        if (_purges.Count < PurgesMax)
        {
            _purges.Enqueue((entryKey, offset));
            Advance();
        }
    }

    /// <summary>One step; who comes meanwhile has it looked at again.</summary>
    private void Run()
    {
        int seen = Volatile.Read(ref _wanted);
        bool hasMore = Step();
        if (hasMore || Interlocked.Add(ref _wanted, -seen) != 0)
        {
            env.Tables.Start(Run);
        }
    }

    /// <summary>True when there is more to do at once.</summary>
    private bool Step()
    {
        try
        {
            if (env.Tables.Store is not { } store)
            {
                return false;
            }

            Load(store);
            bool hasMore = ApplySlice(store);
            if (!hasMore)
            {
                RemovePurged(store);
            }

            _fault = null;
            return hasMore;
        }
        catch (ObjectDisposedException)
        {
            return false; // the node is stopping
        }
        catch (IOException e)
        {
            if (_fault is null)
            {
                BrokerLog.TableFailed(env.Log, replica.Name.ToString(), e.Message);
            }

            _fault = e.Message;
            return false;
        }
    }

    /// <summary>Goes on from the stored position if it names the same items as the log, else begins anew.</summary>
    private void Load(ITableStore store)
    {
        if (_isLoaded && !_mustBeginAnew)
        {
            return;
        }

        LogBounds bounds = replica.Log.Bounds;
        TableMark? stored = _mustBeginAnew ? null : TableKeys.MarkOf(store.Get(TableKeys.Mark(replica.Id)));
        if (stored is { } mark && IsOf(mark.Applied, bounds) && HasMissedNoDeletion(mark, bounds))
        {
            _epoch = mark.Applied.Epoch;
            Volatile.Write(ref _entries, mark.Entries);
            Volatile.Write(ref _applied, mark.Applied.Offset.Value);
        }
        else
        {
            _mustBeginAnew = false;
            store.Clear(TableKeys.Entry(replica.Id, []));
            _epoch = bounds.Start.Epoch;
            Volatile.Write(ref _entries, 0);
            Volatile.Write(ref _applied, bounds.LogStart.Value);
            env.Metrics.TableRebuilds.Add(1);
            BrokerLog.TableRebuilding(env.Log, replica.Name.ToString(), bounds.LogStart.Value, bounds.HighWatermark.Value);
        }

        _isLoaded = true;
    }

    private bool IsOf(LogPosition applied, LogBounds bounds)
    {
        if (applied.Offset < bounds.LogStart || applied.Offset > bounds.End)
        {
            return false;
        }

        Epoch there = applied.Offset == bounds.LogStart ? bounds.Start.Epoch : replica.Log.Epochs.At(applied.Offset - 1);
        return there == applied.Epoch;
    }

    /// <summary>
    /// Compaction drops a tombstone <c>delete.retention.ms</c> after it met it: a view that was away for longer would keep the key.
    /// </summary>
    private bool HasMissedNoDeletion(in TableMark mark, LogBounds bounds) => mark.Applied.Offset >= bounds.End
        || env.WallClockMs - mark.WrittenAtMs < replica.Topic.Config.DeleteRetentionMs;

    /// <summary>Takes in one slice of the log; true when there is more.</summary>
    private bool ApplySlice(ITableStore store)
    {
        LogBounds bounds = replica.Log.Bounds;
        Offset applied = Applied;
        if (applied < bounds.LogStart)
        {
            // What lies in between was deleted, and what the view has of before is not shown any more.
            (applied, _epoch) = (bounds.LogStart, bounds.Start.Epoch);
            Volatile.Write(ref _applied, applied.Value);
        }

        if (applied >= bounds.HighWatermark)
        {
            NoteReached();
            return false;
        }

        Result<LogSlice> read = replica.Log.Read(applied, bounds.HighWatermark, SliceBytesMax);
        if (!read.IsOk)
        {
            bool isTrimmed = read.Error.Code == ErrorCode.OffsetOutOfRange && replica.Log.Bounds.LogStart > applied;
            _fault = isTrimmed ? null : read.Error.Message;
            return isTrimmed;
        }

        using LogSlice slice = read.Value;
        if (slice.Length == 0)
        {
            return false; // the log is closed
        }

        byte[] rented = ArrayPool<byte>.Shared.Rent(slice.Length);
        try
        {
            slice.CopyTo(0, rented.AsSpan(0, slice.Length));
            Apply(store, rented.AsMemory(0, slice.Length), slice.NextOffset);
        }
        finally
        {
            _fold.Clear();
            ArrayPool<byte>.Shared.Return(rented);
        }

        return true;
    }

    private void Apply(ITableStore store, ReadOnlyMemory<byte> batches, Offset next)
    {
        _fold.Fold(batches);
        if (_fold.Unreadable > 0)
        {
            BrokerLog.TableSkipped(env.Log, replica.Name.ToString(), _fold.Unreadable, next.Value);
        }

        var changes = new StateBatch();
        long entries = _entries;
        foreach ((ReadOnlyMemory<byte> key, LogRecord record) in _fold.Newest)
        {
            byte[] entryKey = TableKeys.Entry(replica.Id, key.Span);
            bool isThere = store.Has(entryKey);
            if (record.Value is { } value)
            {
                changes.Put(entryKey, TableKeys.EntryValue(record.Offset.Value, record.TimestampMs, value.Span));
                entries += isThere ? 0 : 1;
            }
            else if (isThere)
            {
                changes.Delete(entryKey);
                entries--;
            }
        }

        PutMark(changes, new LogPosition(_fold.LastEpoch, next), entries);
        store.Write(changes);
        _epoch = _fold.LastEpoch;
        Volatile.Write(ref _entries, entries);
        Volatile.Write(ref _applied, next.Value);
        if (next >= replica.Log.Bounds.HighWatermark || _isReady)
        {
            NoteReached();
        }
    }

    /// <summary>Removes what readers found to be gone, unless it was written again.</summary>
    private void RemovePurged(ITableStore store)
    {
        var changes = new StateBatch();
        long entries = _entries;
        var seen = new HashSet<ReadOnlyMemory<byte>>(KeyBytes.Instance);
        while (_purges.TryDequeue(out (byte[] EntryKey, long Offset) purge))
        {
            bool isSame = store.Get(purge.EntryKey) is { } value
                && TableKeys.RecordOf(default, value).Offset == purge.Offset && seen.Add(purge.EntryKey);
            if (isSame)
            {
                changes.Delete(purge.EntryKey);
                entries--;
            }
        }

        if (changes.Count > 0)
        {
            PutMark(changes, new LogPosition(_epoch, Applied), entries);
            store.Write(changes);
            Volatile.Write(ref _entries, entries);
        }
    }

    private void PutMark(StateBatch changes, LogPosition applied, long entries) =>
        changes.Put(TableKeys.Mark(replica.Id), TableKeys.MarkValue(new TableMark(applied, entries, env.WallClockMs)));

    /// <summary>Answers who waited for what the view has now.</summary>
    private void NoteReached()
    {
        lock (_waiters)
        {
            _isReady = !_mustBeginAnew;
            for (int i = _waiters.Count - 1; i >= 0 && _isReady; i--)
            {
                if (Applied >= _waiters[i].At)
                {
                    _waiters[i].Reached.SetResult();
                    _waiters.RemoveAt(i);
                }
            }
        }

        if (Applied >= replica.Log.Bounds.HighWatermark)
        {
            Volatile.Write(ref _behindSinceMs, 0);
            NoteBehind();
        }
    }

    /// <summary>Remembers since when the view misses something.</summary>
    private void NoteBehind()
    {
        if (Applied < replica.Log.Bounds.HighWatermark)
        {
            Interlocked.CompareExchange(ref _behindSinceMs, Math.Max(1, env.RunningMs), 0);
        }
    }
}
