using System.Buffers.Binary;
using System.Globalization;
using LogBroker.Protocol;

namespace LogBroker.TestKit;

/// <summary>One item of a log as the simulation knows it.</summary>
/// <param name="Position">The position behind it.</param>
/// <param name="Chain">A hash over this item and all in front of it: the same at every replica that has the position.</param>
/// <param name="BaseOffset">Its first offset; of a row its start.</param>
/// <param name="IsRow">True for an epoch row.</param>
/// <param name="Body">A hash of what its producer sent, stamps left out.</param>
/// <param name="Producer">Its producer, if it is idempotent.</param>
/// <param name="ProducerEpoch">The epoch of the producer.</param>
/// <param name="Sequence">Its first sequence number.</param>
/// <param name="FileBase">The file it stands in.</param>
/// <param name="FileEnd">The byte behind it there.</param>
internal readonly record struct SimItem(
    LogPosition Position,
    ulong Chain,
    Offset BaseOffset,
    bool IsRow,
    ulong Body,
    ProducerId Producer,
    short ProducerEpoch,
    int Sequence,
    Offset FileBase,
    int FileEnd);

/// <summary>
/// What the simulation knows to be in the log of one replica: the items, read from its files behind the broker's back as they are
/// appended, forgotten as they are cut, and read anew at each start. One thread.
/// </summary>
internal sealed class SimShadow(SimDisk disk, string directory, SimPartition partition)
{
    private readonly List<SimItem> _items = [];
    private byte[] _buffer = new byte[4096];
    private LogPosition _start;
    private ulong _startChain;
    private Offset _firstFile = Offset.None;
    private Offset _fileBase = Offset.None;
    private int _fileEnd;

    public IReadOnlyList<SimItem> Items => _items;

    /// <summary>The position behind the last item.</summary>
    public LogPosition Position => _items.Count == 0 ? _start : _items[^1].Position;

    /// <summary>Where its files begin.</summary>
    public LogPosition Start => _start;

    public ulong Chain => _items.Count == 0 ? _startChain : _items[^1].Chain;

    /// <summary>Reads all there is: after a start or a reset.</summary>
    public void Rebuild(LogPosition start, LogPosition upto)
    {
        _items.Clear();
        string? first = disk.PeekNames(directory).FirstOrDefault(n => n.EndsWith(".log", StringComparison.Ordinal));
        _fileBase = first is null ? Offset.None : new Offset(long.Parse(first.AsSpan(0, 20), CultureInfo.InvariantCulture));
        _firstFile = _fileBase;
        _fileEnd = 0;
        _start = start;
        if (_fileBase > Offset.Zero)
        {
            _start = TakeRestatedRow();
        }
        else if (_fileBase == Offset.Zero)
        {
            _start = LogPosition.Zero;
        }

        _startChain = partition.ChainAt(_start, directory);
        ReadUpto(upto);
    }

    /// <summary>Reads what was appended.</summary>
    public void ReadUpto(LogPosition upto)
    {
        while (Position < upto)
        {
            if (_fileBase == Offset.None || (Position.Offset > _fileBase && Exists(Position.Offset)))
            {
                Require(Exists(Position.Offset), $"no file holds what stands behind {Position}, the log ends at {upto}");
                _firstFile = _fileBase == Offset.None ? Position.Offset : _firstFile;
                _fileBase = Position.Offset;
                _fileEnd = 0;
                if (_fileBase > Offset.Zero)
                {
                    LogPosition restated = TakeRestatedRow();
                    Require(restated.Epoch == LastRecordEpoch(), $"file {_fileBase} restates {restated.Epoch}, not {LastRecordEpoch()}");
                }
            }

            Take(upto);
        }

        Require(Position == upto, $"the log holds items up to {Position} and says {upto}");
    }

    /// <summary>Forgets what a cut took.</summary>
    public void Cut(LogPosition to)
    {
        int kept = _items.Count;
        while (kept > 0 && _items[kept - 1].Position > to)
        {
            kept--;
        }

        _items.RemoveRange(kept, _items.Count - kept);
        Require(Position == to, $"was cut to {to}, which is no end of an item");
        if (kept > 0)
        {
            _fileBase = _items[^1].FileBase;
            _fileEnd = _items[^1].FileEnd;
        }
        else
        {
            _fileBase = _firstFile;
            _fileEnd = _fileBase > Offset.Zero ? EpochRow.Bytes : 0;
        }
    }

    /// <summary>The number of items in front of a position, or -1 when it is none of this log.</summary>
    public int CountUpto(LogPosition position)
    {
        if (position == _start)
        {
            return 0;
        }

        int low = 0;
        int high = _items.Count - 1;
        while (low <= high)
        {
            int middle = (low + high) / 2;
            int order = _items[middle].Position.CompareTo(position);
            if (order == 0)
            {
                return middle + 1;
            }

            (low, high) = order < 0 ? (middle + 1, high) : (low, middle - 1);
        }

        return -1;
    }

    /// <summary>True when the log has this very prefix; what its files no longer hold is part of where they begin.</summary>
    public bool Has(LogPosition position, ulong chain)
    {
        if (position < _start)
        {
            return true;
        }

        int count = CountUpto(position);
        return count >= 0 && (count == 0 ? _startChain : _items[count - 1].Chain) == chain;
    }

    /// <summary>The epoch of the record in front of the end, rows behind it left out.</summary>
    private Epoch LastRecordEpoch()
    {
        for (int i = _items.Count - 1; i >= 0; i--)
        {
            if (!_items[i].IsRow)
            {
                return _items[i].Position.Epoch;
            }
        }

        return _start.Epoch;
    }

    private void Take(LogPosition upto)
    {
        RecordBatch batch = Read();
        LogPosition before = Position;
        Require(batch.BaseOffset == before.Offset, $"offset {batch.BaseOffset} where {before.Offset} is due, before {upto}");
        bool isRow = batch.IsEpochRow;
        Require(
            isRow ? batch.LeaderEpoch > before.Epoch : batch.LeaderEpoch == before.Epoch,
            $"{(isRow ? "a row" : "a record")} of epoch {batch.LeaderEpoch} behind {before}",
            "StampAgreesWithTable");
        if (partition.Compaction is not null && batch.IsCompacted)
        {
            TakeCompacted(batch);
            return;
        }

        var position = new LogPosition(batch.LeaderEpoch, isRow ? before.Offset : batch.NextOffset);
        if (!isRow)
        {
            partition.Compaction?.Note(position, batch.Bytes);
        }

        ulong chain = HashOf(batch.Bytes, Chain);
        _fileEnd += batch.TotalBytes;
        _items.Add(new SimItem(
            position,
            chain,
            batch.BaseOffset,
            isRow,
            isRow ? 0 : BodyOf(batch.Bytes),
            batch.ProducerId,
            batch.ProducerEpoch,
            batch.BaseSequence,
            _fileBase,
            _fileEnd));
        partition.Note(position, chain, directory);
    }

    /// <summary>Takes the batches that were written for what compaction has left of them, so that all replicas stay comparable.</summary>
    private void TakeCompacted(RecordBatch batch)
    {
        _fileEnd += batch.TotalBytes;
        foreach (SimItem item in partition.Compacted(batch, directory))
        {
            _items.Add(item with { FileBase = _fileBase, FileEnd = _fileEnd });
        }

        Require(Position.Offset == batch.NextOffset, $"a compacted batch ends at {batch.NextOffset}, what was committed at {Position}");
    }

    private LogPosition TakeRestatedRow()
    {
        RecordBatch row = Read();
        Require(row.IsEpochRow && row.BaseOffset == _fileBase, $"file {_fileBase} does not begin with a restated row");
        _fileEnd += row.TotalBytes;
        return new LogPosition(row.LeaderEpoch, _fileBase);
    }

    private RecordBatch Read()
    {
        string path = PathOf(_fileBase);
        int header = disk.Peek(path, _fileEnd, _buffer.AsSpan(0, BatchHeader.Bytes));
        int bytes = header < BatchHeader.Bytes ? 0 : (int)Math.Min(int.MaxValue, BatchHeader.ReadTotalBytes(_buffer));
        Require(bytes is >= BatchHeader.Bytes and <= Limits.BatchBytesMax, $"no item at byte {_fileEnd} of {path}, behind {Position}");
        if (bytes > _buffer.Length)
        {
            _buffer = new byte[2 * bytes];
        }

        disk.Peek(path, _fileEnd, _buffer.AsSpan(0, bytes));
        BatchFault fault = RecordBatch.TryParse(_buffer.AsSpan(0, bytes), Limits.BatchBytesMax, out RecordBatch batch);
        fault = fault == BatchFault.None ? batch.Check() : fault;
        Require(fault == BatchFault.None, $"{fault} at byte {_fileEnd} of {path}");
        return batch;
    }

    private bool Exists(Offset fileBase) => disk.Peek(PathOf(fileBase), 0, default) >= 0;

    private string PathOf(Offset fileBase) =>
        directory + "/" + fileBase.Value.ToString("D20", CultureInfo.InvariantCulture) + ".log";

    private void Require(bool condition, string what, string name = "LogIsWhole")
    {
        if (!condition)
        {
            throw new SimViolation(name, $"{directory}: {what}");
        }
    }

    /// <summary>What a producer sent: all that the broker does not stamp.</summary>
    public static ulong BodyOf(ReadOnlySpan<byte> batch) => HashOf(batch[BatchHeader.CrcCoverageAt..], 1);

    private static ulong HashOf(ReadOnlySpan<byte> bytes, ulong seed)
    {
        ulong hash = seed ^ ((ulong)bytes.Length * 0x9E3779B97F4A7C15);
        while (bytes.Length >= 8)
        {
            hash = (hash ^ BinaryPrimitives.ReadUInt64LittleEndian(bytes)) * 0x9FB21C651E98DF25;
            hash ^= hash >> 32;
            bytes = bytes[8..];
        }

        foreach (byte b in bytes)
        {
            hash = (hash ^ b) * 0x100000001B3;
        }

        hash ^= hash >> 29;
        return hash * 0xBF58476D1CE4E5B9;
    }
}
