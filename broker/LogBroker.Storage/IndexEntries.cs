using LogBroker.Protocol;

namespace LogBroker.Storage;

/// <summary>Where a batch stands: its last offset, relative to the base of the segment, and the byte it begins at.</summary>
internal readonly record struct OffsetEntry(int RelativeOffset, int Position);

/// <summary>Largest timestamp up to and including the batch whose last offset is given.</summary>
internal readonly record struct TimeEntry(long TimestampMs, int RelativeOffset);

/// <summary>
/// The sparse indexes of one segment in memory. One thread adds; any number look up at the same time: the arrays only grow, and a
/// count is published after what it counts.
/// </summary>
internal sealed class IndexEntries
{
    private OffsetEntry[] _offsets;
    private TimeEntry[] _times;
    private int _offsetCount;
    private int _timeCount;

    public IndexEntries()
    {
        _offsets = [];
        _times = [];
    }

    public IndexEntries(OffsetEntry[] offsets, TimeEntry[] times)
    {
        _offsets = offsets;
        _times = times;
        _offsetCount = offsets.Length;
        _timeCount = times.Length;
    }

    public ReadOnlySpan<OffsetEntry> Offsets
    {
        get
        {
            int count = Volatile.Read(ref _offsetCount);
            return Volatile.Read(ref _offsets).AsSpan(0, count);
        }
    }

    public ReadOnlySpan<TimeEntry> Times
    {
        get
        {
            int count = Volatile.Read(ref _timeCount);
            return Volatile.Read(ref _times).AsSpan(0, count);
        }
    }

    public void AddOffset(OffsetEntry entry)
    {
        int count = _offsetCount;
        if (count == _offsets.Length)
        {
            Volatile.Write(ref _offsets, Grown(_offsets));
        }

        _offsets[count] = entry;
        Volatile.Write(ref _offsetCount, count + 1);
    }

    public void AddTime(TimeEntry entry)
    {
        int count = _timeCount;
        if (count == _times.Length)
        {
            Volatile.Write(ref _times, Grown(_times));
        }

        _times[count] = entry;
        Volatile.Write(ref _timeCount, count + 1);
    }

    /// <summary>The last entry whose offset is at most the target; default (byte 0) if there is none.</summary>
    public OffsetEntry? FloorByOffset(long relativeOffset)
    {
        ReadOnlySpan<OffsetEntry> entries = Offsets;
        int low = 0;
        int high = entries.Length;
        while (low < high)
        {
            int middle = (low + high) >>> 1;
            if (entries[middle].RelativeOffset <= relativeOffset)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low == 0 ? null : entries[low - 1];
    }

    /// <summary>The last entry that stands at or before a byte.</summary>
    public OffsetEntry? FloorByPosition(long position)
    {
        ReadOnlySpan<OffsetEntry> entries = Offsets;
        int low = 0;
        int high = entries.Length;
        while (low < high)
        {
            int middle = (low + high) >>> 1;
            if (entries[middle].Position <= position)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low == 0 ? null : entries[low - 1];
    }

    /// <summary>The last entry with a timestamp of at most the target.</summary>
    public TimeEntry? FloorByTime(long timestampMs)
    {
        ReadOnlySpan<TimeEntry> entries = Times;
        int low = 0;
        int high = entries.Length;
        while (low < high)
        {
            int middle = (low + high) >>> 1;
            if (entries[middle].TimestampMs <= timestampMs)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low == 0 ? null : entries[low - 1];
    }

    private static T[] Grown<T>(T[] entries)
    {
        var grown = new T[Math.Max(64, entries.Length * 2)];
        entries.CopyTo(grown, 0);
        Invariant.Require(grown.Length > entries.Length);
        return grown;
    }
}
