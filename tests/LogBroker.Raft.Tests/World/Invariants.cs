using LogBroker.Protocol;

namespace LogBroker.Raft.Tests;

/// <summary>A named invariant of the replication specification, section 6, does not hold.</summary>
internal sealed class InvariantBrokenException(string name, string what) : Exception($"{name}: {what}");

/// <summary>The invariants of section 6, checked from outside over all replicas, up or down.</summary>
internal sealed class Invariants(World world)
{
    private readonly Dictionary<Epoch, (NodeId Node, DirectoryId Directory, RaftCore Core)> _leaders = [];
    private readonly SortedDictionary<Offset, (Item Item, Epoch By)> _committed = [];
    private readonly Dictionary<Epoch, EpochRow> _committedRows = [];
    private readonly Dictionary<RaftCore, Offset> _highWatermarks = [];

    /// <summary>Records ever committed.</summary>
    public int CommittedCount => _committed.Count;

    /// <summary>Epochs that were led.</summary>
    public int EpochsLed => _leaders.Count;

    public void Check()
    {
        foreach (Replica replica in world.Replicas.Where(r => r.IsUp))
        {
            CheckReplica(replica);
            if (replica.Core.IsLeader && (world.Voters.Count > 1 || replica.Core.MayServe))
            {
                CheckLeader(replica);
            }
        }

        foreach (Replica replica in world.Replicas)
        {
            CheckExposed(replica);
        }

        for (int i = 0; i < world.Replicas.Count; i++)
        {
            for (int j = 0; j < i; j++)
            {
                CheckMatching(world.Replicas[i], world.Replicas[j]);
            }
        }

        if (!world.IsMemoryTopic)
        {
            CheckDurable();
        }
    }

    private static void Require(bool holds, string name, string what)
    {
        if (!holds)
        {
            throw new InvariantBrokenException(name, what);
        }
    }

    private void CheckReplica(Replica replica)
    {
        RaftCore core = replica.Core;
        ModelLog log = replica.Log;
        Require(core.AppendedPosition == log.Position, "StampAgreesWithTable", $"{replica.Name}: {core.AppendedPosition} and {log}");
        Require(core.Table.Rows.SequenceEqual(log.Rows), "StampAgreesWithTable", $"{replica.Name}: rows and {log}");
        Require(core.Durable <= log.DurablePosition, "DurableIsPrefix", $"{replica.Name}: {core.Durable} and {log}");
        Require(core.Breaches == 0, "DurableRowImpliesMatch", replica.Name);
        Offset before = _highWatermarks.GetValueOrDefault(core);
        Require(core.HighWatermark >= before, "HighWatermarkMonotonic", $"{replica.Name}: {before} to {core.HighWatermark}");
        _highWatermarks[core] = core.HighWatermark;
        Require(
            core.LogStart <= core.HighWatermark && core.HighWatermark <= core.End && core.LogStart <= core.Durable.Offset,
            "BoundsOrdered",
            replica.Name);
    }

    private void CheckLeader(Replica replica)
    {
        RaftCore core = replica.Core;
        if (_leaders.TryGetValue(core.Epoch, out (NodeId, DirectoryId, RaftCore Core) known))
        {
            Require(known.Core == core, "OneLeaderPerEpoch", $"{replica.Name} and another lead {core.Epoch}");
        }
        else
        {
            _leaders[core.Epoch] = (replica.Id, replica.Directory, core);
        }

        foreach (Item item in replica.Log.Items.Where(i => !i.IsRow && i.Offset < core.HighWatermark))
        {
            if (_committed.TryGetValue(item.Offset, out (Item Item, Epoch By) committed))
            {
                Require(committed.Item == item, "CommittedNeverChanges", $"{item.Offset}: {committed.Item}, and {item} at {replica.Name}");
            }
            else
            {
                _committed[item.Offset] = (item, core.Epoch);
            }
        }

        if (core.MayServe && IsRowCounted(core))
        {
            _committedRows.TryAdd(core.Epoch, new EpochRow(core.Epoch, core.Table.LastStart));
        }

        CheckComplete(replica);
    }

    private bool IsRowCounted(RaftCore core)
    {
        int counted = core.Durable.Epoch == core.Epoch ? 1 : 0;
        return counted + core.Peers.Count(p => p.IsVoter && p.Counted is not null) >= Quorum.Majority(world.Voters.Count);
    }

    private void CheckComplete(Replica leader)
    {
        RaftCore core = leader.Core;
        foreach ((Offset offset, (Item item, Epoch by)) in _committed)
        {
            Require(
                by > core.Epoch || offset < leader.Log.FilesBegin.Start || leader.Log.Items.Contains(item),
                "LeaderCompleteness",
                $"{leader.Name} leads {core.Epoch} without {item}: {leader.Log}");
        }

        foreach (EpochRow row in _committedRows.Values)
        {
            Require(
                row.Epoch > core.Epoch || Has(leader, row),
                "LeaderCompleteness",
                $"{leader.Name} leads {core.Epoch} without row {row.Epoch}@{row.Start}: {leader.Log}");
        }
    }

    private static bool Has(Replica replica, EpochRow row) =>
        row.Epoch <= replica.Log.FilesBegin.Epoch || replica.Log.Items.Contains(new Item(row.Epoch, row.Start, null));

    private void CheckExposed(Replica replica)
    {
        Offset shown = replica.IsUp ? replica.Core.HighWatermark : Offset.Zero;
        foreach (Item item in replica.Log.Items.Where(i => !i.IsRow && i.Offset < shown))
        {
            Require(
                _committed.TryGetValue(item.Offset, out (Item Item, Epoch By) committed) && committed.Item == item,
                "ExposedIsCommitted",
                $"{item} at {replica.Name}: {replica.Log} below {shown}");
        }
    }

    /// <summary>A committed item is durable, or below the log start, on a majority; who was wiped is excused until readmitted.</summary>
    private void CheckDurable()
    {
        int majority = Quorum.Majority(world.Voters.Count);
        List<Replica> voters = [.. world.Voters.Select(v => world[v])];
        List<HashSet<Item>> durable = [.. voters.Select(v => v.Log.Items.Take(v.Log.Durable).ToHashSet())];
        foreach ((Offset offset, (Item item, _)) in _committed)
        {
            int having = voters.Where((v, i) => !v.IsReadmitted || offset < v.Log.FilesBegin.Start || durable[i].Contains(item)).Count();
            Require(having >= majority, "CommittedIsDurable", $"{item} on {having}");
        }

        foreach (EpochRow row in _committedRows.Values)
        {
            var item = new Item(row.Epoch, row.Start, null);
            int having = voters.Where((v, i) =>
                !v.IsReadmitted || row.Epoch <= v.Log.FilesBegin.Epoch || durable[i].Contains(item)).Count();
            Require(having >= majority, "CommittedRowIsDurable", $"{item} on {having}");
        }
    }

    /// <summary>Two logs that share an item are equal up to it, above both beginnings.</summary>
    private static void CheckMatching(Replica one, Replica other)
    {
        Offset from = Offset.Max(one.Log.FilesBegin.Start, other.Log.FilesBegin.Start);
        Epoch above = one.Log.FilesBegin.Epoch > other.Log.FilesBegin.Epoch ? one.Log.FilesBegin.Epoch : other.Log.FilesBegin.Epoch;
        List<Item> a = Above(one.Log);
        List<Item> b = Above(other.Log);
        int shared = 0;
        for (int i = 0; i < a.Count; i++)
        {
            if (b.Exists(y => IsSame(a[i], y)))
            {
                shared = i + 1;
            }
        }

        Require(
            a.Take(shared).SequenceEqual(b.Take(shared)),
            "LogMatching",
            $"{one.Name} {one.Log} and {other.Name} {other.Log}");

        List<Item> Above(ModelLog log) => [.. log.Items.Where(i => i.IsRow ? i.Epoch > above : i.Offset >= from)];

        static bool IsSame(Item x, Item y) => x.IsRow == y.IsRow && x.Epoch == y.Epoch && (x.IsRow || x.Offset == y.Offset);
    }
}
