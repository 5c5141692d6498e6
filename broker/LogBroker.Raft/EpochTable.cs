using LogBroker.Protocol;

namespace LogBroker.Raft;

/// <summary>
/// The rows of a log in order, an index of what stands in its files. The epoch of a record is that of the last row with a start at
/// or in front of it. The first row is the one the files begin with: the restated row (R9), or (0, 0) where they begin at offset 0.
/// Owned by one <see cref="RaftCore"/>; not thread-safe.
/// </summary>
public sealed class EpochTable
{
    private readonly List<EpochRow> _rows;

    /// <summary>A table of these rows: at least one, epochs ascending, starts never decreasing.</summary>
    public EpochTable(IReadOnlyList<EpochRow> rows)
    {
        Invariant.Require(rows.Count > 0);
        _rows = [rows[0]];
        for (int i = 1; i < rows.Count; i++)
        {
            Append(rows[i]);
        }
    }

    /// <summary>All rows.</summary>
    public IReadOnlyList<EpochRow> Rows => _rows;

    /// <summary>The row the files begin with.</summary>
    public EpochRow First => _rows[0];

    /// <summary>The epoch of the last row, also when no record follows it.</summary>
    public Epoch LastEpoch => _rows[^1].Epoch;

    /// <summary>The start of the last row.</summary>
    public Offset LastStart => _rows[^1].Start;

    /// <summary>Adds a row behind all others.</summary>
    public void Append(EpochRow row)
    {
        Invariant.Require(row.Epoch > LastEpoch);
        Invariant.RequireAtMost(LastStart, row.Start);
        _rows.Add(row);
    }

    /// <summary>The epoch of the record at <paramref name="offset"/>, which is not in front of the first row.</summary>
    public Epoch EpochOf(Offset offset)
    {
        Invariant.RequireAtMost(First.Start, offset);
        return _rows[LastWithStartAtMost(offset)].Epoch;
    }

    /// <summary>The position of a log start: the epoch of the record in front of it, and itself (R26).</summary>
    public LogPosition StartPosition(Offset start) =>
        start <= First.Start ? new LogPosition(First.Epoch, First.Start) : new LogPosition(EpochOf(start - 1), start);

    /// <summary>True when the table has a row of this epoch.</summary>
    public bool Contains(Epoch epoch)
    {
        int i = LastWithEpochAtMost(epoch);
        return i >= 0 && _rows[i].Epoch == epoch;
    }

    /// <summary>The end of an epoch that the table contains: the start of the next row, or the end of the log for the last one.</summary>
    public Offset EndOf(Epoch epoch, Offset logEnd)
    {
        int i = LastWithEpochAtMost(epoch);
        Invariant.Require(i >= 0 && _rows[i].Epoch == epoch);
        return i + 1 < _rows.Count ? _rows[i + 1].Start : logEnd;
    }

    /// <summary>The greatest epoch of the table that is below <paramref name="epoch"/>, or null.</summary>
    public Epoch? GreatestBelow(Epoch epoch)
    {
        int i = LastWithEpochAtMost(epoch);
        if (i >= 0 && _rows[i].Epoch == epoch)
        {
            i--;
        }

        return i >= 0 ? _rows[i].Epoch : null;
    }

    /// <summary>
    /// Where a log is cut when its leader says that they part at (<paramref name="epoch"/>, <paramref name="offset"/>): the position of
    /// the longest prefix without a row of a higher epoch and without a record at or behind the offset (R17). Rows that start at the
    /// cut stay when their epoch is not above (S9) and go when it is (S10).
    /// </summary>
    public LogPosition CutAt(Epoch epoch, Offset offset, Offset logEnd)
    {
        int last = LastWithEpochAtMost(epoch);
        Invariant.Require(last >= 0);
        Offset cut = Offset.Min(offset, logEnd);
        if (last + 1 < _rows.Count)
        {
            cut = Offset.Min(cut, _rows[last + 1].Start);
        }

        Invariant.RequireAtMost(First.Start, cut);
        last = Math.Min(last, LastWithStartAtMost(cut));
        var position = new LogPosition(_rows[last].Epoch, cut);
#if PLANTED
        position = PlantedBugs.Cut(position, _rows);
#endif
        return position;
    }

    /// <summary>Drops the rows behind a position that <see cref="CutAt"/> gave. The first row never goes.</summary>
    public void Truncate(LogPosition to)
    {
        int last = LastWithEpochAtMost(to.Epoch);
        Invariant.Require(last >= 0 && _rows[last].Epoch == to.Epoch);
        Invariant.RequireAtMost(_rows[last].Start, to.Offset);
        _rows.RemoveRange(last + 1, _rows.Count - last - 1);
    }

    /// <summary>Drops what stands in front of files that now begin with this restated row (R26).</summary>
    public void DropFront(EpochRow restated)
    {
        int at = LastWithEpochAtMost(restated.Epoch);
        Invariant.Require(at >= 0 && _rows[at].Epoch == restated.Epoch);
        Invariant.RequireAtMost(_rows[at].Start, restated.Start);
        _rows.RemoveRange(0, at);
        _rows[0] = restated;
    }

    /// <summary>Forgets all rows: the log begins anew at this restated row (R26, reset).</summary>
    public void Reset(EpochRow restated)
    {
        _rows.Clear();
        _rows.Add(restated);
    }

    /// <summary>True when a position names a prefix of a log that ends at <paramref name="logEnd"/>, as far as rows tell (R15).</summary>
    public bool Names(LogPosition position, Offset logEnd) =>
        Contains(position.Epoch) && position.Offset <= EndOf(position.Epoch, logEnd);

    private int LastWithStartAtMost(Offset offset)
    {
        int low = 0;
        int high = _rows.Count - 1;
        while (low < high)
        {
            int middle = (low + high + 1) >>> 1;
            if (_rows[middle].Start <= offset)
            {
                low = middle;
            }
            else
            {
                high = middle - 1;
            }
        }

        return low;
    }

    private int LastWithEpochAtMost(Epoch epoch)
    {
        int low = -1;
        int high = _rows.Count - 1;
        while (low < high)
        {
            int middle = (low + high + 1) >> 1;
            if (_rows[middle].Epoch <= epoch)
            {
                low = middle;
            }
            else
            {
                high = middle - 1;
            }
        }

        return low;
    }
}
