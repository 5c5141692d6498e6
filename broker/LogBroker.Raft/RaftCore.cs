using LogBroker.Protocol;

namespace LogBroker.Raft;

/// <summary>
/// The consensus of one replica of one partition as a pure machine: events go in, effects come out of <see cref="TakeReady"/>. It
/// reads no clock, does no I/O and never sees payloads; it owns hard state, rows, positions and role as values. Rules are those of
/// the replication specification and cited by number. One partial file per role, and for time, messages, serving and leaving.
/// Failure policy: an event that contradicts the state is a bug of the driver and breaks an invariant; expected failures do not
/// exist here, because a failed write or flush ends the process before it is reported (R10). A message may say anything: what is stale
/// is fenced or dropped, what cannot be is counted and ignored, and only an order of the leader of this epoch to cut what is committed
/// ends the process (R17, R26).
/// Ownership: one driver, one thread at a time.
/// </summary>
public sealed partial class RaftCore
{
    private readonly RaftConfig _config;
    private readonly Progress[] _voters;
    private readonly int _self;

    private HardState _persisted;
    private readonly Outbox _outbox = new();
    private readonly ElectionTimer _timer;

    private HardState? _persistNext;
    private EpochRow? _rowNext;
    private Offset? _highWatermarkNext;
    private bool _leadershipLost;
    private (RaftRole Role, NodeId Leader, Epoch Epoch) _shown;
    private Offset _itemStart; // where the batch begins that LogStart lies in: a log can begin there, and nowhere inside a batch

    /// <summary>Starts as follower without a leader, whatever the stored vote says (R6).</summary>
    public RaftCore(RaftConfig config, RecoveredReplica recovered)
    {
        Invariant.Require(config.Voters.Count > 0);
        Invariant.RequireAtMost(config.Voters.Count, RaftConfig.VotersMax);
        _config = config;
        IsReadmitted = config.IsReadmitted;
        _timer = new ElectionTimer(config.Seed, config.ElectionTicksMin, config.ElectionTicksMax);
        _voters = [.. config.Voters.Select(v => new Progress(v))];
        _self = Array.FindIndex(_voters, v => v.Voter == config.Self);
        Table = new EpochTable(recovered.Rows);
        Invariant.RequireAtMost(Table.LastStart, recovered.End);
        End = recovered.End;
        LogStart = recovered.LogStart;
        _itemStart = recovered.ItemStart ?? LogStart;
        Durable = AppendedPosition; // R20 (4): recovery has flushed what it kept
        HighWatermark = Offset.Max(LogStart, Offset.Min(recovered.HighWatermarkCheckpoint, End)); // R20 (5), S22
#if PLANTED
        if (PlantedBugs.Has(22)) { HighWatermark = recovered.HighWatermarkCheckpoint; }
#endif
        HardState = InitialHardState(config, recovered, Table.LastEpoch);
        _persisted = HardState;
        _shown = (Role, Leader, Epoch);
        Invariant.RequireAtMost(Table.LastEpoch, HardState.Epoch); // R20 (2)
        RequireBoundsOrdered();
    }

    /// <summary>The present hard state; the driver may not have persisted it yet.</summary>
    public HardState HardState { get; private set; }

    /// <summary>The role in <see cref="Epoch"/>.</summary>
    public RaftRole Role { get; private set; }

    /// <summary>The leader of <see cref="Epoch"/> if it is known.</summary>
    public NodeId Leader { get; private set; }

    /// <summary>The newest epoch known.</summary>
    public Epoch Epoch => HardState.Epoch;

    /// <summary>The rows of the log.</summary>
    public EpochTable Table { get; }

    /// <summary>First offset kept.</summary>
    public Offset LogStart { get; private set; }

    /// <summary>The offset behind the last record appended.</summary>
    public Offset End { get; private set; }

    /// <summary>Names all items appended.</summary>
    public LogPosition AppendedPosition => new(Table.LastEpoch, End);

    /// <summary>Names the items known to be flushed, a prefix of those appended.</summary>
    public LogPosition Durable { get; private set; }

    /// <summary>Everything in front of it is committed. May be above the own durable offset (R12).</summary>
    public Offset HighWatermark { get; private set; }

    /// <summary>
    /// True when counting takes appended items for durable ones: topics with durability=memory. The row of an epoch must be durable
    /// all the same before anything of it counts.
    /// </summary>
    public bool CountsAppended { get; private set; }

    /// <summary>False for a wiped replica until its leader has readmitted it and that is stored (R23, R24).</summary>
    public bool IsReadmitted { get; private set; }

    /// <summary>Messages that were ignored because their epoch is implausibly far ahead: something is wrong with their sender.</summary>
    public long ImplausibleEpochs { get; private set; }

    /// <summary>Messages that contradict what this replica knows for sure, and were ignored: a bug somewhere, to be logged (R11).</summary>
    public long Breaches { get; private set; }

    /// <summary>Takes what has to be done since the last call.</summary>
    public RaftReady TakeReady()
    {
        AddFetch();
        HardState persisted = _persisted;
#if PLANTED
        persisted = PlantedBugs.Has(7) ? HardState : persisted;
#endif
        var ready = new RaftReady
        {
            Persist = _persistNext,
            AppendRow = _rowNext,
            HighWatermark = _highWatermarkNext,
            LeadershipLost = _leadershipLost,
            Messages = _outbox.Take(persisted),
            Truncate = _truncateNext,
            Reset = _resetNext,
            StoreReadmitted = _storeReadmittedNext,
            LeaderChanged = _shown != (Role, Leader, Epoch),
        };
        _persistNext = null;
        _rowNext = null;
        _highWatermarkNext = null;
        _leadershipLost = false;
        _truncateNext = null;
        _resetNext = null;
        _storeReadmittedNext = false;
        _shown = (Role, Leader, Epoch);
        return ready;
    }

    /// <summary>
    /// The hard state of a <see cref="RaftReady"/> is durable (R2). It may be older than the present one; states are confirmed in order.
    /// </summary>
    public void HardStatePersisted(HardState state)
    {
        Invariant.Require(state.Covers(_persisted) && HardState.Epoch >= state.Epoch);
        _persisted = state;
        if (Role == RaftRole.Candidate && state == HardState)
        {
            TakeOwnVote();
        }
    }

    /// <summary>
    /// A flush ended that began when <paramref name="position"/> was the appended position (R10). Flushes may end out of order.
    /// </summary>
    public void Flushed(LogPosition position)
    {
        Invariant.RequireAtMost(position, AppendedPosition);
        if (position > Durable)
        {
            Invariant.Require(Table.Names(position, End)); // of a flush that a cut overtook the driver says nothing
            Durable = position;
            _fetchDue |= Role == RaftRole.Follower; // the report
            CountSelf();
            JudgeWaiting(); // R30: fetches that came before the row was durable
        }
    }

    /// <summary>Chooses what counts from now on; a high watermark once reached stays.</summary>
    public void CountAppended(bool countsAppended)
    {
        CountsAppended = countsAppended;
        CountSelf();
    }

    /// <summary>
    /// How far the log start may go when <paramref name="wanted"/> is asked for: never above what is committed and flushed here, never
    /// back (R26). The answer is the position to store, synced, before files in front of it are unlinked; then
    /// <see cref="LogStartAdvanced"/>.
    /// </summary>
    public LogPosition LogStartFor(Offset wanted)
    {
        Offset start = Offset.Min(wanted, Offset.Min(HighWatermark, Durable.Offset));
        return Table.StartPosition(Offset.Max(start, LogStart));
    }

    /// <summary>The log start is stored (R26).</summary>
    /// <param name="start">The log start.</param>
    /// <param name="filesBegin">The row that the files left begin with.</param>
    /// <param name="itemStart">Base offset of the batch that the start lies in; null where that is the start itself.</param>
    public void LogStartAdvanced(LogPosition start, EpochRow filesBegin, Offset? itemStart = null)
    {
        Invariant.RequireAtMost(LogStart, start.Offset);
        Invariant.RequireAtMost(start.Offset, Offset.Min(HighWatermark, Durable.Offset));
        LogStart = start.Offset;
        _itemStart = itemStart ?? LogStart;
        Invariant.RequireAtMost(_itemStart, LogStart);
        Table.DropFront(filesBegin);
        RequireBoundsOrdered();
        ResetPeersLeftBehind();
    }

    private static HardState InitialHardState(RaftConfig config, RecoveredReplica recovered, Epoch lastRow)
    {
        if (recovered.HardState is { } stored)
        {
            return stored;
        }

        // R30: a lone voter that lost its state store goes on above every epoch that its log shows; R23 otherwise.
        Epoch epoch = config.IsLoneVoter && lastRow > Epoch.None ? lastRow.Next : lastRow;
#if PLANTED
        epoch = PlantedBugs.Has(28) ? lastRow : epoch;
#endif
        return new HardState(epoch, NodeId.None, default);
    }

    /// <summary>R2: sent when what it shows is durable.</summary>
    private void Send(NodeId to, RaftMessage message) => _outbox.Add(to, message, HardState);

    private void SendToVoters(RaftMessage message)
    {
        for (int i = 0; i < _voters.Length; i++)
        {
            if (i != _self)
            {
                Send(_voters[i].Voter, message);
            }
        }
    }

    private int IndexOfVoter(NodeId node)
    {
        for (int i = 0; i < _voters.Length; i++)
        {
            if (_voters[i].Voter == node)
            {
                return i;
            }
        }

        return -1;
    }

    private void RaiseHighWatermark(Offset to)
    {
        if (to > HighWatermark)
        {
            HighWatermark = to;
            _highWatermarkNext = to;
            RequireBoundsOrdered();
        }
    }

    private void RequireBoundsOrdered()
    {
        Invariant.RequireAtMost(LogStart, HighWatermark);
        Invariant.RequireAtMost(HighWatermark, End);
        Invariant.RequireAtMost(LogStart, Durable.Offset);
        Invariant.RequireAtMost(Durable, AppendedPosition);
    }
}
