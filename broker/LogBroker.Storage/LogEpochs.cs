using System.Collections.Immutable;
using LogBroker.Protocol;

namespace LogBroker.Storage;

/// <summary>
/// The epoch rows of one log in their order: an index in memory, derived from the files. When the earlier files are gone it begins
/// with the restated row of the first one left, whose start is later than the true one. Immutable, thread-safe.
/// </summary>
public sealed class LogEpochs
{
    private readonly ImmutableArray<EpochRow> _rows;

    private LogEpochs(ImmutableArray<EpochRow> rows) => _rows = rows;

    /// <summary>No rows: epoch 0 everywhere.</summary>
    public static LogEpochs None { get; } = new([]);

    /// <summary>The rows, epochs ascending, starts never decreasing.</summary>
    public ImmutableArray<EpochRow> Rows => _rows;

    /// <summary>Epoch of the last row, with or without records behind it.</summary>
    public Epoch Last => _rows.IsEmpty ? Epoch.None : _rows[^1].Epoch;

    /// <summary>The rows given, in order.</summary>
    public static LogEpochs Of(IEnumerable<EpochRow> rows)
    {
        LogEpochs epochs = None;
        foreach (EpochRow row in rows)
        {
            epochs = epochs.Add(row);
        }

        return epochs;
    }

    /// <summary>With one row more.</summary>
    public LogEpochs Add(EpochRow row)
    {
        Invariant.Require(_rows.IsEmpty || (row.Epoch > _rows[^1].Epoch && row.Start >= _rows[^1].Start));
        return new LogEpochs(_rows.Add(row));
    }

    /// <summary>Epoch of the record at an offset: of the last row that starts there or before.</summary>
    public Epoch At(Offset offset)
    {
        for (int i = _rows.Length - 1; i >= 0; i--)
        {
            if (_rows[i].Start <= offset)
            {
                return _rows[i].Epoch;
            }
        }

        return Epoch.None;
    }

    /// <summary>Start of the first row behind an offset, so the end of what can be served in one piece from there.</summary>
    public Offset NextStartBehind(Offset offset)
    {
        Offset next = new(long.MaxValue);
        for (int i = _rows.Length - 1; i >= 0 && _rows[i].Start > offset; i--)
        {
            next = _rows[i].Start;
        }

        return next;
    }

    /// <summary>
    /// Where an epoch of the table ends: start of the next row, or the log end for the last. Null when there is no such row.
    /// </summary>
    public Offset? EndOf(Epoch epoch, Offset logEnd)
    {
        int at = IndexOf(epoch);
        return at < 0 ? null : at == _rows.Length - 1 ? logEnd : _rows[at + 1].Start;
    }

    /// <summary>Greatest epoch of the table below one that it may not have; <see cref="Epoch.None"/> if there is none.</summary>
    public Epoch GreatestBelow(Epoch epoch)
    {
        for (int i = _rows.Length - 1; i >= 0; i--)
        {
            if (_rows[i].Epoch < epoch)
            {
                return _rows[i].Epoch;
            }
        }

        return Epoch.None;
    }

    /// <summary>True when the table has a row of this epoch.</summary>
    public bool Has(Epoch epoch) => IndexOf(epoch) >= 0;

    /// <summary>Without the rows that a cut takes: those of a higher epoch, and those that start behind it.</summary>
    internal LogEpochs CutTo(LogPosition position) =>
        new([.. _rows.Where(r => r.Epoch <= position.Epoch && r.Start <= position.Offset)]);

    /// <summary>As it is when the first file left has this base: earlier rows become its restated row.</summary>
    internal LogEpochs StartingWith(EpochRow restated) =>
        new([restated, .. _rows.Where(r => r.Epoch > restated.Epoch)]);

    private int IndexOf(Epoch epoch)
    {
        for (int i = _rows.Length - 1; i >= 0; i--)
        {
            if (_rows[i].Epoch == epoch)
            {
                return i;
            }
        }

        return -1;
    }
}
