using System.Buffers.Binary;
using System.Security.Cryptography;
using LogBroker.Cluster;
using LogBroker.Protocol;
using Wire = LogBroker.Protocol.Peer.V1;

namespace LogBroker.Server;

/// <summary>What one end of a link says of itself. Immutable.</summary>
/// <param name="FormatVersion">The version of the peer protocol it speaks.</param>
/// <param name="Cluster">The cluster it belongs to, or null.</param>
/// <param name="Identity">Who it is.</param>
/// <param name="Nonce">Random bytes of this handshake.</param>
internal sealed record PeerFacts(int FormatVersion, ClusterId? Cluster, PeerIdentity Identity, ReadOnlyMemory<byte> Nonce)
{
    /// <summary>The version that this program speaks.</summary>
    public const int CurrentFormatVersion = 1;

    /// <summary>Bytes of a nonce.</summary>
    public const int NonceBytes = 32;

    private const int Bytes = 4 + 1 + 16 + 4 + 16 + 16;

    /// <summary>What this node says, with a new nonce.</summary>
    public static PeerFacts Of(PeerIdentity self, ClusterId? cluster) =>
        new(CurrentFormatVersion, cluster, self, RandomNumberGenerator.GetBytes(NonceBytes));

    /// <summary>What a dialer said.</summary>
    /// <exception cref="Rpc.RpcException">A <see cref="PeerNonsense"/>.</exception>
    public static PeerFacts Of(Wire.Hello hello) => new(
        hello.FormatVersion, PeerTranslation.OptionalCluster(hello.ClusterId),
        IdentityOf(hello.NodeId, hello.DirectoryId, hello.BootId), CheckNonce(hello.Nonce.Memory));

    /// <summary>What one that was dialed said.</summary>
    /// <inheritdoc cref="Of(Wire.Hello)"/>
    public static PeerFacts Of(Wire.Challenge challenge) => new(
        challenge.FormatVersion, PeerTranslation.OptionalCluster(challenge.ClusterId),
        IdentityOf(challenge.NodeId, challenge.DirectoryId, challenge.BootId), CheckNonce(challenge.Nonce.Memory));

    /// <summary>
    /// The proof that one end knows the secret. The label of its role comes first, so that no proof can be sent back to its maker; both
    /// nonces make it good for this handshake only; both identities bind it to what was said. All parts have fixed lengths.
    /// </summary>
    /// <param name="secret">The secret of the cluster.</param>
    /// <param name="role">One of <see cref="DialerRole"/> and <see cref="DialedRole"/>.</param>
    /// <param name="dialer">What the dialer said.</param>
    /// <param name="dialed">What the other end said.</param>
    /// <param name="expected">Whom the dialer expects.</param>
    public static byte[] Prove(PeerSecret secret, ReadOnlySpan<byte> role, PeerFacts dialer, PeerFacts dialed, NodeId expected)
    {
        Invariant.Require(role.Length == DialerRole.Length);
        Span<byte> text = stackalloc byte[role.Length + (2 * NonceBytes) + (2 * Bytes) + 4];
        role.CopyTo(text);
        var rest = text[role.Length..];
        dialer.Nonce.Span.CopyTo(rest);
        dialed.Nonce.Span.CopyTo(rest[NonceBytes..]);
        rest = rest[(2 * NonceBytes)..];
        dialer.WriteTo(rest);
        dialed.WriteTo(rest[Bytes..]);
        BinaryPrimitives.WriteInt32BigEndian(rest[(2 * Bytes)..], expected.Value);
        return secret.Mac(text);
    }

    /// <summary>The role of the end that dials, in a proof.</summary>
    public static ReadOnlySpan<byte> DialerRole => "logbroker peer: dialer"u8;

    /// <summary>The role of the end that was dialed, in a proof.</summary>
    public static ReadOnlySpan<byte> DialedRole => "logbroker peer: dialed"u8;

    private static PeerIdentity IdentityOf(int node, Google.Protobuf.ByteString directory, Google.Protobuf.ByteString boot)
    {
        if (node < 1)
            throw PeerNonsense.Because($"node id {node}");
        return new PeerIdentity(
            new NodeId(node),
            new DirectoryId(PeerTranslation.Id(directory, "directory_id")),
            new BootId(PeerTranslation.Id(boot, "boot_id")));
    }

    private static ReadOnlyMemory<byte> CheckNonce(ReadOnlyMemory<byte> nonce) =>
        nonce.Length == NonceBytes ? nonce : throw PeerNonsense.Because($"a nonce of {nonce.Length} bytes");

    private void WriteTo(Span<byte> text)
    {
        BinaryPrimitives.WriteInt32BigEndian(text, FormatVersion);
        text[4] = Cluster is null ? (byte)0 : (byte)1;
        (Cluster?.Value ?? Guid.Empty).TryWriteBytes(text[5..], bigEndian: true, out _);
        BinaryPrimitives.WriteInt32BigEndian(text[21..], Identity.Node.Value);
        Identity.Directory.Value.TryWriteBytes(text[25..], bigEndian: true, out _);
        Identity.Boot.Value.TryWriteBytes(text[41..], bigEndian: true, out _);
    }
}
