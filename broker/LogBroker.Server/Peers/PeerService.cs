using LogBroker.Rpc;
using LogBroker.Rpc.Server;
using Microsoft.Extensions.Logging;

namespace LogBroker.Server;

/// <summary>
/// logbroker.peer.v1.Peer: takes the streams that peers dial. Failure policy: a stream that is not proven or makes no sense ends with a
/// status, and nothing of it goes further. No state of its own; thread-safe.
/// </summary>
internal sealed class PeerService(PeerTransportSettings settings, PeerFrameMarshaller marshaller, ILogger log)
{
    private readonly PeriodicLine _refused = new(settings.LogPeriod, settings.Time);
    private volatile PeerSwitchboard? _board;

    /// <summary>Offers the method.</summary>
    public void AddTo(GrpcServices services) => services.Duplex(PeerMethods.Link(marshaller), LinkAsync);

    /// <summary>From here on links are taken.</summary>
    public void Open(PeerSwitchboard board) => _board = board;

    private async ValueTask LinkAsync(
        IAsyncStreamReader<PeerFrame> requests, IServerStreamWriter<PeerFrame> responses, ServerCallContext context)
    {
        if (_board is not { } board)
            throw PeerRefusals.NotReady($"node {settings.Self} is starting");
        var link = await HandshakeAsync(board, requests, responses, context);
        var node = board.NodeOf(link.Peer.Node)!;
        PeerLog.Accepted(log, link.Peer.Node.Value, context.Peer);
        var end = await link.RunAsync(requests, responses);
        board.LostInBackground(node, link, end);
        if (link.CutBecause is { } because)
            throw because;
        if (end is RpcException nonsense)
            throw nonsense;
    }

    private async ValueTask<PeerLink> HandshakeAsync(
        PeerSwitchboard board,
        IAsyncStreamReader<PeerFrame> requests,
        IServerStreamWriter<PeerFrame> responses,
        ServerCallContext context)
    {
        using var time = new CancellationTokenSource(settings.HandshakeTime, settings.Time);
        using var any = CancellationTokenSource.CreateLinkedTokenSource(time.Token, context.CancellationToken, context.Stopping);
        PeerLink? link = null;
        try
        {
            context.ReceiveBytesMax = settings.HandshakeFrameBytesMax;
            var facts = await board.Handshake.AcceptAsync(requests, responses, any.Token);
            context.ReceiveBytesMax = settings.RequestBytesMax;
            link = board.Up(board.NodeOf(facts.Identity.Node)!, LinkSide.Accepted, facts);
            await responses.WriteAsync(PeerSwitchboard.Accepted, WriteHint.Flush, any.Token);
            return link;
        }
        catch (Exception e)
        {
            if (link is not null)
                board.LostInBackground(board.NodeOf(link.Peer.Node)!, link, e);
            var told = e switch
            {
                RpcException rpc => rpc.Status,
                OperationCanceledException when time.IsCancellationRequested => new Status(
                    StatusCode.DeadlineExceeded, $"no handshake within {settings.HandshakeTime.TotalSeconds} s"),
                _ => (Status?)null,
            };
            if (told is null)
                throw;
            if (_refused.TryTake(out long more))
                PeerLog.Refused(log, context.Peer, PeerLog.Plain(told.Value.Detail), more);
            throw new RpcException(told.Value);
        }
    }
}
