using System.Buffers.Binary;
using System.Diagnostics;
using System.Runtime.InteropServices;

namespace LogBroker.Bench.Systems.Nodes;

/// <summary>One acknowledged record; times are timestamps of <see cref="Stopwatch"/>, which all processes of a machine share.</summary>
/// <param name="Partition">Its partition.</param>
/// <param name="DueTicks">When it was to be handed over.</param>
/// <param name="AcknowledgedTicks">When its acknowledgement came.</param>
internal readonly record struct AckEntry(int Partition, long DueTicks, long AcknowledgedTicks);

/// <summary>
/// Every acknowledgement of a load at a modest rate, so that gaps and percentiles of any span can be asked for afterwards: 24 bytes a
/// record. Adding is thread-safe; the questions are for when nothing is added any more.
/// </summary>
internal sealed class AckLog
{
    private const int EntryBytes = 2 * sizeof(long) + sizeof(int);

    /// <summary>More than twenty minutes at 5,000 records a second; what comes after it is not remembered.</summary>
    private const int EntriesMax = 8_000_000;

    private readonly Lock _lock = new();
    private readonly List<AckEntry> _entries = new(64 * 1024);

    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _entries.Count;
            }
        }
    }

    public void Add(AckEntry entry)
    {
        lock (_lock)
        {
            if (_entries.Count < EntriesMax)
            {
                _entries.Add(entry);
            }
        }
    }

    /// <summary>
    /// The longest time between two acknowledgements of one partition of which the second came after <paramref name="afterTicks"/>; null
    /// when there are no two.
    /// </summary>
    public TimeSpan? LongestGap(long afterTicks)
    {
        TimeSpan? longest = null;
        foreach (IGrouping<int, AckEntry> partition in _entries.GroupBy(e => e.Partition))
        {
            long[] times = [.. partition.Select(e => e.AcknowledgedTicks).Order()];
            for (int i = 1; i < times.Length; i++)
            {
                TimeSpan gap = Stopwatch.GetElapsedTime(times[i - 1], times[i]);
                if (times[i] > afterTicks && (longest is null || gap > longest))
                {
                    longest = gap;
                }
            }
        }

        return longest;
    }

    /// <summary>
    /// By nearest rank, of records due from <paramref name="fromTicks"/> to before <paramref name="untilTicks"/>; null for none.
    /// </summary>
    public double? AckP99(long fromTicks, long untilTicks)
    {
        double[] latencies =
        [
            .. _entries.Where(e => e.DueTicks >= fromTicks && e.DueTicks < untilTicks)
                .Select(e => Stopwatch.GetElapsedTime(e.DueTicks, e.AcknowledgedTicks).TotalMicroseconds).Order(),
        ];
        return latencies.Length == 0 ? null : latencies[(int)Math.Ceiling(0.99 * latencies.Length) - 1];
    }

    public void Write(string file)
    {
        byte[] bytes = new byte[EntryBytes * _entries.Count];
        Span<byte> rest = bytes;
        foreach (AckEntry entry in CollectionsMarshal.AsSpan(_entries))
        {
            BinaryPrimitives.WriteInt32LittleEndian(rest, entry.Partition);
            BinaryPrimitives.WriteInt64LittleEndian(rest[sizeof(int)..], entry.DueTicks);
            BinaryPrimitives.WriteInt64LittleEndian(rest[(sizeof(int) + sizeof(long))..], entry.AcknowledgedTicks);
            rest = rest[EntryBytes..];
        }

        File.WriteAllBytes(file, bytes);
    }

    /// <exception cref="BenchException">The file is not whole.</exception>
    public static AckLog Read(string file)
    {
        ReadOnlySpan<byte> rest = File.ReadAllBytes(file);
        if (rest.Length % EntryBytes != 0)
        {
            throw new BenchException($"{Path.GetFileName(file)} is cut short: the load program did not end in order");
        }

        var log = new AckLog();
        for (; rest.Length > 0; rest = rest[EntryBytes..])
        {
            log.Add(new AckEntry(
                BinaryPrimitives.ReadInt32LittleEndian(rest),
                BinaryPrimitives.ReadInt64LittleEndian(rest[sizeof(int)..]),
                BinaryPrimitives.ReadInt64LittleEndian(rest[(sizeof(int) + sizeof(long))..])));
        }

        return log;
    }
}
