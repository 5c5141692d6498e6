using System.Collections.Concurrent;
using System.Collections.Immutable;
using LogBroker.Protocol;
using LogBroker.Raft;
using LogBroker.Storage;

namespace LogBroker.Cluster;

/// <summary>
/// One replica of one partition: the driver that carries out what <see cref="RaftCore"/> decides on <see cref="PartitionLog"/>, appends
/// what producers send, and answers them when the high watermark passes. Owns no thread: <see cref="Poll"/> does all work that is
/// there and returns; whoever has work for it schedules it.
/// Failure policy: a full disk is an answer to producers; every other failed write or sync ends the process, and nothing is
/// acknowledged after it. Damage quarantines this replica alone.
/// Ownership: everything below "owned by the loop" is touched by one poll at a time; readers use what is published:
/// the view, the bounds of the log, and its slices.
/// </summary>
internal sealed partial class PartitionReplica : IFlushListener
{
    private readonly ReplicaEnvironment _env;
    private readonly IPartitionScheduler _scheduler;

    // Any thread.
    private readonly ProduceQueue _queue;
    private readonly FetchWaiters _waiters = new();
    private readonly ConcurrentQueue<Action> _commands = new();
    private readonly Lock _flushedLock = new();
    private readonly TaskCompletionSource _served = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private FlushMark? _flushed;
    private int _isScheduled;
    private int _hasPending;
    private volatile bool _isClosed;
    private int _polls;
    private ReplicaView _view = ReplicaView.Starting;
    private TopicInfo _topic;

    // Owned by the loop.
    private readonly RaftCore _core;
    private ReplicaIdentity _identity;
    private readonly StateBatch _state = new();
    private EpochRow? _rowToAppend;
    private ReplicaLife _life;

    public PartitionReplica(
        ReplicaEnvironment env,
        IPartitionScheduler scheduler,
        int number,
        TopicInfo topic,
        int index,
        PartitionLog log,
        ReplicaIdentity identity,
        IReadOnlyList<NodeId> voters)
    {
        _env = env;
        _scheduler = scheduler;
        _topic = topic;
        Index = index;
        Number = number;
        Voters = voters;
        _identity = identity;
        _topicTag = new KeyValuePair<string, object?>("topic", topic.Name);
        Log = log;
        Log.FlushListener = this;
        BrokerSettings settings = env.Settings;
        _queue = new ProduceQueue(settings.ProduceQueueBytesMax, settings.ProduceQueueBatchesMax, env.Budget);
        _producers = NewProducerTable();
        LogBounds bounds = log.Bounds;
        _replicatedFrom = bounds.End;
        _core = new RaftCore(ConfigOf(settings, log.Id), new RecoveredReplica(
            HardStateStore.Load(env.Logs.State, Id),
            RowsOf(log),
            bounds.LogStart,
            bounds.End,
            HardStateStore.LoadHighWatermark(env.Logs.State, Id))
        {
            ItemStart = log.ItemStartOf(bounds.LogStart),
        });
        _core.CountAppended(topic.Config.Durability == TopicDurability.Memory);
        log.RaiseHighWatermark(_core.HighWatermark);
    }

    public PartitionId Id => Log.Id;

    public int Index { get; }

    /// <summary>Counts the replicas of this process in the order in which they were opened.</summary>
    public int Number { get; }

    /// <summary>Told after each poll in which the high watermark moved; on the loop.</summary>
    public Action? HighWatermarkMoved { get; set; }

    /// <summary>What lives on this partition's records; set before the first poll.</summary>
    public IReplicaCompanion? Companion { get; set; }

    public PartitionLog Log { get; }

    public TopicInfo Topic => Volatile.Read(ref _topic);

    public TopicPartition Name => new(Topic.Name, Index);

    public ReplicaView View => Volatile.Read(ref _view);

    /// <summary>Completes when the replica serves for the first time, or has said in its view why it does not.</summary>
    public Task Served => _served.Task;

    /// <summary>True while producers wait for answers, which have deadlines.</summary>
    public bool HasPending => Volatile.Read(ref _hasPending) != 0;

    public bool TryMarkScheduled() => Interlocked.Exchange(ref _isScheduled, 1) == 0;

    /// <summary>A full fence: what was put in by whoever was told "scheduled already" is seen by the poll that follows.</summary>
    public void ClearScheduled() => Interlocked.Exchange(ref _isScheduled, 0);

    /// <summary>Runs an action in the next poll. Any thread.</summary>
    public void Post(Action command)
    {
        _commands.Enqueue(command);
        _scheduler.Schedule(this);
        PollIfClosed();
    }

    public void Schedule() => _scheduler.Schedule(this);

    /// <summary>A flush turn made the log durable up to a mark; on the flush thread. A later mark covers an earlier one.</summary>
    public void Flushed(PartitionLog log, FlushMark mark)
    {
        lock (_flushedLock)
        {
            _flushed = mark;
        }

        _scheduler.Schedule(this);
    }

    /// <summary>
    /// Does all work that is there. Nobody waits: a caller that finds another one at it has that one look again. Any thread; before
    /// <see cref="Close"/> and <see cref="Retire"/> it is the loop's.
    /// </summary>
    public void Poll()
    {
        if (Interlocked.Increment(ref _polls) != 1)
        {
            return;
        }

        int seen;
        do
        {
            seen = Volatile.Read(ref _polls);
            PollOnce();
        }
        while (Interlocked.Add(ref _polls, -seen) != 0);
    }

    /// <summary>
    /// After <see cref="Close"/> and <see cref="Retire"/> the loop may be gone: whoever puts something in answers it here, whichever of
    /// the two came first. Any thread.
    /// </summary>
    public void PollIfClosed()
    {
        Interlocked.MemoryBarrier(); // what was put in is visible before the flag is looked at
        if (_isClosed)
        {
            Poll();
        }
    }

    private void PollOnce()
    {
        if (_life != ReplicaLife.Stopped)
        {
            TakeFlushed();
            TakeWritten();
            TakeTick();
            CarryOut();
        }

        TakeMail();
        if (_life != ReplicaLife.Stopped)
        {
            CarryOut();
        }

        _leaderProducers = null;

        while (_commands.TryDequeue(out Action? command))
        {
            command();
        }

        Companion?.Work();
        if (!IsHolding())
        {
            AppendWaiting();
        }

        if (_life != ReplicaLife.Stopped)
        {
            CarryOut();
            Trim();
            FollowLogStart();
            LookAtHandOver();
            ServeFollowers();
            _needsTick = _core.NeedsTick || _holdUntilMs is not null;
        }

        AnswerConfirmations();
        Answer();
    }

    private RaftConfig ConfigOf(BrokerSettings settings, PartitionId id)
    {
        var config = new RaftConfig(_env.Node, _identity.Directory, Voters, _identity.IsReadmitted);
        return settings.Cluster is not { } cluster ? config : config with
        {
            ElectionTicksMin = cluster.ElectionTicksMin,
            ElectionTicksMax = cluster.ElectionTicksMax,
            Seed = LedDigest.Of([new LedPartition(id, new Epoch(_env.Node.Value))]) ^ cluster.Seed,
        };
    }

    /// <summary>The rows as the core wants them: the first one is the row the files begin with.</summary>
    private static IReadOnlyList<EpochRow> RowsOf(PartitionLog log)
    {
        ImmutableArray<EpochRow> rows = log.Epochs.Rows;
        if (rows.IsEmpty)
        {
            LogPosition start = log.Bounds.Start;
            return [new EpochRow(start.Epoch, start.Offset)];
        }

        return rows[0].Start == Offset.Zero ? [new EpochRow(Epoch.None, Offset.Zero), .. rows] : rows;
    }

    private void TakeFlushed()
    {
        FlushMark? mark;
        lock (_flushedLock)
        {
            (mark, _flushed) = (_flushed, null);
        }

        if (mark is { } flushed && Log.CompleteFlush(flushed))
        {
            _core.Flushed(flushed.Position);
        }
    }

    /// <summary>Carries out what the core has decided, until there is nothing more.</summary>
    private void CarryOut(bool isClosing = false)
    {
        for (RaftReady ready = _core.TakeReady(); !ready.IsEmpty; ready = _core.TakeReady())
        {
            if (ready.LeadershipLost)
            {
                LoseLeadership();
            }

            if (ready.LeaderChanged)
            {
                PublishLeader();
            }

            if (ready.Persist is { } state && !isClosing)
            {
                _env.HardStates.Request(this, state);
            }

            if (ready.Truncate is { } cut)
            {
                Cut(cut);
            }

            if (ready.Reset is { } start)
            {
                BeginAnew(start);
            }

            if (ready.StoreReadmitted)
            {
                StoreReadmission();
            }

            _rowToAppend = ready.AppendRow ?? _rowToAppend;
            if (ready.HighWatermark is { } highWatermark)
            {
                Log.RaiseHighWatermark(highWatermark);
                CommitReplicated(highWatermark);
                ShowVisible(highWatermark);
                TableIfUsed?.Advance();
                HighWatermarkMoved?.Invoke();
            }

            SendAll(ready.Messages);
        }

        if (_rowToAppend is { } row && !isClosing)
        {
            AppendRow(row);
        }

        if (!View.Serves && _core.KnowsHighWatermark && _handOver is null && !isClosing)
        {
            StartServing();
        }
    }

    private void LoseLeadership()
    {
        _rowToAppend = null;
        if (_hasServed && _core.End > _core.HighWatermark)
        {
            ForgetProducers(_core.End); // another leader may cut what the table has
        }
        else if (_hasServed)
        {
            _producersUpTo = _core.End;
            _replicatedFrom = _core.End;
        }

        _hasServed = false;
        _snapshot = null; // another leader may cut what it covers
        _tailKeys = null;
        _laggingSinceMs.Clear();
        _progress = [];
        FailPending("leadership was lost");
    }

    private void AppendRow(EpochRow row)
    {
        BrokerError? error = Log.AppendRow(row.Epoch, _env.WallClockMs);
        if (error is not null)
        {
            // Tried again at the next tick: the row was not written, so its epoch is still to begin.
            Publish(new ReplicaView(NodeId.None, Epoch.None, false, error.Message));
            _served.TrySetResult();
            return;
        }

        _rowToAppend = null;
        _core.RowAppended(row);
        _env.Metrics.Elections.Add(1);
        _env.Flushes.Request(Log);
    }

    private void WriteState(bool sync)
    {
        try
        {
            _env.Logs.State.Write(_state, sync);
        }
        catch (DiskException e)
        {
            _env.Logs.Fatal.Fail($"state of partition {Name}", e);
            throw;
        }
    }

    /// <summary>What this node leads is told to others from the view: every change of it counts (R28).</summary>
    private void Publish(ReplicaView view)
    {
        Volatile.Write(ref _view, view);
        _env.Peers.NoteView();
        if (Companion is not null)
        {
            _scheduler.Schedule(this);
        }
    }
}
