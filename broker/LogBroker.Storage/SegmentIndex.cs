using System.Buffers.Binary;
using LogBroker.Protocol;

namespace LogBroker.Storage;

/// <summary>
/// Offset and time index of one segment, on disk in Kafka's layout, big-endian and without checksum:
/// <code>
///   %020d.index      int32 last offset of a batch - base offset, int32 byte at which that batch begins
///   %020d.timeindex  int64 largest timestamp so far, int32 last offset of the batch that has it - base offset
/// </code>
/// Sparse: an entry per index.interval.bytes of log. The open segment's index is in memory alone; the files are written when it
/// is closed. Never trusted: a file that is missing, too short or out of order is rebuilt from the log, and whoever looks up
/// checks the batch that an entry points to. Epoch rows are never indexed.
/// Owner: the writer of the log adds and closes; look-ups may run beside it on any thread.
/// </summary>
internal sealed class SegmentIndex(string directory, Offset baseOffset)
{
    /// <summary>
    /// Entries of a 10 MiB time index, the smaller of the two, as in Kafka: the segment is rolled before more are needed.
    /// </summary>
    public const int EntriesMax = 873_813;

    public const int OffsetEntryBytes = 8;
    public const int TimeEntryBytes = 12;

    private IndexEntries? _open = new();
    private WeakReference<IndexEntries>? _closed;
    private int _bytesSinceEntry;
    private bool _isDetached;

    public string OffsetPath { get; } = SegmentName.PathOf(directory, baseOffset, SegmentName.OffsetIndex);

    public string TimePath { get; } = SegmentName.PathOf(directory, baseOffset, SegmentName.TimeIndex);

    /// <summary>Largest timestamp of the segment, -1 without records.</summary>
    public long MaxTimestampMs { get; private set; } = -1;

    /// <summary>Last offset of the first batch that has it, relative.</summary>
    public int MaxTimestampRelativeOffset { get; private set; }

    /// <summary>True while entries may be added.</summary>
    public bool IsOpen => _open is not null;

    /// <summary>True when the next entry would not fit; one slot is kept for the entry at closing.</summary>
    public bool IsFull => _open is { } open && Math.Max(open.Offsets.Length, open.Times.Length) >= EntriesMax - 1;

    /// <summary>Notes a batch with records; the interval decides whether it gets entries.</summary>
    public void Add(int lastRelativeOffset, int position, int bytes, long maxTimestampMs, int intervalBytes)
    {
        IndexEntries open = _open!;
        if (maxTimestampMs > MaxTimestampMs)
        {
            MaxTimestampMs = maxTimestampMs;
            MaxTimestampRelativeOffset = lastRelativeOffset;
        }

        if (_bytesSinceEntry > intervalBytes)
        {
            open.AddOffset(new OffsetEntry(lastRelativeOffset, position));
            AddTimeEntry(open);
            _bytesSinceEntry = 0;
        }

        _bytesSinceEntry += bytes;
    }

    /// <summary>The entries, of a closed segment from its files; null when they must be rebuilt.</summary>
    public IndexEntries? TryEntries(IDisk disk, long segmentBytes)
    {
        if (Volatile.Read(ref _open) is { } open)
        {
            return open;
        }

        if (_closed is { } closed && closed.TryGetTarget(out IndexEntries? kept))
        {
            return kept;
        }

        IndexEntries? loaded = Volatile.Read(ref _isDetached) ? null : Load(disk, segmentBytes);
        if (loaded is not null)
        {
            _closed = new WeakReference<IndexEntries>(loaded);
        }

        return loaded;
    }

    /// <summary>Writes both files and lets the memory go. Without room for them nothing is left: they will be rebuilt.</summary>
    public void Close(IDisk disk)
    {
        IndexEntries open = _open!;
        AddTimeEntry(open);
        Save(disk, open);
        _closed = new WeakReference<IndexEntries>(open);
        Volatile.Write(ref _open, null);
    }

    /// <summary>
    /// Writes both files aside and adds nothing any more; <see cref="AdoptAside"/> is to follow, or <see cref="DropAside"/>.
    /// </summary>
    public void SaveAside(IDisk disk)
    {
        IndexEntries open = _open!;
        AddTimeEntry(open);
        DropAside(disk);
        Save(disk, open, SegmentName.Cleaned);
        _closed = new WeakReference<IndexEntries>(open);
        Volatile.Write(ref _open, null);
    }

    /// <summary>Gives the files written aside their names; without them what is there goes, and will be rebuilt.</summary>
    public void AdoptAside(IDisk disk)
    {
        foreach (string path in (ReadOnlySpan<string>)[OffsetPath, TimePath])
        {
            if (disk.FileExists(path + SegmentName.Cleaned))
            {
                disk.Rename(path + SegmentName.Cleaned, path);
            }
            else
            {
                disk.DeleteFile(path);
            }
        }
    }

    /// <summary>Removes files written aside.</summary>
    public void DropAside(IDisk disk)
    {
        disk.DeleteFile(OffsetPath + SegmentName.Cleaned);
        disk.DeleteFile(TimePath + SegmentName.Cleaned);
    }

    /// <summary>The files of its names are another segment's from now on: they are not read any more.</summary>
    public void Detach() => Volatile.Write(ref _isDetached, true);

    /// <summary>
    /// Takes over rebuilt entries of a closed segment, and writes the files if asked; when that fails the entries are good all the same.
    /// Any thread.
    /// </summary>
    public IndexEntries Replace(IDisk disk, SegmentIndex rebuilt, bool save)
    {
        IndexEntries entries = rebuilt._open!;
        rebuilt.AddTimeEntry(entries);
        if (save)
        {
            TrySave(disk, entries);
        }

        MaxTimestampMs = rebuilt.MaxTimestampMs;
        MaxTimestampRelativeOffset = rebuilt.MaxTimestampRelativeOffset;
        _closed = new WeakReference<IndexEntries>(entries);
        return entries;
    }

    /// <summary>Makes it the index of a closed segment whose largest timestamp is known.</summary>
    public void MarkClosed(long maxTimestampMs)
    {
        MaxTimestampMs = maxTimestampMs;
        Volatile.Write(ref _open, null);
    }

    /// <summary>Goes on adding to the index of a segment that was closed; false when its files cannot be used.</summary>
    public bool TryReopen(IDisk disk, long segmentBytes, long maxTimestampMs)
    {
        MaxTimestampMs = maxTimestampMs;
        if (Load(disk, segmentBytes) is not { } entries)
        {
            return false;
        }

        if (!entries.Times.IsEmpty)
        {
            MaxTimestampRelativeOffset = entries.Times[^1].RelativeOffset;
        }

        int lastPosition = entries.Offsets.IsEmpty ? 0 : entries.Offsets[^1].Position;
        _bytesSinceEntry = (int)(segmentBytes - lastPosition);
        _open = entries;
        return true;
    }

    /// <summary>
    /// Makes the files durable, if they are there and can be opened: they may be removed beside this, and what is missing after a
    /// crash is rebuilt.
    /// </summary>
    public void Sync(IDisk disk)
    {
        foreach (string path in (ReadOnlySpan<string>)[OffsetPath, TimePath])
        {
            using IDiskFile? file = TryOpen(disk, path, DiskAccess.ReadWrite);
            file?.SyncData();
        }
    }

    /// <summary>Removes both files.</summary>
    public void DeleteFiles(IDisk disk)
    {
        disk.DeleteFile(OffsetPath);
        disk.DeleteFile(TimePath);
        _closed = null;
    }

    /// <summary>Removes both files if that is possible; for files nobody looks at.</summary>
    public void DropFiles(IDisk disk)
    {
        try
        {
            DeleteFiles(disk);
        }
        catch (DiskException)
        {
            // An index without a log is nothing, and goes with its directory.
        }
    }

    private void TrySave(IDisk disk, IndexEntries entries)
    {
        try
        {
            Save(disk, entries);
        }
        catch (DiskException)
        {
            // Half a file would be found out of order, or too short, and rebuilt again.
        }
    }

    private void AddTimeEntry(IndexEntries entries)
    {
        ReadOnlySpan<TimeEntry> times = entries.Times;
        if (MaxTimestampMs >= 0 && (times.IsEmpty || MaxTimestampMs > times[^1].TimestampMs))
        {
            entries.AddTime(new TimeEntry(MaxTimestampMs, MaxTimestampRelativeOffset));
        }
    }

    private void Save(IDisk disk, IndexEntries entries, string suffix = "")
    {
        var offsets = new byte[entries.Offsets.Length * OffsetEntryBytes];
        for (int i = 0; i < entries.Offsets.Length; i++)
        {
            Span<byte> at = offsets.AsSpan(i * OffsetEntryBytes);
            BinaryPrimitives.WriteInt32BigEndian(at, entries.Offsets[i].RelativeOffset);
            BinaryPrimitives.WriteInt32BigEndian(at[4..], entries.Offsets[i].Position);
        }

        var times = new byte[entries.Times.Length * TimeEntryBytes];
        for (int i = 0; i < entries.Times.Length; i++)
        {
            Span<byte> at = times.AsSpan(i * TimeEntryBytes);
            BinaryPrimitives.WriteInt64BigEndian(at, entries.Times[i].TimestampMs);
            BinaryPrimitives.WriteInt32BigEndian(at[8..], entries.Times[i].RelativeOffset);
        }

        try
        {
            WriteFile(disk, OffsetPath + suffix, offsets);
            WriteFile(disk, TimePath + suffix, times);
        }
        catch (Exception e) when (e is DiskFullException or DiskBusyException)
        {
            disk.DeleteFile(OffsetPath + suffix);
            disk.DeleteFile(TimePath + suffix);
        }
    }

    private static void WriteFile(IDisk disk, string path, byte[] bytes)
    {
        bool exists = disk.FileExists(path);
        using IDiskFile file = disk.Open(path, exists ? DiskAccess.ReadWrite : DiskAccess.CreateNew);
        if (exists)
        {
            file.SetLength(0);
        }

        file.Write(0, bytes);
    }

    private IndexEntries? Load(IDisk disk, long segmentBytes)
    {
        byte[]? offsetBytes = ReadFile(disk, OffsetPath);
        byte[]? timeBytes = ReadFile(disk, TimePath);
        return offsetBytes is null || timeBytes is null
            ? null
            : TryDecode(offsetBytes, timeBytes, segmentBytes, MaxTimestampMs);
    }

    /// <summary>The entries, or null when they cannot be of such a segment.</summary>
    internal static IndexEntries? TryDecode(
        ReadOnlySpan<byte> offsetBytes, ReadOnlySpan<byte> timeBytes, long segmentBytes, long maxTimestampMs)
    {
        if (offsetBytes.Length % OffsetEntryBytes != 0 || timeBytes.Length % TimeEntryBytes != 0)
        {
            return null;
        }

        var offsets = new OffsetEntry[offsetBytes.Length / OffsetEntryBytes];
        OffsetEntry before = new(-1, -1);
        for (int i = 0; i < offsets.Length; i++)
        {
            ReadOnlySpan<byte> at = offsetBytes[(i * OffsetEntryBytes)..];
            OffsetEntry entry = new(BinaryPrimitives.ReadInt32BigEndian(at), BinaryPrimitives.ReadInt32BigEndian(at[4..]));
            if (entry.RelativeOffset <= before.RelativeOffset || entry.Position <= before.Position || entry.Position >= segmentBytes)
            {
                return null;
            }

            offsets[i] = before = entry;
        }

        var times = new TimeEntry[timeBytes.Length / TimeEntryBytes];
        TimeEntry earlier = new(-1, -1);
        for (int i = 0; i < times.Length; i++)
        {
            ReadOnlySpan<byte> at = timeBytes[(i * TimeEntryBytes)..];
            TimeEntry entry = new(BinaryPrimitives.ReadInt64BigEndian(at), BinaryPrimitives.ReadInt32BigEndian(at[8..]));
            if (entry.TimestampMs <= earlier.TimestampMs || entry.RelativeOffset <= earlier.RelativeOffset)
            {
                return null;
            }

            times[i] = earlier = entry;
        }

        return earlier.TimestampMs == maxTimestampMs ? new IndexEntries(offsets, times) : null;
    }

    private static IDiskFile? TryOpen(IDisk disk, string path, DiskAccess access)
    {
        try
        {
            return disk.FileExists(path) ? disk.Open(path, access) : null;
        }
        catch (DiskException e) when (e.Operation == "open")
        {
            return null;
        }
    }

    private static byte[]? ReadFile(IDisk disk, string path)
    {
        try
        {
            using IDiskFile? file = TryOpen(disk, path, DiskAccess.ReadOnly);
            if (file is null)
            {
                return null;
            }

            long length = file.Length;
            if (length > EntriesMax * (long)TimeEntryBytes)
            {
                return null;
            }

            var bytes = new byte[length];
            return file.Read(0, bytes) == bytes.Length ? bytes : null;
        }
        catch (DiskReadException)
        {
            return null;
        }
    }
}
