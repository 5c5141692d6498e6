using LogBroker.Protocol;

namespace LogBroker.Cluster;

/// <summary>The partition as a table: its view, and what readers of it ask. Any thread, but for what follows the log.</summary>
internal sealed partial class PartitionReplica
{
    private TableView? _table;

    /// <summary>The view, if the partition was read by key since it was opened; else null.</summary>
    public TableView? TableIfUsed => Volatile.Read(ref _table);

    /// <summary>The view, made now if need be; it may still be behind.</summary>
    public TableView Table
    {
        get
        {
            if (Volatile.Read(ref _table) is { } table)
            {
                return table;
            }

            var made = new TableView(_env, this);
            TableView? other = Interlocked.CompareExchange(ref _table, made, null);
            if (other is null)
            {
                made.Advance();
            }

            return other ?? made;
        }
    }

    /// <summary>Why this replica does not answer for the table now, or null.</summary>
    public BrokerError? RefusalOfTable(bool allowsFollower)
    {
        if (!Topic.Config.IsCompacted)
        {
            return PartitionErrors.NotATable(Name);
        }

        return RefusalOfFetch(View, Epoch.None, allowsFollower);
    }

    /// <summary>
    /// Completes when the view has all that was committed when this replica proved that it led: then what it shows is at least as new as
    /// every answer given before the call. Null, or why it cannot.
    /// </summary>
    /// <param name="timeMax">How long a proof, and then the view, may take.</param>
    public async Task<BrokerError?> CatchUpTable(TimeSpan timeMax)
    {
        Task<bool> confirmed = ConfirmLeadership();
        if (!await Waiting.InTime(confirmed, timeMax, _env.Time) || !confirmed.Result)
        {
            return NotLeaderError(View with { Detail = "its leader could not show that it still leads" });
        }

        Task reached = Table.Reached(Log.Bounds.HighWatermark);
        return reached.IsCompleted || await Waiting.InTime(reached, timeMax, _env.Time) ? null : PartitionErrors.TableBehind(Name, Table);
    }
}
