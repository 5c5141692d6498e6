using System.Collections.Concurrent;
using System.Collections.Immutable;
using LogBroker.Protocol;
using LogBroker.Raft;
using LogBroker.Storage;

namespace LogBroker.Cluster;

/// <summary>Messages of other replicas: in as events of the core and items of the log, out as what the core says and leases.</summary>
internal sealed partial class PartitionReplica
{
    /// <summary>Messages that may wait for the loop; more are dropped, and their senders repeat what matters.</summary>
    private const int MailMax = 10_000;

    /// <summary>A follower further behind than this catches up: its reads and writes give way to those at the tail.</summary>
    private const long CatchUpRecords = 50_000;

    private const int NonsenseQuietMs = 10_000;

    /// <summary>A replica that cannot take items asks for them again every half second: that is said once in this time.</summary>
    private const int RefusalQuietMs = 60_000;

    private static readonly EpochRow[] NoRows = [];

    private readonly ConcurrentQueue<(PeerIdentity From, PartitionMessage Message)> _mail = new();
    private readonly ConcurrentQueue<HardState> _written = new();
    private int _mailCount;
    private int _tickIsDue;
    private int _votersHeard;
    private bool _isLeaderHeard;
    private volatile bool _needsTick = true;
    private Offset _leaderLogStart = Offset.Zero;
    private bool _isColdReading;
    private int _isHealing;
    private long _implausibleEpochs;
    private long _breaches;
    private long _nonsenseQuietUntilMs;
    private (NodeId Leader, ErrorCode Code) _refusal;
    private long _refusalQuietUntilMs;
    private long _refusalsUnsaid;

    /// <summary>True when the next tick may change something whoever is heard.</summary>
    public bool NeedsTick => _needsTick;

    /// <summary>The voters, the preferred leader first. Immutable.</summary>
    public IReadOnlyList<NodeId> Voters { get; }

    /// <summary>How often items of the leader could not be taken, all of them. Written by the loop.</summary>
    public long ItemsRefused { get; private set; }

    /// <summary>Takes a message of another replica. Any thread; a buffer in it is this replica's from here on.</summary>
    public void Deliver(PeerIdentity from, PartitionMessage message)
    {
        if (Interlocked.Increment(ref _mailCount) > MailMax)
        {
            Interlocked.Decrement(ref _mailCount);
            message.Received?.Return();
            return;
        }

        _mail.Enqueue((from, message));
        _scheduler.Schedule(this);
        PollIfClosed();
    }

    /// <summary>A hard state of this replica is durable. On the thread that wrote it.</summary>
    public void HardStateWritten(HardState state)
    {
        _written.Enqueue(state);
        _scheduler.Schedule(this);
    }

    /// <summary>An election tick. Ticks that the loop has no time for are left out: a starved loop causes no elections.</summary>
    public void Tick(bool isLeaderHeard, int votersHeard)
    {
        Volatile.Write(ref _isLeaderHeard, isLeaderHeard);
        Volatile.Write(ref _votersHeard, votersHeard);
        Volatile.Write(ref _tickIsDue, 1);
        _scheduler.Schedule(this);
    }

    public void LeaderGone(NodeId node) => Post(() => _core.LeaderGone(node));

    public void LeaderHeard(NodeId leader, Epoch epoch) => Post(() => _core.LeaderHeard(leader, epoch));

    /// <summary>Sends the present fetch again: what was lost without a sign is made good.</summary>
    public void Refresh() => Post(() => _core.Refresh());

    /// <summary>What was on its way to a peer, or from it, may be lost.</summary>
    public void LinkUp(NodeId peer)
    {
        if (!Voters.Contains(peer))
        {
            return;
        }

        Post(() =>
        {
            _core.PeerLost(peer);
            if (_core.Leader == peer)
            {
                _core.Refresh();
            }
        });
    }

    /// <summary>A partition that never had a leader does not wait for a time-out: its preferred leader campaigns soon.</summary>
    public void BeginWithoutLeader() => Post(() => _core.CampaignSoon());

    /// <summary>True once: its damage is to be healed by whoever asked.</summary>
    public bool TryBeginHealing() => Interlocked.Exchange(ref _isHealing, 1) == 0;

    /// <summary>True when this replica serves, or follows a leader that is heard. Any thread.</summary>
    public bool HasLeader => View is var view
        && (view.Serves || (view.Leader != NodeId.None && view.Leader != _env.Node && _env.Peers.IsHeard(view.Leader)));

    /// <summary>Stores the high watermark, a hint for the next start. Any thread.</summary>
    public void StoreHighWatermark() => Post(() =>
    {
        if (_life != ReplicaLife.Stopped)
        {
            _state.Clear();
            HardStateStore.PutHighWatermark(_state, Id, _core.HighWatermark);
            WriteState(sync: false);
        }
    });

    private void TakeWritten()
    {
        while (_written.TryDequeue(out HardState state))
        {
            _core.HardStatePersisted(state);
        }
    }

    private void TakeTick()
    {
        if (Interlocked.Exchange(ref _tickIsDue, 0) != 0)
        {
            _core.Tick(new RaftTick(Volatile.Read(ref _isLeaderHeard), Volatile.Read(ref _votersHeard)));
        }
    }

    private void TakeMail()
    {
        while (_mail.TryDequeue(out (PeerIdentity From, PartitionMessage Message) mail))
        {
            Interlocked.Decrement(ref _mailCount);
            BatchBuffer? received = mail.Message.Received;
            if (_life != ReplicaLife.Stopped && Log.Damage is null)
            {
                var sender = new RaftSender(mail.From.Node, mail.Message.Directory);
                if (mail.Message.Message is FetchResult result)
                {
                    TakeResult(sender, result, received);
                }
                else
                {
                    _core.Receive(sender, mail.Message.Message);
                }

                NoteNonsense(mail.From.Node);
            }

            received?.Return();
        }
    }

    /// <summary>Says what the core refused: an epoch far ahead, or a message that contradicts what it knows.</summary>
    private void NoteNonsense(NodeId from)
    {
        if (_core.ImplausibleEpochs == _implausibleEpochs && _core.Breaches == _breaches)
        {
            return;
        }

        bool isImplausible = _core.ImplausibleEpochs != _implausibleEpochs;
        (_implausibleEpochs, _breaches) = (_core.ImplausibleEpochs, _core.Breaches);
        _env.Metrics.PeerNonsense.Add(1);
        if (_env.RunningMs < _nonsenseQuietUntilMs)
        {
            return;
        }

        _nonsenseQuietUntilMs = _env.RunningMs + NonsenseQuietMs;
        if (isImplausible)
        {
            BrokerLog.ImplausibleEpoch(_env.Log, from.Value, Name.ToString());
        }
        else
        {
            BrokerLog.Breach(_env.Log, from.Value, Name.ToString(), _breaches);
        }
    }

    private void TakeResult(in RaftSender sender, FetchResult result, BatchBuffer? received)
    {
        NoteLeaderProducers(result, received);
        if (!_core.Receive(sender, result))
        {
            CarryOut(); // a cut or a reset comes before whatever follows
            return;
        }

        _leaderLogStart = result.LogStart;
        if (received is not { Length: > 0 } items || CarriesProducers(result))
        {
            _core.ItemsTaken(result, NoRows, _core.End, isRefused: false);
            return;
        }

        ImmutableArray<EpochRow> before = Log.Epochs.Rows;
        Offset from = Log.Bounds.End;
        ReplicationOutcome outcome = Log.AppendReplicated(items.Array.AsMemory(0, items.Length), _core.Epoch, _env.WallClockMs);
        ImmutableArray<EpochRow> rows = Log.Epochs.Rows;
        if (outcome.Error is { } error)
        {
            SayRefused(sender.Node, error);
        }

        Offset end = outcome.Position.Offset;
        bool hasRow = rows.Length > before.Length;
        _core.ItemsTaken(result, hasRow ? [.. rows.Skip(before.Length)] : NoRows, end, outcome.Error is not null);
        _env.Metrics.ReplicatedBytes.Add(items.Length);
        if (end > from)
        {
            NoteReplicated(items.Span, end);
        }

        if (hasRow || (end > from && !_core.CountsAppended))
        {
            _env.Flushes.Request(Log); // the row must be durable whatever the topic says (R11)
        }
    }

    /// <summary>Says at once what is new, a reason or a leader, and else once in a while.</summary>
    private void SayRefused(NodeId leader, BrokerError error)
    {
        ItemsRefused++;
        if (_refusal == (leader, error.Code) && _env.RunningMs < _refusalQuietUntilMs)
        {
            _refusalsUnsaid++;
            return;
        }

        _refusal = (leader, error.Code);
        _refusalQuietUntilMs = _env.RunningMs + RefusalQuietMs;
        BrokerLog.ItemsRefused(_env.Log, Name.ToString(), leader.Value, error.Message, _refusalsUnsaid);
        _refusalsUnsaid = 0;
    }

    /// <summary>Sends what the core says, and to each follower what it waits for.</summary>
    private void SendAll(IReadOnlyList<RaftEnvelope> messages)
    {
        for (int i = 0; i < messages.Count; i++)
        {
            _env.Peers.Send(messages[i].To, WithProducers(new PartitionMessage(Id, _identity.Directory, messages[i].Message)));
        }
    }

    private void ServeFollowers()
    {
        if (!_core.IsLeader || _life == ReplicaLife.Stopped)
        {
            return;
        }

        IReadOnlyList<Progress> peers = _core.Peers;
        for (int i = 0; i < peers.Count; i++)
        {
            if (_core.IsReadmissionOwed(peers[i]) && MayReadmit())
            {
                SendAnswer(peers[i], null, readmits: true); // alone: what it brings is no items
            }

            if (_core.IsAnswerDue(peers[i], mayReadmit: false))
            {
                Serve(peers[i]);
            }
        }
    }

    private void Serve(Progress peer)
    {
        bool hasItems = peer.WantsItems && peer.Position < _core.AppendedPosition;
        if (!hasItems)
        {
            SendAnswer(peer, null);
            return;
        }

        bool isCatchUp = _core.End - peer.Position.Offset > CatchUpRecords;
        if (!_env.Peers.HasRoom(peer.Voter, isCatchUp))
        {
            _env.Peers.WaitForRoom(peer.Voter, this);
            return;
        }

        LogPosition position = peer.Position;
        int bytesMax = _env.Settings.Cluster!.FetchBytesMax;
        if (isCatchUp && _env.Cold is { } cold)
        {
            if (!_isColdReading)
            {
                _isColdReading = true;
                NodeId node = peer.Voter;
                _ = cold.Run(() =>
                {
                    Result<LogSlice> read = Log.ReadItems(position, bytesMax);
                    Post(() => TakeColdRead(node, position, read));
                    return true;
                });
            }

            return;
        }

        SendItems(peer, Log.ReadItems(position, bytesMax));
    }

    private void TakeColdRead(NodeId node, LogPosition position, Result<LogSlice> read)
    {
        _isColdReading = false;
        Progress? peer = _core.IsLeader && _life != ReplicaLife.Stopped ? _core.Peers.FirstOrDefault(p => p.Voter == node) : null;
        if (peer is { WantsItems: true } && peer.Position == position)
        {
            SendItems(peer, read);
        }
        else if (read.IsOk)
        {
            read.Value.Dispose();
        }
    }

    private void SendItems(Progress peer, in Result<LogSlice> read)
    {
        if (!read.IsOk)
        {
            return; // damage leaves office in this poll; a start that moved is answered at the next fetch
        }

        if (read.Value.Length == 0)
        {
            read.Value.Dispose();
            return;
        }

        SendAnswer(peer, read.Value);
    }

    private void SendAnswer(Progress peer, LogSlice? items, bool readmits = false)
    {
        FetchResult result = _core.Answer(peer, items is not null, readmits);
        if (result.Outcome != FetchOutcome.Items)
        {
            items?.Dispose(); // the log start has overtaken the position
            items = null;
        }

        _env.Peers.Send(peer.Voter, WithProducers(new PartitionMessage(Id, _identity.Directory, result) { Items = items }));
    }

    private void Cut(LogPosition at)
    {
        LogPosition before = Log.Bounds.Appended;
        if (!Log.Truncate(at.Epoch, at.Offset))
        {
            return; // it is damaged, and will be healed
        }

        LogBounds bounds = Log.Bounds;
        BrokerLog.Truncated(_env.Log, Name.ToString(), before.ToString(), bounds.Appended.ToString());
        ForgetReplicated(bounds.End);
        _core.Truncated(bounds.Appended, bounds.Durable);
    }

    private void BeginAnew(LogPosition start)
    {
        BrokerLog.Reset(_env.Log, Name.ToString(), Log.Bounds.Appended.ToString(), start.ToString());
        if (TakeLeaderProducers(start.Offset) is { } producers)
        {
            StoreHints(producers, ProducerSnapshot.UpToOf(producers)); // durable with the reset
        }

        Log.Reset(start);
        ForgetProducers(start.Offset);
        _core.ResetDone(start);
        TableIfUsed?.BeginAnew();
    }

    private void StoreReadmission()
    {
        _identity = _identity with { IsReadmitted = true };
        _state.Clear();
        ReplicaIdentityStore.Put(_state, Id, _identity);
        if (LacksProducers(StoredProducers()) && TakeLeaderProducers(_core.LogStart) is { } producers)
        {
            _state.Put(StateKey.Of(Id, StateKind.ProducerSnapshot), producers);
            _snapshotStoredUpTo = ProducerSnapshot.UpToOf(producers);
            ForgetProducers(_core.End);
        }

        WriteState(sync: true);
        _core.ReadmissionStored();
        BrokerLog.Readmitted(_env.Log, Name.ToString());
    }

    /// <summary>A follower's log begins where its leader's does, as far as it is committed and durable here (R26).</summary>
    private void FollowLogStart()
    {
        if (_core.IsLeader || _leaderLogStart <= _core.LogStart || Log.Damage is not null)
        {
            return;
        }

        LogPosition start = _core.LogStartFor(_leaderLogStart);
        if (start.Offset > _core.LogStart && KeepsProducersOf(start.Offset))
        {
            Log.AdvanceLogStart(start.Offset);
            NoteLogStart();
        }
    }
}
