using System.Buffers.Binary;
using LogBroker.Protocol;
using LogBroker.Storage;

namespace LogBroker.Cluster;

/// <summary>A live record of a group: the newest of its key.</summary>
/// <param name="Key">The key as it is in the log.</param>
/// <param name="Value">The value; never a tombstone.</param>
/// <param name="TimestampMs">The record's time.</param>
internal readonly record struct LiveRecord(byte[] Key, byte[] Value, long TimestampMs);

/// <summary>
/// The live records of one partition of <c>__consumer_offsets</c> in the state store, as of an offset that is written in the same batch: a
/// start or a take-over reads only what is behind it. Every replica keeps one, so that whoever takes over has little to read. It holds only
/// what is committed, so nothing of it is ever taken back; after a crash it is what it was at some earlier offset, and reads on.
/// Owned by the partition's poll.
/// Failure policy: a failed write ends the process; records that cannot be read are said to whoever takes over.
/// </summary>
internal sealed class GroupView(ReplicaEnvironment env, PartitionReplica replica)
{
    /// <summary>Bytes of log that one step reads.</summary>
    public const int StepBytesMax = 1024 * 1024;

    /// <summary>
    /// A view that has not followed for so long may have missed a deletion that the cleaner has let go since (Kafka's
    /// delete.retention.ms is a day): it is read anew.
    /// </summary>
    private const long TrustMs = 12L * 3600 * 1000;

    private const int MarkBytes = 16;
    private const int TimeBytes = 8;

    private readonly StateBatch _batch = new();
    private Offset? _upTo;
    private long _asOfMs;

    /// <summary>Records in front of this offset are in the view; null before it was looked at.</summary>
    public Offset? UpTo => _upTo;

    /// <summary>Bytes of log that the last step took in.</summary>
    public int StepBytes { get; private set; }

    /// <summary>True when all that is committed is in the view.</summary>
    public bool IsCaughtUp => _upTo is { } upTo && upTo >= replica.Log.Bounds.HighWatermark;

    /// <summary>
    /// Takes one step of at most <see cref="StepBytesMax"/> bytes, or of one batch, towards the high watermark. Null, or why the records
    /// cannot be read.
    /// </summary>
    /// <param name="isLeading">True when the high watermark is known to cover everything that was ever committed.</param>
    public BrokerError? Step(bool isLeading)
    {
        StepBytes = 0;
        LogBounds bounds = replica.Log.Bounds;
        Open(bounds, isLeading);
        Offset at = Offset.Max(_upTo!.Value, bounds.LogStart);
        if (at >= bounds.HighWatermark)
        {
            Refresh();
            return null;
        }

        Result<LogSlice> read = replica.Log.Read(at, bounds.HighWatermark, StepBytesMax);
        if (!read.IsOk)
        {
            return read.Error;
        }

        using LogSlice slice = read.Value;
        if (slice.Length == 0)
        {
            return null; // the log is closed
        }

        var bytes = new byte[slice.Length];
        slice.CopyTo(0, bytes);
        _batch.Clear();
        if (Take(bytes, at) is { } error)
        {
            return error;
        }

        Write(slice.NextOffset);
        StepBytes = slice.Length;
        return null;
    }

    /// <summary>All live records, those of one group together.</summary>
    public IEnumerable<LiveRecord> All() => env.Logs.State.Scan(StateKey.Of(replica.Id, StateKind.GroupRecord))
        .Select(pair => new LiveRecord(
            RecordKeyOf(pair.Key.AsSpan(StateKey.Of(replica.Id, StateKind.GroupRecord).Length)),
            pair.Value[TimeBytes..],
            BinaryPrimitives.ReadInt64BigEndian(pair.Value)));

    private void Open(LogBounds bounds, bool isLeading)
    {
        if (_upTo is null)
        {
            byte[]? mark = env.Logs.State.Get(StateKey.Of(replica.Id, StateKind.GroupsUpTo));
            bool isMark = mark is { Length: MarkBytes };
            _upTo = new Offset(isMark ? BinaryPrimitives.ReadInt64BigEndian(mark) : 0);
            _asOfMs = isMark ? BinaryPrimitives.ReadInt64BigEndian(mark.AsSpan(8)) : 0;
        }

        bool isOld = _upTo < bounds.HighWatermark && _upTo > Offset.Zero && env.WallClockMs - _asOfMs > TrustMs;
        if (isOld || (isLeading && _upTo > bounds.HighWatermark))
        {
            Forget();
        }
    }

    /// <summary>Puts the records from an offset on into the batch.</summary>
    private BrokerError? Take(ReadOnlyMemory<byte> batches, Offset from)
    {
        while (!batches.IsEmpty)
        {
            BrokerError? error = RecordReader.TryOpen(batches, Limits.BatchBytesMax, out RecordReader reader);
            while (error is null && reader.MoveNext())
            {
                LogRecord record = reader.Current;
                if (record.Offset < from || record.Key is not { } key || OffsetRecord.HeadOf(key.Span) is null)
                {
                    continue; // nothing of ours: nobody but the broker writes here
                }

                Put(key.Span, record);
            }

            if ((error ?? reader.Error) is { } damage)
            {
                return damage;
            }

            batches = batches[reader.TotalBytes..];
        }

        return null;
    }

    private void Put(ReadOnlySpan<byte> key, in LogRecord record)
    {
        byte[] stateKey = StateKey.Of(replica.Id, StateKind.GroupRecord, SuffixOf(key));
        if (record.Value is not { } value)
        {
            _batch.Delete(stateKey);
            return;
        }

        var stored = new byte[TimeBytes + value.Length];
        BinaryPrimitives.WriteInt64BigEndian(stored, record.TimestampMs);
        value.Span.CopyTo(stored.AsSpan(TimeBytes));
        _batch.Put(stateKey, stored);
    }

    /// <summary>Says from time to time that nothing was missed.</summary>
    private void Refresh()
    {
        if (_upTo > Offset.Zero && env.WallClockMs - _asOfMs > TrustMs / 4)
        {
            _batch.Clear();
            Write(_upTo!.Value);
        }
    }

    private void Forget()
    {
        _batch.Clear();
        foreach (KeyValuePair<byte[], byte[]> pair in env.Logs.State.Scan(StateKey.Of(replica.Id, StateKind.GroupRecord)))
        {
            _batch.Delete(pair.Key);
        }

        Write(Offset.Zero);
    }

    /// <summary>Unsynced: what is lost is read again.</summary>
    private void Write(Offset upTo)
    {
        _asOfMs = env.WallClockMs;
        var mark = new byte[MarkBytes];
        BinaryPrimitives.WriteInt64BigEndian(mark, upTo.Value);
        BinaryPrimitives.WriteInt64BigEndian(mark.AsSpan(8), _asOfMs);
        _batch.Put(StateKey.Of(replica.Id, StateKind.GroupsUpTo), mark);
        try
        {
            env.Logs.State.Write(_batch, sync: false);
        }
        catch (DiskException e)
        {
            env.Logs.Fatal.Fail($"groups of partition {replica.Name}", e);
            throw;
        }

        _upTo = upTo;
    }

    /// <summary>The key with its version behind the group, so that all records of a group are one range.</summary>
    private static byte[] SuffixOf(ReadOnlySpan<byte> key)
    {
        int head = 4 + BinaryPrimitives.ReadInt16BigEndian(key[2..]);
        return [.. key[2..head], .. key[..2], .. key[head..]];
    }

    private static byte[] RecordKeyOf(ReadOnlySpan<byte> suffix)
    {
        int groupBytes = 2 + BinaryPrimitives.ReadInt16BigEndian(suffix);
        return [.. suffix.Slice(groupBytes, 2), .. suffix[..groupBytes], .. suffix[(groupBytes + 2)..]];
    }
}
