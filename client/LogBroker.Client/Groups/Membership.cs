using LogBroker.Protocol;
using LogBroker.Protocol.V1;
using LogBroker.Rpc;

namespace LogBroker.Client;

/// <summary>
/// One membership: keeps a Join stream open to the coordinator, wherever that moves, with the same member id; a fenced or forgotten member
/// loses what it holds and joins anew. Runs until it is stopped or refused for good.
/// </summary>
internal sealed class Membership
{
    private const int HopsMax = 3;

    /// <summary>How long a member that has joined once goes on looking for a coordinator before its caller is told.</summary>
    private static readonly TimeSpan UnreachableMax = TimeSpan.FromMinutes(2);

    private readonly ConsumerCore _core;
    private readonly Rebalancer _rebalancer;
    private readonly string _memberId = Guid.NewGuid().ToString("N");
    private int _epoch;
    private int _streams;
    private long _heardAt;
    private bool _hearsHeartbeats;
    private bool _wasHeard;
    private TimeSpan _interval = TimeSpan.FromSeconds(3);

    public Membership(ConsumerCore core)
    {
        _core = core;
        _rebalancer = new Rebalancer(core);
    }

    public string MemberId => _memberId;

    public Rebalancer Rebalancer => _rebalancer;

    /// <summary>Of the last assignment; 0 while it has not joined.</summary>
    public int Epoch => Volatile.Read(ref _epoch);

    private TimeProvider Clock => _core.Calls.Options.TimeProvider;

    /// <summary>Never fails: what is for good is told to the caller at its next ask.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        try
        {
            await RunUntilStoppedAsync(stop).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            _core.Fail(e, endsMembership: true);
        }
    }

    /// <summary>Leaves for good, or for as long as the session of a static member lasts. Best effort.</summary>
    public async Task LeaveAsync(TimeSpan limit)
    {
        if (Volatile.Read(ref _streams) == 0)
        {
            return;
        }

        try
        {
            var request = new LeaveGroupRequest
            {
                Group = _core.Options.GroupId,
                MemberId = _memberId,
                MemberEpoch = Epoch,
                Temporarily = !string.IsNullOrEmpty(_core.Options.GroupInstanceId),
            };
            await _core.Coordinator.AskAsync(GroupMethods.LeaveGroup, () => request, limit, CancellationToken.None).ConfigureAwait(false);
        }
        catch (LogBrokerException e) when (e.Reason is ErrorCode.UnknownMember or ErrorCode.FencedMemberEpoch)
        {
            // The group has forgotten it already.
        }
        catch (Exception e) when (e is LogBrokerException or ObjectDisposedException or OperationCanceledException)
        {
            LogEvents.GroupNotLeft(_core.Calls.Log, _core.Options.GroupId, e.Message);
        }

        Volatile.Write(ref _epoch, 0);
    }

    private async Task RunUntilStoppedAsync(CancellationToken stop)
    {
        Volatile.Write(ref _heardAt, Clock.GetTimestamp());
        TimeSpan look = _core.Options.SessionTimeout / 20;
        await using ITimer watch = Clock.CreateTimer(static self => ((Membership)self!).LookAtSession(), this, look, look);
        int attempt = 0;
        int hops = 0;
        while (!stop.IsCancellationRequested)
        {
            (LogBrokerException? why, bool wasHeard) = await ServeOnceAsync(stop).ConfigureAwait(false);
            if (stop.IsCancellationRequested)
            {
                return;
            }

            if (why is null)
            {
                _core.Fail(new ObjectDisposedException(nameof(LogBrokerClient)), endsMembership: true);
                return;
            }

            attempt = wasHeard ? 1 : attempt + 1;
            hops = wasHeard ? 0 : hops;
            TimeSpan silence = Clock.GetElapsedTime(Volatile.Read(ref _heardAt));
            _wasHeard |= wasHeard;
            bool isFenced = why.Reason is ErrorCode.FencedMemberEpoch or ErrorCode.UnknownMember;

            // Nobody there at the beginning is told at once, for the call has looked for a while already; later it may be a restart.
            bool isGone = why is ServerUnreachableException
                && (!_wasHeard || (silence > UnreachableMax && silence > _core.Options.SessionTimeout));
            if (isGone || (!isFenced && !CoordinatorCalls.MayRepeat(why) && why.Reason != ErrorCode.ShuttingDown))
            {
                await _rebalancer.LoseAllAsync().ConfigureAwait(false);
                _core.Fail(why, endsMembership: true);
                return;
            }

            LogEvents.GroupStreamLost(_core.Calls.Log, _core.Options.GroupId, why.Endpoint ?? "-", why.Message);
            if (isFenced)
            {
                Volatile.Write(ref _epoch, 0);
                await _rebalancer.LoseAllAsync().ConfigureAwait(false);
            }

            bool isKnown = isFenced ? attempt == 1 : _core.Coordinator.TakeHint(why) && hops++ < HopsMax;
            if (!isKnown)
            {
                hops = 0;
                await WaitAsync(_core.Calls.Retry.Wait(attempt, why.RetryAfter), stop).ConfigureAwait(false);
            }
        }
    }

    private async Task WaitAsync(TimeSpan wait, CancellationToken stop)
    {
        try
        {
            await Task.Delay(wait, Clock, stop).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // The loop looks whether it is to go on.
        }
    }

    /// <summary>
    /// One stream, from its opening to its end, and whether the coordinator said anything on it. Null when it was stopped.
    /// </summary>
    private async Task<(LogBrokerException? Why, bool WasHeard)> ServeOnceAsync(CancellationToken stop)
    {
        bool wasHeard = false;
        try
        {
            string server = await _core.Coordinator.FindAsync(stop).ConfigureAwait(false);
            await using GroupStream stream = await GroupStream.OpenAsync(_core.Calls, server, Open(), Heartbeat, stop)
                .ConfigureAwait(false);
            while (await stream.ReadAsync(SilenceMax()).ConfigureAwait(false) is { } message)
            {
                wasHeard = true;
                Volatile.Write(ref _heardAt, Clock.GetTimestamp());
                if (message.GoAway is not null)
                {
                    // The group is about to have another coordinator: looked for at once, whatever wait this one asks for.
                    return (
                        new LogBrokerException(ErrorCode.NotCoordinator, $"{server} is about to end the stream") { Endpoint = server },
                        wasHeard);
                }

                Take(stream, message);
            }

            return (new ServerUnreachableException($"{server} ended the stream of the group") { Endpoint = server }, wasHeard);
        }
        catch (LogBrokerException e)
        {
            return (e, wasHeard);
        }
        catch (RpcException e)
        {
            return (CallErrors.ToException(e, default), wasHeard);
        }
        catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
        {
            return (null, wasHeard);
        }
    }

    private void Take(GroupStream stream, JoinResponse message)
    {
        if (message.Assignment is { } assignment)
        {
            Volatile.Write(ref _epoch, assignment.MemberEpoch);
            _interval = TimeSpan.FromMilliseconds(assignment.HeartbeatIntervalMs > 0 ? assignment.HeartbeatIntervalMs : 3_000);
            stream.BeatEvery(_interval);
            HashSet<TopicPartition> target =
                [.. assignment.Partitions.SelectMany(static t => t.Partitions.Select(p => new TopicPartition(t.Topic, p)))];
            _rebalancer.Assign(target, () => stream.Acted(assignment.Number));
        }
        else if (message.Heartbeat is { } heartbeat)
        {
            _hearsHeartbeats = true;
            if (heartbeat.MemberEpoch > Epoch)
            {
                Volatile.Write(ref _epoch, heartbeat.MemberEpoch);
            }

            stream.BeatEvery(_interval);
        }
    }

    /// <summary>A server that answers heartbeats is missed after three; another one at the end of the session.</summary>
    private TimeSpan SilenceMax()
    {
        TimeSpan session = _core.Options.SessionTimeout * (2.0 / 3);
        TimeSpan beats = _interval * 3;
        return _hearsHeartbeats && beats < session ? beats : session;
    }

    private JoinOpen Open()
    {
        ConsumerOptions options = _core.Options;
        var open = new JoinOpen
        {
            Group = options.GroupId,
            MemberId = _memberId,
            MemberEpoch = Epoch,
            Attempt = ++_streams,
            InstanceId = options.GroupInstanceId ?? string.Empty,
            Rack = _core.Calls.Options.Rack,
            ClientId = _core.Calls.Options.ClientId,
            Topics = { options.Topics },
            TopicRegex = options.TopicRegex ?? string.Empty,
            Assignor = options.AssignorName,
            SessionTimeoutMs = (int)options.SessionTimeout.TotalMilliseconds,
            RebalanceTimeoutMs = (int)options.RebalanceTimeout.TotalMilliseconds,
        };
        if (open.MemberEpoch > 0)
        {
            open.Held.Add(Held());
        }

        return open;
    }

    /// <summary>What is held is looked at after the number: it is at least as new.</summary>
    private JoinHeartbeat Heartbeat(int seen) => new() { MemberEpoch = Epoch, HasHeld = true, Seen = seen, Held = { Held() } };

    /// <summary>Without a word for a whole session others have the partitions: nothing more of them is handed out.</summary>
    private void LookAtSession()
    {
        if (Clock.GetElapsedTime(Volatile.Read(ref _heardAt)) > _core.Options.SessionTimeout && _core.Holdings.All.Count > 0)
        {
            _ = _rebalancer.LoseAllAsync();
        }
    }

    private IEnumerable<AssignedPartitions> Held() => _core.Holdings.All
        .GroupBy(static h => h.Id.Topic, StringComparer.Ordinal)
        .Select(static t => new AssignedPartitions
        {
            Topic = t.Key,
            Partitions = { t.Select(static h => h.Id.Partition).Order() },
        });
}
