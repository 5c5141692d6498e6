using LogBroker.Protocol;

namespace LogBroker.Storage;

/// <summary>
/// The last offset of each key of the part of a log that is to be compacted: 24 bytes per key, keys as hashes of 128 bits, at most nine
/// tenths full. Its memory is taken once. One per compaction; not thread-safe.
/// </summary>
internal sealed class KeyOffsets
{
    /// <summary>Bytes of one entry.</summary>
    public const int EntryBytes = 24;

    private readonly KeyHash _hash;
    private readonly Entry[] _entries;
    private readonly int _countMax;

    /// <summary>A map that takes this many bytes, at least 16 entries.</summary>
    public KeyOffsets(long bytes, KeyHash hash)
    {
        _hash = hash;
        _entries = new Entry[(int)Math.Clamp(bytes / EntryBytes, 16, Array.MaxLength / 2)];
        _countMax = (int)(_entries.Length * 9L / 10);
    }

    /// <summary>Keys in it.</summary>
    public int Count { get; private set; }

    /// <summary>Notes the offset of a record; false, and nothing noted, when it has no room for another key.</summary>
    public bool TryPut(ReadOnlySpan<byte> key, Offset offset)
    {
        ref Entry entry = ref Find(key, out (ulong Low, ulong High) hash);
        if (entry.OffsetPlusOne == 0)
        {
            if (Count >= _countMax)
            {
                return false;
            }

            Count++;
            (entry.Low, entry.High) = hash;
        }

        entry.OffsetPlusOne = Math.Max(entry.OffsetPlusOne, offset.Value + 1);
        return true;
    }

    /// <summary>The last offset noted for a key, or none.</summary>
    public Offset Find(ReadOnlySpan<byte> key) => new(Find(key, out _).OffsetPlusOne - 1);

    private ref Entry Find(ReadOnlySpan<byte> key, out (ulong Low, ulong High) hash)
    {
        hash = _hash.Of(key);
        int at = (int)(hash.Low % (ulong)_entries.Length);
        while (true)
        {
            ref Entry entry = ref _entries[at];
            if (entry.OffsetPlusOne == 0 || (entry.Low == hash.Low && entry.High == hash.High))
            {
                return ref entry;
            }

            at = at + 1 == _entries.Length ? 0 : at + 1;
        }
    }

    private struct Entry
    {
        public ulong Low;
        public ulong High;
        public long OffsetPlusOne;
    }
}
