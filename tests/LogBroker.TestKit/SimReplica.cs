using LogBroker.Cluster;
using LogBroker.Protocol;
using LogBroker.Raft;
using LogBroker.Storage;

namespace LogBroker.TestKit;

/// <summary>One replica as the simulation sees it, over all lives of its node. One thread.</summary>
internal sealed class SimReplica(SimCluster cluster, SimNode node, SimPartition partition)
{
    private SimShadow? _log;
    private LogBounds? _bounds;
    private LogEpochs? _epochs;
    private LogPosition _durable;
    private Offset _highWatermark;
    private Epoch _epoch;
    private RaftRole _role;
    private bool _isRowCounted;
    private bool _isUnreadable;
    private bool _mayBeCut;
    private int _compactions;

    public SimPartition Partition => partition;

    /// <summary>The replica of the present process, or null.</summary>
    public PartitionReplica? Live { get; private set; }

    /// <summary>True while nothing is demanded of what it holds: its disk was lost or damaged.</summary>
    public bool IsExcused { get; set; }

    public LogPosition Position => _isUnreadable ? _bounds!.Appended : _log?.Position ?? LogPosition.Zero;

    public Offset HighWatermark => _highWatermark;

    public Offset LogStart => _bounds?.LogStart ?? Offset.Zero;

    public bool IsDamaged => Live?.Log.Damage is not null;

    /// <summary>A process recovered it.</summary>
    public void Started(PartitionReplica replica)
    {
        SimShadow? before = _log;
        Live = replica;
        _bounds = replica.Log.Bounds;
        _epochs = replica.Log.Epochs;
        _compactions = 0;
        _log = new SimShadow(node.Disk, replica.Log.Directory, partition);
        _isUnreadable = partition.IsDeleted || (!TryRebuild(_bounds) && !TryGoOn(before, _bounds));
        if (before is not null && !IsExcused && partition is { IsDurable: true, IsDeleted: false })
        {
            int durable = before.CountUpto(_durable);
            ulong chain = durable > 0 ? before.Items[durable - 1].Chain : 0;
            if (durable > 0 && !_mayBeCut && _durable > _log.Start && !_log.Has(_durable, chain))
            {
                throw new SimViolation(
                    "DurableIsPrefix", $"{partition.Name}: node {node.Id} had {_durable} durable and recovered {_bounds.Appended}");
            }
        }

        _durable = _bounds.Durable;
        _highWatermark = _bounds.HighWatermark;
        _role = RaftRole.Follower;
        _epoch = replica.Core.Epoch;
        _isRowCounted = false;
        Note("recovered");
    }

    /// <summary>
    /// The process is gone. When it ended in the middle of a step, a follower may have been at a cut, which shortens even what is durable
    /// (R17); that nothing committed went with it is held by CommittedIsDurable.
    /// </summary>
    public void Died(bool isInStep)
    {
        Live = null;
        _mayBeCut = isInStep && _role != RaftRole.Leader;
    }

    /// <summary>Looks at what changed; true when it may bear on what is durable.</summary>
    public bool Observe(bool isWhole)
    {
        if (partition.IsDeleted)
        {
            return false; // its files and votes go piece by piece, and nothing is promised of it any more
        }

        if (Live!.Log.Damage is null || !node.IsDamaged)
        {
            return ObserveNow(isWhole);
        }

        IsExcused = true; // it gives up its vote, and is rebuilt as a new replica
        try
        {
            ObserveNow(isWhole: false);
        }
        catch (SimViolation)
        {
            // What it did in this step before it found the damage is looked at as far as it can be.
        }

        return true;
    }

    private bool ObserveNow(bool isWhole)
    {
        PartitionReplica replica = Live!;
        RaftCore core = replica.Core;
        LogBounds bounds = replica.Log.Bounds;
        bool hasCompacted = isWhole && replica.Log.Compactions != _compactions;
        bool hasMoved = hasCompacted || !ReferenceEquals(bounds, _bounds) || !ReferenceEquals(replica.Log.Epochs, _epochs);
        bool hasChanged = core.Role != _role || core.Epoch != _epoch || (!_isRowCounted && IsRowCounted(core))
            || (IsExcused && core.IsReadmitted && !node.IsDamaged);
        if (!hasMoved && !hasChanged)
        {
            return false;
        }

        // A crash in the middle of a cut leaves table and ends apart.
        bool isConsistent = isWhole || replica.Log.Epochs.Last == bounds.Appended.Epoch;
        if (hasMoved && isConsistent)
        {
            Follow(replica.Log, bounds);
        }


        if (core.Breaches > 0)
        {
            throw new SimViolation(
                "DurableRowImpliesMatch",
                $"{partition.Name}: node {node.Id} met something that cannot be, as leader or follower of {core.Epoch}");
        }

        // One step may raise the watermark and leave office.
        Epoch ledEpoch = _role == RaftRole.Leader ? _epoch : Epoch.None;
        if (hasChanged)
        {
            TakeRole(core);
        }

        // A wiped replica that was readmitted holds again what it says.
        IsExcused &= !core.IsReadmitted || node.IsDamaged || !Holds(partition.Committed);
        if (bounds.HighWatermark > _highWatermark)
        {
            Expose(core, bounds.HighWatermark, core.Role == RaftRole.Leader ? core.Epoch : ledEpoch);
        }
        else if (bounds.HighWatermark < _highWatermark)
        {
            throw new SimViolation(
                "HighWatermarkMonotonic", $"{partition.Name}: node {node.Id} went from {_highWatermark} to {bounds.HighWatermark}");
        }

        if (hasCompacted)
        {
            FollowCompaction(replica.Log); // behind what became committed in the same step
        }

        if (isWhole && node.State != SimNodeState.Stopping)
        {
            RequireAgreement(core, bounds);
        }

        return true;
    }

    /// <summary>True when a prefix survives a power cut here, or nothing is demanded of this replica.</summary>
    public bool HoldsDurably((LogPosition Position, ulong Chain) prefix) =>
        IsExcused || Holds(prefix);

    private bool Holds((LogPosition Position, ulong Chain) prefix) =>
        (_log is not null && !_isUnreadable && _durable >= prefix.Position && _log.Has(prefix.Position, prefix.Chain));

    /// <summary>Reads the whole log. False when it is damaged, which may happen to a disk whose bits flipped only.</summary>
    private bool TryRebuild(LogBounds bounds)
    {
        try
        {
            _log!.Rebuild(bounds.Start, bounds.Appended);
            return true;
        }
        catch (SimViolation) when (node.IsDamaged)
        {
            return false;
        }
    }

    /// <summary>A disk whose bits flipped still counts as holding what stood there, until the broker finds out.</summary>
    private bool TryGoOn(SimShadow? before, LogBounds bounds)
    {
        if (before is null || (before.Position > bounds.Appended && before.CountUpto(bounds.Appended) < 0))
        {
            return false;
        }

        try
        {
            if (before.Position > bounds.Appended)
            {
                before.Cut(bounds.Appended);
            }

            before.ReadUpto(bounds.Appended);
        }
        catch (SimViolation) when (node.IsDamaged)
        {
            return false;
        }

        _log = before;
        return true;
    }

    /// <summary>Reads all anew: what is left must stand for what was there.</summary>
    private void FollowCompaction(PartitionLog log)
    {
        _compactions = log.Compactions;
        LogBounds bounds = _bounds!;
        if (_isUnreadable)
        {
            return;
        }

        SimShadow before = _log!;
        _log = new SimShadow(node.Disk, log.Directory, partition);
        if (!TryRebuild(bounds))
        {
            _log = before;
        }
        else if (_log.Position != before.Position || _log.Chain != before.Chain)
        {
            throw new SimViolation(
                "CompactionKeepsTheNewest", $"{partition.Name}: node {node.Id} was at {before.Position} and is at {_log.Position}");
        }

        cluster.CompactionsSeen++;
        Note("compacted");
    }

    private void Follow(PartitionLog log, LogBounds bounds)
    {
        if (_isUnreadable)
        {
            _isUnreadable = !TryRebuild(bounds);
            (_bounds, _epochs, _durable) = (bounds, log.Epochs, bounds.Durable);
            return;
        }

        SimShadow shadow = _log!;
        bool isReset = bounds.Start > shadow.Position;
        if (isReset)
        {
            partition.Resets++;
            shadow.Rebuild(bounds.Start, bounds.Appended);
        }
        else
        {
            LogPosition kept = KeptOf(shadow, log.Epochs, bounds);
            if (kept < shadow.Position)
            {
                if (kept.Offset < _highWatermark)
                {
                    throw new SimViolation(
                        "TruncationAboveHighWatermark",
                        $"{partition.Name}: node {node.Id} cut {shadow.Position} to {kept}, below its high watermark {_highWatermark}");
                }

                shadow.Cut(kept);
                Note("cut");
            }

            shadow.ReadUpto(bounds.Appended);
        }

        _bounds = bounds;
        _epochs = log.Epochs;
        _durable = bounds.Durable;
        if (shadow.CountUpto(_durable) < 0)
        {
            throw new SimViolation("DurableIsPrefix", $"{partition.Name}: node {node.Id} names {_durable} durable, which is no prefix");
        }

        Note("log");
    }

    /// <summary>What a log still has of what it had: no row that its table lacks, and nothing behind its end.</summary>
    private static LogPosition KeptOf(SimShadow shadow, LogEpochs epochs, LogBounds bounds)
    {
        LogPosition kept = shadow.Position;
        for (int i = shadow.Items.Count - 1; i >= 0; i--)
        {
            SimItem item = shadow.Items[i];
            bool isGone = item.Position > bounds.Appended || (item.IsRow && !epochs.Has(item.Position.Epoch));
            if (isGone)
            {
                kept = i == 0 ? shadow.Start : shadow.Items[i - 1].Position;
            }
            else if (item.IsRow)
            {
                break; // rows in front of one that is left are left too
            }
        }

        return kept;
    }

    private void TakeRole(RaftCore core)
    {
        bool isNewLeader = core.Role == RaftRole.Leader && (_role != RaftRole.Leader || core.Epoch != _epoch);
        if (core.Epoch < _epoch)
        {
            throw new SimViolation("EpochMonotonic", $"{partition.Name}: node {node.Id} went from epoch {_epoch} to {core.Epoch}");
        }

        (_role, _epoch) = (core.Role, core.Epoch);
        cluster.Trace.Note("role", node.Id.Value, (long)_role, _epoch.Value, core.Leader.Value, partition.Name.Topic);
        if (isNewLeader && !_isUnreadable)
        {
            partition.Leads(_epoch, node.Id, node.Lives, _log!);
        }

        _isRowCounted &= !isNewLeader && core.Role == RaftRole.Leader;
        if (!_isRowCounted && !_isUnreadable && IsRowCounted(core))
        {
            _isRowCounted = true;
            partition.Commit(_log!, new LogPosition(_epoch, core.Table.LastStart), _epoch, node.Id);
        }
    }

    /// <summary>True when a majority was counted with the row of the leader's epoch (R12).</summary>
    private static bool IsRowCounted(RaftCore core)
    {
        if (core.Role != RaftRole.Leader || core.Table.LastEpoch != core.Epoch)
        {
            return false;
        }

        int counted = core.Durable.Epoch == core.Epoch ? 1 : 0;
        int voters = 1;
        for (int i = 0; i < core.Peers.Count; i++)
        {
            Progress peer = core.Peers[i];
            voters += peer.IsVoter ? 1 : 0;
            counted += peer.IsVoter && peer.Counted is not null ? 1 : 0;
        }

        return counted >= Quorum.Majority(voters);
    }

    private void Expose(RaftCore core, Offset highWatermark, Epoch ledEpoch)
    {
        _highWatermark = highWatermark;
        if (_isUnreadable)
        {
            return;
        }

        if (ledEpoch > Epoch.None && core.Table.LastEpoch == ledEpoch && highWatermark >= core.Table.LastStart)
        {
            partition.Commit(_log!, new LogPosition(ledEpoch, highWatermark), ledEpoch, node.Id);
        }

        partition.RequireSame(_log!, node.Id, highWatermark);
    }

    private void RequireAgreement(RaftCore core, LogBounds bounds)
    {
        bool agree = Live!.Log.Damage is not null
            || (core.AppendedPosition == bounds.Appended && core.HighWatermark == bounds.HighWatermark
                && core.LogStart == bounds.LogStart && core.Durable == bounds.Durable);
        if (!agree)
        {
            throw new SimViolation(
                "CoreAgreesWithLog",
                $"{partition.Name}: node {node.Id} has {core.LogStart} {core.HighWatermark} {core.Durable} {core.AppendedPosition}, "
                + $"its log {bounds.LogStart} {bounds.HighWatermark} {bounds.Durable} {bounds.Appended}");
        }
    }

    private void Note(string what) => cluster.Trace.Note(
        what, node.Id.Value, _bounds!.Appended.Offset.Value, _bounds.Durable.Offset.Value, _bounds.HighWatermark.Value,
        partition.Name.Topic,
        cluster.Trace.IsText ? $"{partition.Name} {_bounds.Appended} durable {_bounds.Durable} hw {_bounds.HighWatermark}" : "");
}
