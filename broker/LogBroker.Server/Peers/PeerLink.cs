using LogBroker.Cluster;
using LogBroker.Protocol;
using LogBroker.Rpc;
using Wire = LogBroker.Protocol.Peer.V1;

namespace LogBroker.Server;

/// <summary>Which end of a stream this node is.</summary>
internal enum LinkSide
{
    /// <summary>This node dialed: everything but answers goes out, answers come in.</summary>
    Dialed,

    /// <summary>This node was dialed: answers go out, everything else comes in.</summary>
    Accepted,
}

/// <summary>
/// A proven stream to one peer: its outbox, its writer and its reader, from the handshake to the end. Failure policy: whatever goes wrong
/// ends the link, never more than the link; what waits in it is released and lost. Messages are handed over by the reader's flow;
/// <see cref="Post"/> and <see cref="Cut"/> may come from any thread.
/// </summary>
internal sealed class PeerLink
{
    private readonly PeerTransportSettings _settings;
    private readonly IPeerReceiver _receiver;
    private readonly PeerOutbox _outbox;
    private readonly CancellationTokenSource _ended = new();
    private readonly Action<PeerLink, ClusterId> _joined;
    private RpcException? _cut;

    public PeerLink(
        LinkSide side, PeerFacts peer, PeerTransportSettings settings, IPeerReceiver receiver, Action<PeerLink, ClusterId> joined)
    {
        Side = side;
        Peer = peer.Identity;
        Cluster = peer.Cluster;
        _settings = settings;
        _receiver = receiver;
        _joined = joined;
        _outbox = new PeerOutbox(settings.MessagesMax);
    }

    /// <summary>Which end this node is.</summary>
    public LinkSide Side { get; }

    /// <summary>Who is at the other end.</summary>
    public PeerIdentity Peer { get; }

    /// <summary>The cluster of the other end as it last said, or null.</summary>
    public ClusterId? Cluster { get; private set; }

    /// <summary>Bytes of items that wait to be written.</summary>
    public long ItemsBytes => _outbox.ItemsBytes;

    /// <summary>True until the link was cut or lost.</summary>
    public bool IsOpen => !_ended.IsCancellationRequested;

    /// <summary>Why this end cut the link, or null when it did not.</summary>
    public RpcException? CutBecause => Volatile.Read(ref _cut);

    /// <summary>Hands a frame over, which belongs to the link from here on.</summary>
    public void Post(PeerFrame frame)
    {
        if (!_outbox.TryAdd(frame))
            Cut(PeerRefusals.Overflow(Peer.Node, _settings.MessagesMax));
    }

    /// <summary>Ends the link; the first reason stays.</summary>
    public void Cut(RpcException because)
    {
        if (Interlocked.CompareExchange(ref _cut, because, null) is null)
            End();
    }

    /// <summary>Reads and writes until the link ends in whatever way.</summary>
    /// <returns>What ended it: null when the other end closed it or this one cut it.</returns>
    public async Task<Exception?> RunAsync(IAsyncStreamReader<PeerFrame> input, IAsyncStreamWriter<PeerFrame> output)
    {
        var reading = Caught(ReadAsync(input));
        var writing = Caught(WriteAsync(output));
        if (await Task.WhenAny(reading, writing) == writing && IsOpen)
        {
            // The reader knows better why: a broken stream fails on both sides, and the status comes with what is read.
            await Task.WhenAny(reading, Task.Delay(_settings.ProbeTime, _settings.Time, _ended.Token));
        }

        End();
        var failed = await reading;
        return failed ?? await writing;
    }

    private static async Task<Exception?> Caught(Task task)
    {
        try
        {
            await task;
            return null;
        }
        catch (Exception e)
        {
            return e;
        }
    }

    private void End()
    {
        // Not on this thread: it may be the broker's, and what is cancelled runs the code of readers, writers and the receiver.
        _ = _ended.CancelAsync();
        if (_outbox.Close())
            ThreadPool.UnsafeQueueUserWorkItem(static link => link._receiver.Drained(link.Peer.Node), this, preferLocal: false);
    }

    private async Task ReadAsync(IAsyncStreamReader<PeerFrame> input)
    {
        var token = _ended.Token;
        while (await input.MoveNext(token))
        {
            Take(input.Current);
            while (IsOpen && input.TryRead(out var frame))
                Take(frame);
        }
    }

    private void Take(PeerFrame frame)
    {
        if (frame.Message is { } message)
        {
            if (frame.IsAnswer != (Side is LinkSide.Dialed))
            {
                frame.Release();
                throw PeerNonsense.Because($"a {frame.Kind} frame in the wrong direction");
            }

            _receiver.Received(Peer, message);
        }
        else if (frame.Body is Wire.ClusterJoined joined)
        {
            Cluster = new ClusterId(PeerTranslation.Id(joined.ClusterId, "cluster_id"));
            _joined(this, Cluster.Value);
        }
        else if (frame.Kind is not PeerFrameKind.FetchAnswer)
        {
            throw PeerNonsense.Because($"a {frame.Kind} frame after the handshake");
        }
    }

    private async Task WriteAsync(IAsyncStreamWriter<PeerFrame> output)
    {
        var token = _ended.Token;
        while (await _outbox.WaitAsync())
        {
            while (_outbox.TryTake(out var frame))
            {
                int itemsBytes = frame.ItemsBytes;
                await output.WriteAsync(frame, WriteHint.Buffer, token);
                if (_outbox.Written(itemsBytes, _settings.ItemsBytesMax))
                    _receiver.Drained(Peer.Node);
            }

            await output.FlushAsync(token);
        }
    }
}
