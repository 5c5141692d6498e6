using LogBroker.Protocol;

namespace LogBroker.Raft.Tests;

/// <summary>An item of a log: a row, or a record with what a client sent and the epoch it is stamped with.</summary>
internal readonly record struct Item(Epoch Epoch, Offset Offset, string? Payload)
{
    public bool IsRow => Payload is null;

    public EpochRow Row => new(Epoch, Offset);

    public override string ToString() => Payload ?? $"{Epoch}@{Offset}";
}

/// <summary>
/// A log as a list of items, the first of which are flushed. What a disk does to it is written here by the letter of the rules, apart
/// from the code under test.
/// </summary>
internal sealed class ModelLog
{
    private readonly List<Item> _items = [];
#if PLANTED
    private readonly List<Item> _ghosts = []; // bytes that a cut left behind
#endif

    public IReadOnlyList<Item> Items => _items;

    /// <summary>The row the files begin with: restated, or (0, 0).</summary>
    public EpochRow FilesBegin { get; private set; } = new(Epoch.None, Offset.Zero);

    public LogPosition Start { get; private set; }

    /// <summary>How many items are flushed.</summary>
    public int Durable { get; private set; }

    public LogPosition Position => PositionBehind(_items.Count);

    public LogPosition DurablePosition => PositionBehind(Durable);

    public IReadOnlyList<EpochRow> Rows => [FilesBegin, .. _items.Where(i => i.IsRow).Select(i => i.Row)];

    public LogPosition PositionBehind(int items)
    {
        Epoch epoch = FilesBegin.Epoch;
        Offset end = FilesBegin.Start;
        foreach (Item item in _items.Take(items))
        {
            (epoch, end) = item.IsRow ? (item.Epoch, end) : (epoch, item.Offset + 1);
        }

        return new LogPosition(epoch, end);
    }

    /// <summary>R10.</summary>
    public void Append(Item item)
    {
        LogPosition at = Position;
        Assert.Equal(at.Offset, item.Offset);
        Assert.True(item.IsRow ? item.Epoch > at.Epoch : item.Epoch == at.Epoch, $"{item} of epoch {item.Epoch} behind {at}");
        _items.Add(item);
    }

    public void Flush(LogPosition upTo)
    {
        while (Durable < _items.Count && PositionBehind(Durable + 1) <= upTo)
        {
            Durable++;
        }
    }

    /// <summary>R15 (e): what stands behind a position, in log order.</summary>
    public IEnumerable<Item> Behind(LogPosition position)
    {
        int at = 0;
        while (at < _items.Count && PositionBehind(at + 1) <= position)
        {
            at++;
        }

        return _items.Skip(at);
    }

    /// <summary>R17: how many items stay.</summary>
    public int KeptBy(LogPosition diverging)
    {
        Func<Item, bool> goes = i => i.IsRow ? i.Epoch > diverging.Epoch : i.Offset >= diverging.Offset;
        int kept = _items.TakeWhile(i => !goes(i)).Count();
#if PLANTED
        while (PlantedBugs.Has(9) && kept > 0 && _items[kept - 1].IsRow && _items[kept - 1].Offset == diverging.Offset)
        {
            kept--;
        }
#endif
        return kept;
    }

    /// <summary>Leaves so many items, durably.</summary>
    public void CutTo(int items)
    {
#if PLANTED
        _ghosts.AddRange(_items.Skip(items));
#endif
        _items.RemoveRange(items, _items.Count - items);
        Durable = Math.Min(Durable, items);
    }

    /// <summary>R26, reset.</summary>
    public void Reset(LogPosition start)
    {
        _items.Clear();
        Durable = 0;
        Start = start;
        FilesBegin = new EpochRow(start.Epoch, start.Offset);
    }

    /// <summary>R26, R9: the log start moves; the files may keep what is in front of it, or begin there with a restated row.</summary>
    public void Trim(LogPosition start, bool unlinks)
    {
        Start = start;
        if (!unlinks)
        {
            return;
        }

        EpochRow restated = new(start.Epoch, start.Offset);
        int gone = _items.TakeWhile(i => i.Offset < start.Offset).Count();
#if PLANTED
        if (PlantedBugs.Has(19))
        {
            gone = _items.TakeWhile(i => i.Offset < start.Offset || i.IsRow).Count();
            restated = restated with { Epoch = PositionBehind(gone).Epoch };
        }
#endif
        _items.RemoveRange(0, gone);
        Durable -= gone;
        FilesBegin = restated;
    }

    /// <summary>A power cut: what is flushed is left, and of the rest the first few items.</summary>
    public void LoseUnflushed(int kept)
    {
        int left = Math.Min(Durable + kept, _items.Count);
        _items.RemoveRange(left, _items.Count - left);
#if PLANTED
        if (PlantedBugs.Has(11))
        {
            _items.AddRange(_ghosts.Where(g => !g.IsRow && g.Offset == Position.Offset).Take(1).ToList());
        }
#endif
    }

    /// <summary>R20 (4): what was found is written anew and flushed before it counts.</summary>
    public void Recover()
    {
#if PLANTED
        if (PlantedBugs.Has(21))
        {
            return;
        }
#endif
        Durable = _items.Count;
    }

    /// <summary>A new, empty disk.</summary>
    public void Wipe()
    {
        Reset(LogPosition.Zero);
    }

    public override string ToString()
    {
        string front = FilesBegin.Start == Offset.Zero ? "" : $"({FilesBegin.Epoch}@{FilesBegin.Start}) ";
        IEnumerable<string> items = _items.Select((item, i) => (i == Durable ? "~ " : "") + item);
        return $"[{front}{string.Join(' ', items)}]".Replace(" ]", "]", StringComparison.Ordinal);
    }
}
