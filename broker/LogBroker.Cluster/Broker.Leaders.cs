using LogBroker.Protocol;

namespace LogBroker.Cluster;

/// <summary>Who leads where: transfers, draining, going back to preferred leaders, and leaving office at the end.</summary>
public sealed partial class Broker
{
    private const int BalanceTicks = 20;
    private const int PreferredHeardMsMin = 5_000;
    private const int MovesPerLook = 32;
    private const int LeaveWaitMs = 1_500;
    private const int LeaderWaitMs = 3_000;
    private const int SuccessorWaitMs = 500;

    private readonly List<(Func<bool> IsSeen, long UntilMs, TaskCompletionSource<bool> Done)> _watches = [];

    /// <summary>
    /// Hands all leaderships over before the node stops: stops appends, waits (bounded) until a successor has everything, and resigns to
    /// it (R18). A node alone has nobody to hand over to.
    /// </summary>
    public async Task LeaveOfficeAsync(CancellationToken cancellation)
    {
        if (IsAlone)
        {
            return;
        }

        long startedMs = _env.RunningMs;
        Volatile.Write(ref _isLeaving, true);
        _env.Peers.Leave();
        PartitionReplica[] led = [.. _env.Peers.All().Where(r => r.View.Leader == _env.Node)];
        Task<bool>[] leaving = [.. led.Select(r => r.Leave(NodeId.None, LeaveWaitMs, must: true))];
        await Waiting.All(leaving).WaitAsync(cancellation);

        // Who asks here is told where to go, once it is known.
        await Seen(() => led.All(r => r.View.Leader != NodeId.None), SuccessorWaitMs).WaitAsync(cancellation);
        if (leaving.Length > 0)
        {
            BrokerLog.HandedOver(_log, leaving.Length, _env.RunningMs - startedMs, leaving.Count(l => !l.Result));
        }
    }

    private bool _isLeaving;

    /// <inheritdoc/>
    public async ValueTask<Result<NodeId>> TransferLeader(TopicPartition partition, NodeId to, CancellationToken cancellation)
    {
        if (Find(partition, out HostedPartition hosted) is { } error)
        {
            return error;
        }

        PartitionReplica replica = hosted.Replica!;
        ReplicaView view = replica.View;
        if (!view.Serves)
        {
            return PartitionErrors.NotLeader(partition, view, ClientAddressOf(view.Leader));
        }

        NodeId target = to == NodeId.None ? replica.Voters[0] : to;
        if (!replica.Voters.Contains(target))
        {
            string voters = string.Join(", ", replica.Voters);
            return new BrokerError(
                ErrorCode.InvalidArgument,
                $"node {target} holds no replica of partition {partition}; its replicas are on the nodes {voters}");
        }

        if (target == _env.Node)
        {
            return target;
        }

        if (_env.Peers.Liveness is { } liveness && liveness.IsLeaving(target))
        {
            return new BrokerError(
                ErrorCode.Timeout, $"node {target} is stopping; node {_env.Node} leads partition {partition} on");
        }

        if (!_env.Peers.IsHeard(target) || !await replica.Leave(target, LeaveWaitMs, must: false).WaitAsync(cancellation))
        {
            return new BrokerError(
                ErrorCode.Timeout, $"node {target} did not have all records of partition {partition} in time; node {_env.Node} leads on");
        }

        await Seen(() => replica.View.Leader is var l && l != NodeId.None && l != _env.Node, LeaderWaitMs).WaitAsync(cancellation);
        return replica.View.Leader;
    }

    /// <inheritdoc/>
    public async ValueTask<BrokerError?> SetDraining(NodeId node, bool isDraining, CancellationToken cancellation)
    {
        if (IsAlone)
        {
            return new BrokerError(ErrorCode.InvalidArgument, "a node alone cannot be drained: nobody else could lead");
        }

        Result<bool> done = await ChangeMetadata<bool>(cancellation, async () =>
        {
            if (Metadata.State.Node(node) is null)
            {
                string nodes = string.Join(", ", Metadata.State.Nodes.Select(n => n.Node));
                return new BrokerError(ErrorCode.InvalidArgument, $"node {node} is not registered; the cluster has the nodes {nodes}");
            }

            if (Metadata.State.Draining.Contains(node) == isDraining)
            {
                return true;
            }

            if (await Metadata.Change([new MetadataRecord.NodeDraining(node, isDraining)], _env.WallClockMs) is { } error)
            {
                return error;
            }

            PublishNodes();
            return true;
        });
        return done.IsOk ? null : done.Error;
    }

    /// <summary>
    /// Moves leaderships off a draining node, and back to preferred leaders that have been heard for a while; a few at a time. On the
    /// thread of ticks.
    /// </summary>
    private void BalanceLeaders()
    {
        if (Volatile.Read(ref _isLeaving) || _env.Peers.Liveness is not { } liveness)
        {
            return;
        }

        bool isDraining = _draining.Contains(_env.Node);
        int moves = 0;
        foreach (PartitionReplica replica in _env.Peers.All())
        {
            if (!replica.View.Serves || moves >= MovesPerLook)
            {
                continue;
            }

            NodeId preferred = replica.Voters[0];
            if (isDraining && liveness.CountHeard(replica.Voters) > 1)
            {
                moves++;
                _ = replica.Leave(NodeId.None, LeaveWaitMs, must: false);
            }
            else if (preferred != _env.Node
                && !isDraining
                && !_draining.Contains(preferred)
                && !liveness.IsLeaving(preferred)
                && liveness.HeardForMs(preferred) >= PreferredHeardMsMin
                && replica.Progress.Any(p => p.Node == preferred && p.IsInSync))
            {
                moves++;
                _ = replica.Leave(preferred, LeaveWaitMs, must: false);
            }
        }
    }

    /// <summary>Completes with true when a condition holds at a tick, with false when it does not in time.</summary>
    private Task<bool> Seen(Func<bool> isSeen, int waitMs)
    {
        var done = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        if (isSeen())
        {
            done.SetResult(true);
            return done.Task;
        }

        lock (_watches)
        {
            _watches.Add((isSeen, _env.RunningMs + waitMs, done));
        }

        return done.Task;
    }

    private void LookAtWatches()
    {
        lock (_watches)
        {
            for (int i = 0; i < _watches.Count; i++)
            {
                (Func<bool> isSeen, long untilMs, TaskCompletionSource<bool> done) = _watches[i];
                bool holds = isSeen();
                if (holds || _env.RunningMs >= untilMs || _isStopping)
                {
                    done.TrySetResult(holds);
                    _watches.RemoveAt(i--);
                }
            }
        }
    }
}
