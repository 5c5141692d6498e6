using System.Net.Sockets;
using LogBroker.Rpc;
using Microsoft.Extensions.Logging;

namespace LogBroker.Server;

/// <summary>
/// Dials one peer for as long as the transport lives: a link, and after its loss the next, at once at first and then with longer and
/// longer waits, which end when the peer dials this node. Failure policy: nothing ends the loop but the transport's stop. One flow, no
/// state for other threads.
/// </summary>
internal sealed class PeerClient(
    PeerNode node, PeerSwitchboard board, Method<PeerFrame, PeerFrame> method, PeerTransportSettings settings, ILogger log)
{
    private TimeSpan _backoff = TimeSpan.Zero;

    /// <summary>Dials until the token fires.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        var accepted = node.NextAccepted;
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await WaitAsync(accepted, stop);
                accepted = node.NextAccepted;
                await LinkAsync(stop);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                PeerLog.DialFailed(log, node.Node.Value, e);
            }
        }
    }

    private async Task WaitAsync(Task accepted, CancellationToken stop)
    {
        if (_backoff > TimeSpan.Zero)
        {
            using var over = CancellationTokenSource.CreateLinkedTokenSource(stop);
            await Task.WhenAny(Task.Delay(_backoff, settings.Time, over.Token), accepted);
            await over.CancelAsync();
            stop.ThrowIfCancellationRequested();
        }

        var doubled = _backoff * 2;
        _backoff = doubled < settings.BackoffMin ? settings.BackoffMin : doubled < settings.BackoffMax ? doubled : settings.BackoffMax;
    }

    /// <summary>One attempt, and the life of the link when it succeeds.</summary>
    private async Task LinkAsync(CancellationToken stop)
    {
        // A channel of its own: a lost link leaves no connection behind that the next one would be put on.
        await using var channel = GrpcChannel.ForAddress("http://" + node.Address, new GrpcChannelOptions
        {
            ConnectTimeout = settings.ConnectTime,
            KeepAlivePingDelay = settings.PingDelay,
            KeepAlivePingTimeout = settings.PingTimeout,
            ReceiveBytesMax = settings.AnswerBytesMax,
        });
        using var call = channel.Duplex(method, new CallOptions(cancellationToken: stop));
        PeerLink link;
        try
        {
            link = await HandshakeAsync(call, stop);
        }
        catch (Exception e) when (e is RpcException or OperationCanceledException && !stop.IsCancellationRequested)
        {
            SayWhyNot(e);
            return;
        }

        PeerLog.Dialed(log, node.Node.Value, node.Address);
        long upAt = settings.Time.GetTimestamp();
        var end = await link.RunAsync(call.ResponseStream, call.RequestStream);
        if (stop.IsCancellationRequested)
            return;
        if (settings.Time.GetElapsedTime(upAt) >= settings.SteadyTime)
            _backoff = TimeSpan.Zero;
        await board.LostAsync(node, link, end);
    }

    private async Task<PeerLink> HandshakeAsync(AsyncDuplexStreamingCall<PeerFrame, PeerFrame> call, CancellationToken stop)
    {
        using var time = new CancellationTokenSource(settings.HandshakeTime, settings.Time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(time.Token, stop);
        call.ReceiveBytesMax = settings.HandshakeFrameBytesMax;
        var facts = await board.Handshake.DialAsync(node.Node, call.RequestStream, call.ResponseStream, both.Token);
        call.ReceiveBytesMax = settings.AnswerBytesMax;
        return board.Up(node, LinkSide.Dialed, facts);
    }

    private void SayWhyNot(Exception e)
    {
        if (PeerNonsense.In(e) is { } what)
        {
            if (node.Nonsense.TryTake(out long more))
                PeerLog.Nonsense(log, node.Node.Value, node.Address, PeerLog.Plain(what), more);
        }
        else if (e is RpcException { StatusCode: not (StatusCode.Unavailable or StatusCode.Cancelled) } refused)
        {
            if (node.Refused.TryTake(out long more))
                PeerLog.DialRefused(log, node.Node.Value, node.Address, PeerLog.Plain(refused.Message), more);
        }
        else if (node.Unreachable.TryTake(out long more))
        {
            PeerLog.Unreachable(log, node.Node.Value, node.Address, PeerLog.Plain(WhyUnreachable(e)), more);
        }
    }

    private string WhyUnreachable(Exception e)
    {
        for (Exception? cause = e; cause is not null; cause = cause.InnerException)
        {
            if (cause is SocketException socket)
                return socket.Message;
        }

        return e is OperationCanceledException ? $"no handshake within {settings.HandshakeTime.TotalSeconds} s" : e.Message;
    }
}
