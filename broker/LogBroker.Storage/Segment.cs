using LogBroker.Protocol;

namespace LogBroker.Storage;

/// <summary>
/// One segment file with its indexes, its mapping and the leases on it.
/// Owner: the writer of the log appends, closes and removes; readers take leases, the flush thread syncs, each holding the segment
/// meanwhile. The file is closed and unmapped when the log has let it go and the last holder has.
/// Failure policy: none here; disk exceptions go to the caller, which ends the process on failed writes and syncs.
/// </summary>
internal sealed class Segment
{
    private const int ReadAheadBytes = 8 * 1024 * 1024;

    private readonly Lock _gate = new();
    private readonly IDisk _disk;
    private readonly IDiskFile _file;
    private readonly string _directory;

    // Guarded by _gate.
    private int _holders = 1;
    private bool _retired;
    private SegmentSlice? _leases;
    private IDiskMapping? _mapping;
    private bool _mappingTried;

    // A hint of readers; races only cost a hint too many.
    private long _readAheadEnd;

    // Written by the owner of the log, read by anyone.
    private long _bytes;
    private long _next;

    // Set by the owner after a write, taken by the flush thread before its sync.
    private int _dirty;
    private int _nameUnsynced;

    // Set by the owner of the log.
    private bool _hasLostName;

    public Segment(IDisk disk, string directory, Offset baseOffset, IDiskFile file, long fileBytes)
    {
        _disk = disk;
        _directory = directory;
        _file = file;
        Base = baseOffset;
        FileBytes = fileBytes;
        _next = baseOffset.Value;
        Index = new SegmentIndex(directory, baseOffset);
    }

    public Offset Base { get; }

    public string Path => SegmentName.PathOf(_directory, Base, SegmentName.Log);

    /// <summary>False when the names of its files are another segment's, which took its place. Any thread.</summary>
    public bool HasName => !Volatile.Read(ref _hasLostName);

    public IDiskFile File => _file;

    public SegmentIndex Index { get; }

    public VerifiedRanges Verified { get; } = new();

    /// <summary>Appended bytes; what lies behind in the file is preallocated room.</summary>
    public long Bytes => Volatile.Read(ref _bytes);

    /// <summary>Offset behind the last record.</summary>
    public Offset Next => new(Volatile.Read(ref _next));

    /// <summary>Length of the file, room included; of the mapping too. Owner only.</summary>
    public long FileBytes { get; private set; }

    /// <summary>Append time of the first record, by the broker's clock; -1 without records. Owner only.</summary>
    public long FirstAppendMs { get; set; } = -1;

    /// <summary>Append time of the last record. Owner only.</summary>
    public long LastAppendMs { get; set; } = -1;

    /// <summary>True when the last item is a record: only then may another file be begun. Owner only.</summary>
    public bool EndsWithRecord { get; set; }

    /// <summary>True when nothing is appended any more.</summary>
    public bool IsClosed { get; private set; }

    /// <summary>Written bytes or names wait for a sync.</summary>
    public bool IsDirty => Volatile.Read(ref _dirty) != 0 || Volatile.Read(ref _nameUnsynced) != 0;

    /// <summary>Publishes that bytes were appended.</summary>
    public void Appended(long bytes, Offset next)
    {
        Volatile.Write(ref _dirty, 1);
        Volatile.Write(ref _next, next.Value);
        Volatile.Write(ref _bytes, bytes);
    }

    /// <summary>Takes over what recovery found.</summary>
    public void Recovered(long bytes, Offset next, bool endsWithRecord)
    {
        Volatile.Write(ref _next, next.Value);
        Volatile.Write(ref _bytes, bytes);
        EndsWithRecord = endsWithRecord;
    }

    public void MarkNameUnsynced() => Volatile.Write(ref _nameUnsynced, 1);

    public void MarkDirty() => Volatile.Write(ref _dirty, 1);

    public bool TakeNameUnsynced() => Interlocked.Exchange(ref _nameUnsynced, 0) != 0;

    public bool TakeDirty() => Interlocked.Exchange(ref _dirty, 0) != 0;

    /// <summary>Lengthens or trims the file. Never below the appended bytes, so never below a lease.</summary>
    public void SetFileBytes(long bytes)
    {
        Invariant.Require(bytes >= Bytes);
        _file.SetLength(bytes);
        FileBytes = bytes;
    }

    /// <summary>Trims the file and writes the indexes; nothing is appended afterwards.</summary>
    public void Close()
    {
        SetFileBytes(Bytes);
        Index.Close(_disk);
        IsClosed = true;
        MarkDirty();
        MarkNameUnsynced();
    }

    /// <summary>Its names become those of the segment that takes its place.</summary>
    public void LoseName()
    {
        Index.Detach();
        Volatile.Write(ref _hasLostName, true);
    }

    /// <summary>Notes that the segment was found closed.</summary>
    public void MarkClosed() => IsClosed = true;

    /// <summary>Keeps file and mapping open until <see cref="Release"/>; false when the log has let the segment go.</summary>
    public bool TryHold()
    {
        lock (_gate)
        {
            if (_retired)
            {
                return false;
            }

            _holders++;
            return true;
        }
    }

    /// <summary>Gives back what <see cref="TryHold"/> took.</summary>
    public void Release()
    {
        bool last;
        lock (_gate)
        {
            last = --_holders == 0;
        }

        if (last)
        {
            CloseFile();
        }
    }

    /// <summary>Takes a lease; false when the log has let the segment go.</summary>
    public bool TryLease(SegmentSlice slice)
    {
        lock (_gate)
        {
            if (_retired)
            {
                return false;
            }

            _holders++;
            slice.NextLease = _leases;
            if (_leases is not null)
            {
                _leases.PreviousLease = slice;
            }

            _leases = slice;
            return true;
        }
    }

    /// <summary>Gives a lease back.</summary>
    public void Return(SegmentSlice slice)
    {
        lock (_gate)
        {
            if (slice.PreviousLease is null)
            {
                _leases = slice.NextLease;
            }
            else
            {
                slice.PreviousLease.NextLease = slice.NextLease;
            }

            if (slice.NextLease is not null)
            {
                slice.NextLease.PreviousLease = slice.PreviousLease;
            }

            slice.NextLease = slice.PreviousLease = null;
        }

        Release();
    }

    /// <summary>The log lets it go, once. True when nobody holds it any more, so that it is closed and unmapped.</summary>
    public bool Retire()
    {
        lock (_gate)
        {
            if (_retired)
            {
                return _holders == 0;
            }

            _retired = true;
            if (--_holders > 0)
            {
                return false;
            }
        }

        CloseFile();
        return true;
    }

    /// <summary>True when the log has let it go.</summary>
    public bool IsRetired
    {
        get
        {
            lock (_gate)
            {
                return _retired;
            }
        }
    }

    /// <summary>True when only the caller's hold is left.</summary>
    public bool IsHeldOnce
    {
        get
        {
            lock (_gate)
            {
                return _holders == 1;
            }
        }
    }

    /// <summary>Takes back leases of a segment that was let go, if they are older than allowed; true while some are left.</summary>
    public bool RevokeLeases(long issuedBefore)
    {
        List<SegmentSlice>? old = null;
        bool left;
        lock (_gate)
        {
            left = _holders > 0;
            for (SegmentSlice? slice = _leases; slice is not null; slice = slice.NextLease)
            {
                if (slice.IssuedAt < issuedBefore)
                {
                    (old ??= []).Add(slice);
                }
            }
        }

        foreach (SegmentSlice slice in old ?? [])
        {
            slice.Revoke();
        }

        return left;
    }

    /// <summary>The mapping over the whole file, made at the first use; null where reads must do. Call while holding the segment.</summary>
    public IDiskMapping? Mapping
    {
        get
        {
            lock (_gate)
            {
                if (!_mappingTried)
                {
                    _mappingTried = true;
                    _mapping = _file.Map(Math.Max(FileBytes, _bytes));
                }

                return _mapping;
            }
        }
    }

    /// <summary>
    /// Says that a reader goes through the segment and is about to read this range: the disk is asked for what lies behind it while the
    /// range is checked and sent. Without it a mapping is read a few pages at a time.
    /// </summary>
    public void ReadAhead(long at, int bytes)
    {
        long end = Math.Min(at + bytes + ReadAheadBytes, Bytes);
        if (Verified.Contains(at, end))
        {
            return; // it was read since the start, so it most probably is in memory
        }

        long asked = Volatile.Read(ref _readAheadEnd);
        long from = asked > at && asked <= end ? asked : at;
        if (from > at && end - from < ReadAheadBytes / 2 && end < Bytes)
        {
            return;
        }

        Volatile.Write(ref _readAheadEnd, end);
        if (from < end && !(IsResident(from) && IsResident(end - 1)))
        {
            _file.WillNeed(from, end - from);
        }
    }

    private bool IsResident(long at) => Mapping is { } mapping && mapping.IsResident(at, 1);

    /// <summary>Copies bytes out: from the mapping in pieces that are populated right before, or by reading.</summary>
    public void Copy(long at, Span<byte> destination)
    {
        IDiskMapping? mapping = Mapping;
        while (!destination.IsEmpty)
        {
            int count = Math.Min(destination.Length, IDiskMapping.PopulateBytesMax);
            Span<byte> piece = destination[..count];
            if (mapping is not null && at + count <= mapping.Bytes)
            {
                mapping.Populate(at, count).CopyTo(piece);
            }
            else if (_file.Read(at, piece) != count)
            {
                throw new DiskReadException("pread", Path, 0, $"the file ends before byte {at + count}");
            }

            at += count;
            destination = destination[count..];
        }
    }

    /// <summary>Removes the names of all its files, lowest value last: an index without a log is nothing.</summary>
    public void DeleteFiles()
    {
        Index.DeleteFiles(_disk);
        _disk.DeleteFile(SegmentName.PathOf(_directory, Base, SegmentName.Log));
    }

    private void CloseFile()
    {
        _mapping?.Dispose();
        _file.Dispose();
    }
}
