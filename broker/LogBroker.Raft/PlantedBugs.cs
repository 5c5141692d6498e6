#if PLANTED
using LogBroker.Protocol;

namespace LogBroker.Raft;

/// <summary>
/// Rules broken on purpose, one at a time, numbered as the regression scripts of the replication specification, section 7. Compiled
/// only for tests that show that each is caught; the shipped assembly has no such type. Those that concern files and recovery (S11,
/// S19 to S21) are for whoever keeps the log.
/// </summary>
public static class PlantedBugs
{
    [ThreadStatic]
    private static int _present;

    /// <summary>The number of the script whose rule is broken on this thread, or 0.</summary>
    public static int Present
    {
        get => _present;
        set => _present = value;
    }

    /// <summary>True when this rule is broken.</summary>
    public static bool Has(int script) => _present == script;

    /// <summary>S2 to S4, S16: what a fetch is counted for.</summary>
    public static void Count(FetchRequest fetch, Epoch leader, ref Epoch held, ref Offset count)
    {
        held = _present switch
        {
            2 or 4 => fetch.Appended.Epoch,
            3 => leader,
            16 when fetch.Durable.Epoch == fetch.Epoch => leader,
            _ => held,
        };
        count = _present == 2 ? fetch.Appended.Offset : count;
    }

    /// <summary>S5, S6: a candidate's log is compared by its last record, or by its end.</summary>
    public static bool IsUpToDate(LogPosition candidate, LogPosition own, EpochTable table) => _present switch
    {
        5 => candidate >= table.StartPosition(own.Offset),
        6 => candidate.Offset >= own.Offset,
        _ => candidate >= own,
    };

    /// <summary>S9, S10: rows that start at the cut all go, or all stay.</summary>
    public static LogPosition Cut(LogPosition cut, IReadOnlyList<EpochRow> rows) => _present switch
    {
        9 => cut with { Epoch = rows.Last(r => r.Start < cut.Offset || r == rows[0]).Epoch },
        10 => cut with { Epoch = rows.Last(r => r.Start <= cut.Offset).Epoch },
        _ => cut,
    };

    /// <summary>S17, S18: a reset keeps the old rows, or takes the offset and no row.</summary>
    public static void Reset(EpochTable table, IReadOnlyList<EpochRow> old, LogPosition start)
    {
        if (_present is 17 or 18)
        {
            table.Reset(new EpochRow(_present == 17 ? old[^1].Epoch : Epoch.None, start.Offset));
        }
    }
}
#endif
