using LogBroker.Protocol;

namespace LogBroker.TestKit;

/// <summary>
/// What the simulation knows of one partition over all its replicas and all time: which prefix each position names, who led which
/// epoch, what was committed, and what producers were told. One thread.
/// </summary>
internal sealed class SimPartition(
    PartitionId id, TopicPartition name, bool isDurable, IReadOnlyList<NodeId> voters, bool isCompacted = false)
{
    private readonly Dictionary<LogPosition, ulong> _chains = new() { [LogPosition.Zero] = 1 };
    private readonly Dictionary<Epoch, (NodeId Node, int Life)> _leaders = [];
    private readonly List<SimItem> _records = [];
    private readonly Dictionary<ulong, Offset> _bodies = [];
    private readonly Dictionary<(ProducerId, short), int> _nextSequence = [];
    private readonly HashSet<ulong> _refused = [];
    private readonly SortedDictionary<int, (LogPosition Position, ulong Chain)> _committedIn = [];

    public PartitionId Id => id;

    public TopicPartition Name => name;

    public IReadOnlyList<NodeId> Voters => voters;

    /// <summary>False for topics with durability=memory, whose records may go with the power.</summary>
    public bool IsDurable => isDurable;

    /// <summary>What compaction may leave of it; null where the topic is not compacted.</summary>
    public SimCompaction? Compaction { get; } = isCompacted ? new SimCompaction(name) : null;

    /// <summary>True when a node let go of it because its topic was deleted.</summary>
    public bool IsDeleted { get; set; }

    /// <summary>How often a replica began anew at its leader's log start.</summary>
    public int Resets { get; set; }

    /// <summary>The greatest position committed, and the prefix that it names.</summary>
    public (LogPosition Position, ulong Chain) Committed { get; private set; } = (LogPosition.Zero, 1);

    /// <summary>Offset behind the last record committed.</summary>
    public Offset CommittedEnd => _records.Count == 0 ? Offset.Zero : _records[^1].Position.Offset;

    public int LeadersSeen => _leaders.Count;

    public int RecordBatches => _records.Count;

    /// <summary>Batches that producers were told are safe.</summary>
    public int Acknowledged { get; private set; }

    /// <summary>A replica has these items in front of a position: everybody who has the position must have the same.</summary>
    public void Note(LogPosition position, ulong chain, string where)
    {
        if (!_chains.TryAdd(position, chain) && _chains[position] != chain)
        {
            throw new SimViolation("LogMatching", $"{name}: {position} of {where} names other items than elsewhere");
        }
    }

    public ulong ChainAt(LogPosition position, string where) => _chains.TryGetValue(position, out ulong chain)
        ? chain
        : throw new SimViolation("LogMatching", $"{name}: {where} begins at {position}, where no log ever was");

    public void Leads(Epoch epoch, NodeId node, int life, SimShadow log)
    {
        if (!_leaders.TryAdd(epoch, (node, life)) && _leaders[epoch] != (node, life))
        {
            throw new SimViolation("OneLeaderPerEpoch", $"{name}: epoch {epoch} is led by node {node}, and was by {_leaders[epoch].Node}");
        }

        foreach ((int committedIn, (LogPosition position, ulong chain)) in _committedIn)
        {
            if (committedIn <= epoch.Value && !log.Has(position, chain))
            {
                throw new SimViolation(
                    "LeaderCompleteness",
                    $"{name}: node {node} leads {epoch} with {log.Position} and lacks {position}, committed in {committedIn}");
            }
        }
    }

    /// <summary>A leader counted a majority for all up to a position of its log.</summary>
    /// <returns>True when that is news.</returns>
    public bool Commit(SimShadow log, LogPosition upto, Epoch leaderEpoch, NodeId leader)
    {
        int count = log.CountUpto(upto);
        if (count <= 0)
        {
            return false;
        }

        // Record batches up to there that are not known yet, and the same ones as far as they are.
        int from = count;
        while (from > 0 && log.Items[from - 1].Position.Offset > CommittedEnd)
        {
            from--;
        }

        for (int i = from; i < count; i++)
        {
            if (!log.Items[i].IsRow)
            {
                Add(log.Items[i], leader);
            }
        }

        ulong chain = log.Items[count - 1].Chain;
        RequireSame(log, leader, upto.Offset);
        if (!_committedIn.TryGetValue(leaderEpoch.Value, out (LogPosition Position, ulong) known) || known.Position < upto)
        {
            _committedIn[leaderEpoch.Value] = (upto, chain);
        }

        if (upto > Committed.Position)
        {
            Committed = (upto, chain);
            return true;
        }

        return false;
    }

    /// <summary>Everything a node shows below an offset must be what is committed there.</summary>
    public void RequireSame(SimShadow log, NodeId node, Offset highWatermark)
    {
        if (highWatermark <= log.Start.Offset)
        {
            return;
        }

        if (highWatermark > CommittedEnd)
        {
            throw new SimViolation("ExposedIsCommitted", $"{name}: node {node} shows {highWatermark}, committed is {CommittedEnd}");
        }

        SimItem committed = RecordBefore(highWatermark);
        if (committed.Position.Offset != highWatermark || !log.Has(committed.Position, committed.Chain))
        {
            throw new SimViolation(
                "ExposedIsCommitted", $"{name}: node {node} shows {highWatermark} and has not what was committed there");
        }
    }

    /// <summary>A producer was told that its batch is safe at an offset.</summary>
    public void Acknowledge(Offset baseOffset, ulong body, bool isDuplicate)
    {
        Acknowledged++;
        if (!IsCommittedAt(baseOffset, body))
        {
            string where = _bodies.TryGetValue(body, out Offset at) ? $"is at {at}" : "is not committed";
            throw new SimViolation(
                "AckedIsCommitted",
                $"{name}: a batch was acknowledged at {baseOffset}{(isDuplicate ? " as a duplicate" : "")} and {where}");
        }
    }

    /// <summary>A producer was told that its batch is not written and never will be.</summary>
    public void Refuse(ulong body)
    {
        _refused.Add(body);
        if (_bodies.TryGetValue(body, out Offset at))
        {
            throw new SimViolation("RefusedIsNotWritten", $"{name}: a batch was refused for good and is at {at}");
        }
    }

    /// <summary>
    /// The committed batches that one which compaction has changed stands for: byte for byte equality between replicas holds for what was
    /// written, and for what is left this.
    /// </summary>
    public IReadOnlyList<SimItem> Compacted(RecordBatch batch, string where)
    {
        List<SimItem> items = [];
        for (int i = _records.Count - 1; i >= 0 && _records[i].BaseOffset >= batch.BaseOffset; i--)
        {
            if (_records[i].Position.Offset <= batch.NextOffset)
            {
                items.Add(_records[i]);
            }
        }

        items.Reverse();
        Compaction!.Check(batch.Bytes.ToArray(), items, where);
        return items;
    }

    /// <summary>A reader got a batch of a compacted topic, from the end of what it had on or around it.</summary>
    public void ReadCompacted(RecordBatch batch, NodeId node) => _ = Compacted(batch, $"node {node} handed it out");

    /// <summary>A reader got a batch.</summary>
    public void Read(Offset baseOffset, ulong body, NodeId node)
    {
        if (!IsCommittedAt(baseOffset, body))
        {
            throw new SimViolation(
                "ReadIsCommitted", $"{name}: node {node} handed out a batch at {baseOffset} that is not committed there");
        }
    }

    /// <summary>True when this very batch is what is committed there.</summary>
    private bool IsCommittedAt(Offset baseOffset, ulong body) =>
        baseOffset >= Offset.Zero && baseOffset < CommittedEnd && RecordBefore(baseOffset + 1) is var there
        && there.BaseOffset == baseOffset && there.Body == body;

    private void Add(SimItem item, NodeId leader)
    {
        if (item.BaseOffset != CommittedEnd)
        {
            throw new SimViolation(
                "CommittedNeverChanges", $"{name}: node {leader} commits {item.BaseOffset} where {CommittedEnd} is due");
        }

        if (!_bodies.TryAdd(item.Body, item.BaseOffset))
        {
            throw new SimViolation(
                "WrittenOnce",
                $"{name}: the batch at {_bodies[item.Body]} is committed again at {item.BaseOffset}: {item}");
        }

        if (_refused.Contains(item.Body))
        {
            throw new SimViolation("RefusedIsNotWritten", $"{name}: the batch at {item.BaseOffset} was refused for good");
        }

        if (item.Producer.IsSome)
        {
            (ProducerId, short) producer = (item.Producer, item.ProducerEpoch);
            int due = _nextSequence.GetValueOrDefault(producer, 0);
            if (item.Sequence != due)
            {
                throw new SimViolation(
                    "SequencesInOrder", $"{name}: producer {item.Producer} wrote {item.Sequence} at {item.BaseOffset}, {due} is due");
            }

            _nextSequence[producer] = due + (int)(item.Position.Offset - item.BaseOffset);
        }

        _records.Add(item);
        Compaction?.Commit(item.Position);
    }

    private SimItem RecordBefore(Offset end)
    {
        int low = 0;
        int high = _records.Count - 1;
        while (low < high)
        {
            int middle = (low + high) / 2;
            (low, high) = _records[middle].Position.Offset < end ? (middle + 1, high) : (low, middle);
        }

        return _records[low];
    }
}
