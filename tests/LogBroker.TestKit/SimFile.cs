namespace LogBroker.TestKit;

/// <summary>
/// A simulated file: what readers see, what survives a power cut, and the changes between the two. Not thread-safe: the disk locks.
/// </summary>
internal sealed class SimFile
{
    public const int PageBytes = 4096;
    private const int SectorBytes = 512;

    private readonly List<Change> _unsynced = [];
    private readonly SimContent _seen = new();
    private readonly SimContent _durable = new();

    public long Length => _seen.Length;

    /// <summary>Pages that take room.</summary>
    public HashSet<long> Pages { get; } = [];

    public int Names { get; set; }

    public int Handles { get; set; }

    public int Read(long at, Span<byte> destination) => _seen.Read(at, destination);

    public byte[] ToArray() => _seen.ToArray();

    public void Write(long at, ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty)
        {
            return;
        }

        _unsynced.Add(new Change(at, bytes.ToArray(), 0));
        _seen.Write(at, bytes);
        for (long page = at / PageBytes; page <= (at + bytes.Length - 1) / PageBytes; page++)
        {
            Pages.Add(page);
        }
    }

    public void SetLength(long length)
    {
        _unsynced.Add(new Change(0, null, length));
        if (length < _seen.Length)
        {
            Pages.RemoveWhere(p => p * PageBytes >= length);
        }

        _seen.SetLength(length);
    }

    public void Sync()
    {
        foreach (Change change in _unsynced)
        {
            change.ApplyTo(_durable);
        }

        _unsynced.Clear();
    }

    /// <summary>A sync that failed: the changes stay visible, are taken for clean, and no later sync writes them.</summary>
    public void FailSync() => _unsynced.Clear();

    public void FlipBit(Random random)
    {
        if (_seen.Written == 0)
        {
            return;
        }

        int at = random.Next(_seen.Written);
        int bit = 1 << random.Next(8);
        foreach (SimContent content in new[] { _seen, _durable })
        {
            if (at < content.Written)
            {
                content.Write(at, [(byte)(content.WrittenBytes[at] ^ bit)]);
            }
        }
    }

    public void Crash(LossMode mode, Random random)
    {
        Handles = 0;
        if (mode == LossMode.KeepAll)
        {
            return;
        }

        if (mode == LossMode.Torn)
        {
            KeepFirst(random);
        }
        else if (mode == LossMode.Reordered)
        {
            foreach (Change change in _unsynced)
            {
                change.ApplySomeTo(_durable, random, SectorBytes);
            }
        }

        _seen.CopyFrom(_durable);
        _unsynced.Clear();
        Pages.Clear();
        ReadOnlySpan<byte> bytes = _seen.WrittenBytes;
        for (int from = 0; from < bytes.Length; from += PageBytes)
        {
            if (bytes[from..Math.Min(bytes.Length, from + PageBytes)].ContainsAnyExcept((byte)0))
            {
                Pages.Add(from / PageBytes);
            }
        }
    }

    private void KeepFirst(Random random)
    {
        int whole = random.Next(_unsynced.Count + 1);
        for (int i = 0; i < whole; i++)
        {
            _unsynced[i].ApplyTo(_durable);
        }

        if (whole < _unsynced.Count && _unsynced[whole].Bytes is { } torn)
        {
            new Change(_unsynced[whole].At, torn[..random.Next(torn.Length)], 0).ApplyTo(_durable);
        }
    }

    /// <summary>A write, or with null bytes a change of length.</summary>
    private sealed record Change(long At, byte[]? Bytes, long Length)
    {
        public void ApplyTo(SimContent to)
        {
            if (Bytes is null)
            {
                to.SetLength(Length);
            }
            else if (Bytes.Length > 0)
            {
                to.Write(At, Bytes);
            }
        }

        public void ApplySomeTo(SimContent to, Random random, int sectorBytes)
        {
            if (Bytes is null)
            {
                if (random.Next(2) != 0)
                {
                    to.SetLength(Length);
                }

                return;
            }

            for (int from = 0; from < Bytes.Length;)
            {
                long sectorEnd = (((At + from) / sectorBytes) + 1) * sectorBytes;
                int count = (int)Math.Min(Bytes.Length - from, sectorEnd - At - from);
                if (random.Next(2) == 0)
                {
                    to.Write(At + from, Bytes.AsSpan(from, count));
                }

                from += count;
            }
        }
    }
}
