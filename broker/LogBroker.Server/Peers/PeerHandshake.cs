using System.Security.Cryptography;
using Google.Protobuf;
using LogBroker.Cluster;
using LogBroker.Protocol;
using LogBroker.Rpc;
using Wire = LogBroker.Protocol.Peer.V1;

namespace LogBroker.Server;

/// <summary>
/// The first four frames of a stream: Hello, Challenge, Proof, Accepted. Both ends say who they are and, when there is a secret, prove
/// that they know it; nothing of the other end goes further before. Whatever is wrong ends the stream with a status of
/// <see cref="PeerRefusals"/>. No state of its own; thread-safe.
/// </summary>
internal sealed class PeerHandshake(PeerTransportSettings settings, PeerIdentity self, Func<ClusterId?> cluster)
{
    /// <summary>The end that was dialed: takes Hello, gives Challenge, takes Proof. The caller says Accepted.</summary>
    /// <returns>The proven dialer.</returns>
    public async ValueTask<PeerFacts> AcceptAsync(
        IAsyncStreamReader<PeerFrame> requests, IAsyncStreamWriter<PeerFrame> responses, CancellationToken cancellationToken)
    {
        var hello = await NextAsync<Wire.Hello>(requests, cancellationToken);
        var here = PeerFacts.Of(self, cluster());
        var there = Check(hello, here);
        var expected = new NodeId(hello.DialedNodeId);
        var challenge = new Wire.Challenge
        {
            FormatVersion = here.FormatVersion,
            ClusterId = OptionalId(here.Cluster),
            NodeId = self.Node.Value,
            DirectoryId = PeerTranslation.ToWire(self.Directory.Value),
            BootId = PeerTranslation.ToWire(self.Boot.Value),
            Nonce = UnsafeByteOperations.UnsafeWrap(here.Nonce),
            Mac = MacOf(PeerFacts.DialedRole, there, here, expected),
        };
        await responses.WriteAsync(new PeerFrame(PeerFrameKind.Challenge, null, challenge), WriteHint.Flush, cancellationToken);
        var proof = await NextAsync<Wire.Proof>(requests, cancellationToken);
        Demand(proof.Mac, MacOf(PeerFacts.DialerRole, there, here, expected), there.Identity.Node);
        return there;
    }

    /// <summary>The end that dials: says Hello, takes Challenge, says Proof, takes Accepted.</summary>
    /// <returns>The proven other end.</returns>
    public async ValueTask<PeerFacts> DialAsync(
        NodeId expected,
        IAsyncStreamWriter<PeerFrame> requests,
        IAsyncStreamReader<PeerFrame> responses,
        CancellationToken cancellationToken)
    {
        var here = PeerFacts.Of(self, cluster());
        var hello = new Wire.Hello
        {
            FormatVersion = here.FormatVersion,
            ClusterId = OptionalId(here.Cluster),
            NodeId = self.Node.Value,
            DirectoryId = PeerTranslation.ToWire(self.Directory.Value),
            BootId = PeerTranslation.ToWire(self.Boot.Value),
            Nonce = UnsafeByteOperations.UnsafeWrap(here.Nonce),
            DialedNodeId = expected.Value,
        };
        await requests.WriteAsync(new PeerFrame(PeerFrameKind.Hello, null, hello), WriteHint.Flush, cancellationToken);
        var challenge = await NextAsync<Wire.Challenge>(responses, cancellationToken);
        if (challenge.FormatVersion != here.FormatVersion)
            throw PeerRefusals.Version(self.Node, challenge.FormatVersion);
        var there = PeerFacts.Of(challenge);
        if (there.Identity.Node != expected)
            throw PeerRefusals.OtherNode(expected, there.Identity.Node);
        CheckCluster(there, here);
        Demand(challenge.Mac, MacOf(PeerFacts.DialedRole, here, there, expected), expected);
        var proof = new Wire.Proof { Mac = MacOf(PeerFacts.DialerRole, here, there, expected) };
        await requests.WriteAsync(new PeerFrame(PeerFrameKind.Proof, null, proof), WriteHint.Flush, cancellationToken);
        await NextAsync<Wire.Accepted>(responses, cancellationToken);
        return there;
    }

    private static async ValueTask<T> NextAsync<T>(IAsyncStreamReader<PeerFrame> frames, CancellationToken cancellationToken)
        where T : class, IMessage
    {
        if (!await frames.MoveNext(cancellationToken))
            throw PeerRefusals.Unproven($"the stream ended where a {typeof(T).Name} was due");
        var frame = frames.Current;
        if (frame.Body is T expected)
            return expected;
        frame.Release();
        throw PeerRefusals.Unproven($"a {frame.Kind} frame came where a {typeof(T).Name} was due: nothing is accepted before a proof");
    }

    private static ByteString OptionalId(ClusterId? id) => id is { } some ? PeerTranslation.ToWire(some.Value) : ByteString.Empty;

    private PeerFacts Check(Wire.Hello hello, PeerFacts here)
    {
        if (hello.FormatVersion != here.FormatVersion)
            throw PeerRefusals.Version(self.Node, hello.FormatVersion);
        var there = PeerFacts.Of(hello);
        if (hello.DialedNodeId != self.Node.Value)
            throw PeerRefusals.OtherNode(new NodeId(hello.DialedNodeId), self.Node);
        CheckCluster(there, here);
        if (there.Identity.Node == self.Node)
            throw PeerRefusals.Duplicate(self.Node, self.Directory, there.Identity.Directory);
        if (settings.Nodes.All(n => n.Node != there.Identity.Node))
            throw PeerRefusals.Unknown(there.Identity.Node, self.Node, settings.Nodes);
        return there;
    }

    private void CheckCluster(PeerFacts there, PeerFacts here)
    {
        if (there.Cluster is { } theirs && here.Cluster is { } ours && theirs != ours)
            throw PeerRefusals.Cluster(there.Identity.Node, theirs, self.Node, ours);
    }

    private ByteString MacOf(ReadOnlySpan<byte> role, PeerFacts dialer, PeerFacts dialed, NodeId expected) => settings.Secret is { } secret
        ? UnsafeByteOperations.UnsafeWrap(PeerFacts.Prove(secret, role, dialer, dialed, expected))
        : ByteString.Empty;

    private void Demand(ByteString given, ByteString due, NodeId node)
    {
        if (settings.Secret is null && !given.IsEmpty)
            throw PeerRefusals.Unproven($"node {node} proves a peer secret, and node {self.Node} has none: give it --peer-secret-file");
        if (settings.Secret is not null && given.IsEmpty)
            throw PeerRefusals.Unproven($"node {node} proves no peer secret, and node {self.Node} has one: give it --peer-secret-file");
        if (!CryptographicOperations.FixedTimeEquals(given.Span, due.Span))
            throw PeerRefusals.Unproven($"node {node} has another peer secret than node {self.Node}");
    }
}
