using LogBroker.Protocol;
using LogBroker.Raft;

namespace LogBroker.Cluster;

/// <summary>Leading: beginning to serve, proving that the leadership still holds, and handing it over.</summary>
internal sealed partial class PartitionReplica
{
    /// <summary>How long batches wait for a successor that was asked to lead.</summary>
    private const int HoldMsMax = 500;

    private readonly List<(long Round, TaskCompletionSource<bool> Done)> _confirmations = [];
    private readonly Dictionary<NodeId, long> _laggingSinceMs = [];
    private HandOver? _handOver;
    private long? _holdUntilMs;
    private bool _hasServed; // in this leadership: what it appended is in the producer table
    private volatile IReadOnlyList<ReplicaProgress> _progress = [];

    /// <summary>A wish to let another replica lead.</summary>
    /// <param name="To">The successor, or none for any that has all.</param>
    /// <param name="UntilMs">When to give up, or to resign all the same.</param>
    /// <param name="Must">True when this replica resigns in any case.</param>
    /// <param name="Done">True when it resigned to a successor that had everything.</param>
    private sealed record HandOver(NodeId To, long UntilMs, bool Must, TaskCompletionSource<bool> Done);

    /// <summary>How far the replicas are, as of the last look; empty unless this one leads. Any thread.</summary>
    public IReadOnlyList<ReplicaProgress> Progress => _progress;

    /// <summary>
    /// Stops appends, waits (bounded) until a successor has everything, and resigns to it (R18). With <paramref name="must"/> it resigns in
    /// any case. Completes with true when it resigned to a successor that had everything.
    /// </summary>
    public Task<bool> Leave(NodeId to, int waitMs, bool must)
    {
        var done = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        Post(() =>
        {
            if (_life == ReplicaLife.Stopped || !_core.IsLeader || _handOver is not null || Voters.Count == 1)
            {
                done.SetResult(false);
                return;
            }

            _handOver = new HandOver(to, _env.RunningMs + waitMs, must, done);
            _holdUntilMs = _env.RunningMs + waitMs + HoldMsMax;
            Publish(View with { Leader = NodeId.None, Serves = false, Detail = "its leadership is being handed over" });
        });
        return done.Task;
    }

    /// <summary>
    /// Proves that this replica leads still: a round that begins now is echoed by a majority (R22). False when it leads no more.
    /// </summary>
    public Task<bool> ConfirmLeadership()
    {
        var done = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        Post(() =>
        {
            if (_life == ReplicaLife.Stopped || !_core.MayServe)
            {
                done.SetResult(false);
            }
            else if (Voters.Count == 1)
            {
                done.SetResult(true);
            }
            else
            {
                _confirmations.Add((_core.BeginRound(), done));
            }
        });
        return done.Task;
    }

    /// <summary>Looks at how far the replicas are, soon. Any thread.</summary>
    public void NoteProgress() => Post(LookAtProgress);

    /// <summary>
    /// Batches that come while a leadership changes hands wait in the queue: at the old leader until it is known where to send them or it
    /// goes on, at the new one until it serves. Their producers lose milliseconds instead of a search.
    /// </summary>
    private bool IsHolding()
    {
        if (_holdUntilMs is not { } untilMs)
        {
            return false;
        }

        bool isBeginning = _core.IsLeader && !_hasServed;
        bool isSettled = _handOver is null && _core.Leader != NodeId.None && !isBeginning;
        if (isSettled || _env.RunningMs >= untilMs || _life != ReplicaLife.Running)
        {
            _holdUntilMs = null;
        }

        return _holdUntilMs is not null;
    }

    private void AnswerConfirmations()
    {
        for (int i = 0; i < _confirmations.Count; i++)
        {
            (long round, TaskCompletionSource<bool> done) = _confirmations[i];
            bool holds = _core.IsLeader && _life != ReplicaLife.Stopped;
            if (!holds || _core.ConfirmedRound >= round)
            {
                done.SetResult(holds);
                _confirmations.RemoveAt(i--);
            }
        }
    }

    private void LookAtHandOver()
    {
        if (_handOver is not { } handOver)
        {
            return;
        }

        if (!_core.IsLeader)
        {
            EndHandOver(handOver, isDone: false);
            return;
        }

        NodeId to = handOver.To != NodeId.None ? handOver.To : _core.CaughtUpPeer;
        bool hasAll = to != NodeId.None && _core.IsCaughtUp(to) && _core.HighWatermark == _core.End;
        if (hasAll)
        {
            _core.Resign(to);
            CarryOut();
            EndHandOver(handOver, isDone: true);
        }
        else if (_env.RunningMs >= handOver.UntilMs)
        {
            if (handOver.Must)
            {
                _core.Resign();
                CarryOut();
            }

            EndHandOver(handOver, isDone: false);
        }
    }

    private void EndHandOver(HandOver handOver, bool isDone)
    {
        _handOver = null;
        handOver.Done.SetResult(isDone);
        if (_core.IsLeader && _core.KnowsHighWatermark && _life == ReplicaLife.Running)
        {
            StartServing();
        }
    }

    private void StartServing()
    {
        CommitReplicated(_core.HighWatermark);
        if (RecoverProducers() is { } error)
        {
            Publish(new ReplicaView(NodeId.None, Epoch.None, false, error.Message));
            _served.TrySetResult();
            return;
        }

        _hasServed = true;
        _tailKeys = _judgesKeys ? new TailKeys(_core.End) : null;
        Publish(new ReplicaView(_env.Node, _core.Epoch, true, ""));
        _served.TrySetResult();
        _waiters.WakeAll();
    }

    /// <summary>Says to other threads who leads.</summary>
    private void PublishLeader()
    {
        bool isLeader = _core.IsLeader;
        if (isLeader && !_hasServed && Voters.Count > 1)
        {
            _holdUntilMs = _env.RunningMs + HoldMsMax;
        }

        bool serves = isLeader && View.Serves && View.Epoch == _core.Epoch;
        string detail = serves ? ""
            : isLeader ? "its leader has not reached the start of its epoch yet"
            : _core.Leader != NodeId.None ? $"node {_core.Leader} leads it"
            : "no leader is known";
        Publish(new ReplicaView(_core.Leader, _core.Epoch, serves, detail));
        if (!serves)
        {
            _waiters.WakeAll();
        }
    }

    /// <summary>What describes the replicas to people; looked at by time, not at each message.</summary>
    private void LookAtProgress()
    {
        if (!_core.IsLeader || Voters.Count == 1)
        {
            _progress = _core.IsLeader ? [new ReplicaProgress(_env.Node, true, 0, 0, true)] : [];
            return;
        }

        long nowMs = _env.RunningMs;
        var progress = new List<ReplicaProgress>(Voters.Count) { new(_env.Node, true, 0, 0, _core.IsReadmitted) };
        foreach (Progress peer in _core.Peers)
        {
            Offset has = peer.Counted ?? Offset.Min(peer.Position.Offset, _core.HighWatermark);
            long lag = Math.Max(0, _core.End - has);
            bool lags = lag > 0 || peer.Counted is null;
            if (!lags)
            {
                _ = _laggingSinceMs.Remove(peer.Voter);
            }
            else
            {
                _ = _laggingSinceMs.TryAdd(peer.Voter, nowMs);
            }

            long lagMs = lags ? Math.Max(1, nowMs - _laggingSinceMs[peer.Voter]) : 0;
            bool isInSync = _env.Peers.IsHeard(peer.Voter) && peer.IsReadmitted && (peer.Counted is not null) && lagMs < LagMsInSync(peer);

            // One that was not heard in this epoch is not known to be wiped.
            bool isWiped = peer.Directory != default && !peer.IsReadmitted;
            progress.Add(new ReplicaProgress(peer.Voter, isInSync, lag, lagMs, !isWiped));
        }

        _progress = progress;
    }

    /// <summary>Under load a follower is always a little behind: it counts as in sync while what it misses is little.</summary>
    private long LagMsInSync(Progress peer) =>
        _core.End - (peer.Counted ?? Offset.Zero) <= InSyncLagRecords ? long.MaxValue : InSyncLagMs;

    private const long InSyncLagRecords = 10_000;
    private const long InSyncLagMs = 2_000;
}
