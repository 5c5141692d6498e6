namespace LogBroker.TestKit;

/// <summary>
/// A simulated file: what readers see, what survives a power cut, and the changes between the two. Not thread-safe: the disk locks.
/// </summary>
internal sealed class SimFile
{
    public const int PageBytes = 4096;
    private const int SectorBytes = 512;

    private readonly List<Change> _unsynced = [];
    private byte[] _seen = [];
    private byte[] _durable = [];

    public long Length => _seen.Length;

    public ReadOnlySpan<byte> Bytes => _seen;

    /// <summary>Pages that take room.</summary>
    public HashSet<long> Pages { get; } = [];

    public int Names { get; set; }

    public int Handles { get; set; }

    public void Write(long at, ReadOnlySpan<byte> bytes)
    {
        var change = new Change(at, bytes.ToArray(), 0);
        _unsynced.Add(change);
        _seen = change.Apply(_seen);
        for (long page = at / PageBytes; page <= (at + bytes.Length - 1) / PageBytes && bytes.Length > 0; page++)
        {
            Pages.Add(page);
        }
    }

    public void SetLength(long length)
    {
        var change = new Change(0, null, length);
        _unsynced.Add(change);
        _seen = change.Apply(_seen);
        Pages.RemoveWhere(p => p * PageBytes >= length);
    }

    public void Sync()
    {
        _durable = (byte[])_seen.Clone();
        _unsynced.Clear();
    }

    /// <summary>A sync that failed: the changes stay visible, are taken for clean, and no later sync writes them.</summary>
    public void FailSync() => _unsynced.Clear();

    public void Crash(LossMode mode, Random random)
    {
        Handles = 0;
        if (mode == LossMode.KeepAll)
        {
            return;
        }

        byte[] left = _durable;
        switch (mode)
        {
            case LossMode.Torn:
                int whole = random.Next(_unsynced.Count + 1);
                for (int i = 0; i < whole; i++)
                {
                    left = _unsynced[i].Apply(left);
                }

                if (whole < _unsynced.Count && _unsynced[whole].Bytes is { Length: > 0 } torn)
                {
                    left = new Change(_unsynced[whole].At, torn[..random.Next(torn.Length)], 0).Apply(left);
                }

                break;
            case LossMode.Reordered:
                foreach (Change change in _unsynced)
                {
                    left = change.ApplySome(left, random, SectorBytes);
                }

                break;
        }

        _seen = (byte[])left.Clone();
        _durable = (byte[])left.Clone();
        _unsynced.Clear();
        Pages.Clear();
        for (long page = 0; page * PageBytes < _seen.Length; page++)
        {
            int from = (int)(page * PageBytes);
            if (_seen.AsSpan(from, Math.Min(PageBytes, _seen.Length - from)).IndexOfAnyExcept((byte)0) >= 0)
            {
                Pages.Add(page);
            }
        }
    }

    /// <summary>A write, or with null bytes a change of length.</summary>
    private sealed record Change(long At, byte[]? Bytes, long Length)
    {
        public byte[] Apply(byte[] to)
        {
            if (Bytes is null)
            {
                Array.Resize(ref to, (int)Length);
                return to;
            }

            byte[] changed = new byte[Math.Max(to.Length, (int)At + Bytes.Length)];
            to.CopyTo(changed, 0);
            Bytes.CopyTo(changed, (int)At);
            return changed;
        }

        public byte[] ApplySome(byte[] to, Random random, int sectorBytes)
        {
            if (Bytes is null)
            {
                return random.Next(2) == 0 ? to : Apply((byte[])to.Clone());
            }

            for (int from = 0; from < Bytes.Length;)
            {
                long sectorEnd = (((At + from) / sectorBytes) + 1) * sectorBytes;
                int count = (int)Math.Min(Bytes.Length - from, sectorEnd - At - from);
                if (random.Next(2) == 0)
                {
                    to = new Change(At + from, Bytes[from..(from + count)], 0).Apply(to);
                }

                from += count;
            }

            return to;
        }
    }
}
