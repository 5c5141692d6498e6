using LogBroker.Protocol;

namespace LogBroker.Raft.Tests;

/// <summary>
/// A lone voter with a log, a disk and a state store that are plain values: what is flushed survives <see cref="Crash"/>, and of the
/// rest any prefix of items. Carries out effects as a driver does.
/// </summary>
internal sealed class LoneVoter
{
    public static readonly NodeId Node = new(1);
    public static readonly DirectoryId Directory = new(new Guid("00000000-0000-0000-0000-00000000d15c"));

    private readonly List<EpochRow> _rows = [];
    private HardState? _stored;
    private LogPosition _flushed;

    public LoneVoter() => Core = Start();

    public RaftCore Core { get; private set; }

    public Offset HighWatermarkCheckpoint { get; set; }

    public List<Epoch> Led { get; } = [];

    public IReadOnlyList<EpochRow> Rows => _rows;

    public static RaftConfig Config { get; } = new(Node, Directory, [Node], IsReadmitted: true);

    /// <summary>Ticks and carries out what comes of it up to the row, without a flush.</summary>
    public void Lead()
    {
        Core.Tick();
        Carry();
        Carry();
    }

    /// <summary>Carries out one round of effects.</summary>
    public RaftReady Carry()
    {
        RaftReady ready = Core.TakeReady();
        if (ready.Persist is { } state)
        {
            _stored = state;
            Core.HardStatePersisted(state);
        }

        if (ready.AppendRow is { } row)
        {
            Assert.True(_stored?.Epoch >= row.Epoch, "R2: hard state first");
            _rows.Add(row);
            Core.RowAppended(row);
            Led.Add(row.Epoch);
        }

        return ready;
    }

    public void Flush()
    {
        _flushed = Core.AppendedPosition;
        Core.Flushed(_flushed);
    }

    public void Append(int records) => Core.Appended(Core.End + records);

    /// <summary>Loses what was not flushed but the first <paramref name="itemsKept"/> items of it, and starts again.</summary>
    public void Crash(int itemsKept = 0, bool losesState = false)
    {
        Offset end = Core.End;
        int rowsKept = _rows.FindLastIndex(r => r.Epoch <= _flushed.Epoch) + 1;
        Offset at = _flushed.Offset;
        while (itemsKept > 0)
        {
            if (rowsKept < _rows.Count && _rows[rowsKept].Start == at)
            {
                rowsKept++;
            }
            else if (at < end)
            {
                at += 1;
            }

            itemsKept--;
        }

        _rows.RemoveRange(rowsKept, _rows.Count - rowsKept);
        _stored = losesState ? null : _stored;
        Core = Start(at);
        _flushed = Core.AppendedPosition;
    }

    private RaftCore Start(Offset end = default) => new(
        Config,
        new RecoveredReplica(_stored, [new EpochRow(Epoch.None, Offset.Zero), .. _rows], Offset.Zero, end, HighWatermarkCheckpoint));
}
