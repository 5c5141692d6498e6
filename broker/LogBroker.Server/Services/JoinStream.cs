using System.Threading.Channels;
using LogBroker.Cluster;
using LogBroker.Protocol;
using LogBroker.Rpc;
using LogBroker.Rpc.Server;
using Wire = LogBroker.Protocol.V1;

namespace LogBroker.Server;

/// <summary>
/// One member's stream. What the coordinator says waits in two places, the newest assignment and the newest heartbeat: a client that does
/// not read costs no memory. The next heartbeat is read when the last one was answered. Owned by its call; the sink is the broker's.
/// </summary>
internal sealed class JoinStream(
    IAsyncStreamReader<Wire.JoinRequest> requests,
    IServerStreamWriter<Wire.JoinResponse> responses,
    ServerCallContext context) : IMemberSink
{
    private readonly Lock _lock = new();
    private readonly Channel<bool> _said = Signal();
    private readonly Channel<bool> _answered = Signal();
    private MemberMessage.Assigned? _assignment;
    private int? _alive;
    private BrokerError? _error;
    private bool _hasEnded;

    /// <summary>Runs until the client or the coordinator ends it, or the node stops.</summary>
    public async ValueTask RunAsync(Func<IMemberSink, IMembership> join)
    {
        using var ends = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, context.Stopping);
        var membership = join(this);
        var reading = ReadAsync(membership, ends.Token);
        try
        {
            await WriteAsync(ends.Token);
        }
        catch (OperationCanceledException) when (!context.CancellationToken.IsCancellationRequested)
        {
            await responses.WriteAsync(
                new Wire.JoinResponse { GoAway = new Wire.GoAway { Reason = "the node is stopping", RetryAfterMs = 1000 } },
                WriteHint.Flush,
                context.CancellationToken);
        }
        finally
        {
            membership.Close();
            await ends.CancelAsync();
            await reading;
        }
    }

    /// <inheritdoc/>
    public void Assigned(MemberMessage.Assigned assignment)
    {
        lock (_lock)
        {
            _assignment = assignment;
            _alive = null; // the assignment says the same and more
        }

        _said.Writer.TryWrite(true);
        _answered.Writer.TryWrite(true);
    }

    /// <inheritdoc/>
    public void Alive(int memberEpoch)
    {
        lock (_lock)
        {
            _alive = memberEpoch;
        }

        _said.Writer.TryWrite(true);
        _answered.Writer.TryWrite(true);
    }

    /// <inheritdoc/>
    public void Ended(BrokerError? error)
    {
        lock (_lock)
        {
            _error = error;
            _hasEnded = true;
        }

        _said.Writer.TryWrite(true);
    }

    /// <summary>One place: what is said twice before it is looked at is said once. Never throws, whenever the broker comes.</summary>
    private static Channel<bool> Signal() =>
        Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    private async Task ReadAsync(IMembership membership, CancellationToken cancellationToken)
    {
        try
        {
            while (await requests.MoveNext(cancellationToken))
            {
                if (requests.Current.Heartbeat is not { } heartbeat)
                {
                    Ended(ErrorMap.Invalid("message", "open", "is not `heartbeat`: a stream is opened once"));
                    return;
                }

                var held = GroupMessages.HeldOf(heartbeat.Held, "heartbeat.held");
                if (!held.IsOk)
                {
                    Ended(held.Error);
                    return;
                }

                membership.Heartbeat(heartbeat.MemberEpoch, heartbeat.Seen, heartbeat.HasHeld ? held.Value : null);
                await _answered.Reader.ReadAsync(cancellationToken);
            }

            Ended(null); // the client has closed its side
        }
        catch (OperationCanceledException)
        {
            // the call is over
        }
        catch (RpcException)
        {
            Ended(ErrorMap.Invalid("message", "(unreadable)", "cannot be read"));
        }
    }

    private async Task WriteAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            await _said.Reader.ReadAsync(cancellationToken);
            MemberMessage.Assigned? assignment;
            int? alive;
            bool hasEnded;
            lock (_lock)
            {
                (assignment, alive, hasEnded) = (_assignment, _alive, _hasEnded);
                (_assignment, _alive) = (null, null);
            }

            if (assignment is not null)
                await responses.WriteAsync(GroupMessages.ToMessage(assignment), WriteHint.Flush, cancellationToken);
            if (alive is { } epoch)
            {
                var heartbeat = new Wire.JoinResponse { Heartbeat = new Wire.GroupHeartbeat { MemberEpoch = epoch } };
                await responses.WriteAsync(heartbeat, WriteHint.Flush, cancellationToken);
            }

            if (!hasEnded)
                continue;
            if (_error is not null)
                ErrorMap.Refuse<object>(context, _error);
            return;
        }
    }
}
