using System.Buffers;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using LogBroker.Cluster;
using LogBroker.Protocol;
using LogBroker.Rpc;
using LogBroker.Server;
using Wire = LogBroker.Protocol.Peer.V1;

namespace LogBroker.Peers.Tests;

/// <summary>A peer that dials and says whatever a test wants; it reads only when it is told to.</summary>
internal sealed class RawPeer : IAsyncDisposable
{
    private static readonly TimeSpan TimeMax = TimeSpan.FromSeconds(60);

    private readonly GrpcChannel _channel;
    private readonly AsyncDuplexStreamingCall<PeerFrame, PeerFrame> _call;
    private readonly CancellationTokenSource _deadline = new(TimeMax);
    private readonly TestNode _target;
    private readonly PeerSecret? _secret;

    public RawPeer(TestNode target, int node, PeerSecret? secret = null)
    {
        _target = target;
        _secret = secret ?? TestNode.Secret;
        Self = TestNode.Identity(node);
        _channel = GrpcChannel.ForAddress("http://" + target.Address);
        _call = _channel.Duplex(new Method<PeerFrame, PeerFrame>(
            MethodType.DuplexStreaming, "logbroker.peer.v1.Peer", "Link", new AnyBytes(), new PeerFrameMarshaller()));
    }

    public PeerIdentity Self { get; set; }

    /// <summary>What this peer says first; the dialed node is right.</summary>
    public Wire.Hello Hello() => new()
    {
        FormatVersion = PeerFacts.CurrentFormatVersion,
        NodeId = Self.Node.Value,
        DirectoryId = PeerTranslation.ToWire(Self.Directory.Value),
        BootId = PeerTranslation.ToWire(Self.Boot.Value),
        Nonce = ByteString.CopyFrom(Enumerable.Range(0, 32).Select(i => (byte)i).ToArray()),
        DialedNodeId = _target.Self.Node.Value,
    };

    /// <summary>The whole handshake as it should be.</summary>
    public async Task<PeerFacts> ProveAsync(ClusterId? cluster = null)
    {
        var settings = TestNode.Settings([new ClusterNode(Self.Node, "127.0.0.1:1")], 1) with { Self = Self.Node, Secret = _secret };
        return await new PeerHandshake(settings, Self, () => cluster)
            .DialAsync(_target.Self.Node, _call.RequestStream, _call.ResponseStream, _deadline.Token);
    }

    public ValueTask SayAsync(PeerFrame frame) => _call.RequestStream.WriteAsync(frame, WriteHint.Flush, _deadline.Token);

    public ValueTask SayAsync(PeerFrameKind kind, IMessage body) => SayAsync(new PeerFrame(kind, null, body));

    public ValueTask SayAsync(PeerMessage message) => SayAsync(PeerFrame.Of(message));

    /// <summary>A message of these bytes, whatever they are.</summary>
    public ValueTask SayBytesAsync(byte[] bytes) =>
        SayAsync(new PeerFrame(PeerFrameKind.None, null, new BytesValue { Value = ByteString.CopyFrom(bytes) }));

    /// <summary>As <see cref="SayAsync(PeerMessage)"/>, when the other end may have ended the stream already.</summary>
    public async Task TrySayAsync(PeerMessage message)
    {
        try
        {
            await SayAsync(message);
        }
        catch (RpcException)
        {
            // Then it is as good as not read.
        }
    }

    /// <summary>The next frame.</summary>
    public async Task<PeerFrame> NextAsync()
    {
        Assert.True(await _call.ResponseStream.MoveNext(_deadline.Token));
        return _call.ResponseStream.Current;
    }

    /// <summary>How the stream ends; what comes before is dropped.</summary>
    public async Task<Status> EndAsync()
    {
        try
        {
            while (await _call.ResponseStream.MoveNext(_deadline.Token))
                _call.ResponseStream.Current.Release();
            return _call.GetStatus();
        }
        catch (RpcException e)
        {
            return e.Status;
        }
    }

    /// <summary>Resets the stream.</summary>
    public void Break() => _call.Dispose();

    public async ValueTask DisposeAsync()
    {
        _call.Dispose();
        await _channel.DisposeAsync();
        _deadline.Dispose();
    }

    /// <summary>Writes frames as they should be, and bytes as they are.</summary>
    private sealed class AnyBytes : Marshaller<PeerFrame>
    {
        private readonly PeerFrameMarshaller _frames = new();

        public override int GetSize(PeerFrame frame) =>
            frame.Kind is PeerFrameKind.None ? ((BytesValue)frame.Body!).Value.Length : _frames.GetSize(frame);

        public override void Serialize(PeerFrame frame, IBufferWriter<byte> output)
        {
            if (frame.Kind is PeerFrameKind.None)
                output.Write(((BytesValue)frame.Body!).Value.Span);
            else
                _frames.Serialize(frame, output);
        }

        public override PeerFrame Deserialize(in ReadOnlySequence<byte> body) => throw new InvalidOperationException("only writes");
    }
}
