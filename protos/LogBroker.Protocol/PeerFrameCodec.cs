using System.Buffers;

namespace LogBroker.Protocol;

/// <summary>Which member of the oneof a <c>PeerFrame</c> has; the values are the field numbers.</summary>
public enum PeerFrameKind
{
    /// <summary>None, or one that this version does not know.</summary>
    None = 0,

    /// <summary>Who dials.</summary>
    Hello = 1,

    /// <summary>Who was dialed.</summary>
    Challenge = 2,

    /// <summary>The dialer's proof.</summary>
    Proof = 3,

    /// <summary>The end of the handshake.</summary>
    Accepted = 4,

    /// <summary>A replica's place in its log; see <see cref="PeerFetchCodec"/>.</summary>
    Fetch = 5,

    /// <summary>The answer to it; see <see cref="PeerFetchAnswerCodec"/>.</summary>
    FetchAnswer = 6,

    /// <summary>A sign of life; see <see cref="PeerHeartbeatCodec"/>.</summary>
    Heartbeat = 7,

    /// <summary>The rare messages between two replicas.</summary>
    Replica = 8,

    /// <summary>What a node leads.</summary>
    Led = 9,

    /// <summary>Asks for it.</summary>
    LedAsked = 10,

    /// <summary>Asks who is empty.</summary>
    FormingAsked = 11,

    /// <summary>The answer to it.</summary>
    FormingAnswered = 12,

    /// <summary>A cluster that was formed.</summary>
    ClusterOffered = 13,

    /// <summary>A node tells the controller who it is.</summary>
    Registration = 14,

    /// <summary>The sender belongs to a cluster from now on.</summary>
    ClusterJoined = 15,

    /// <summary>Asks the controller for the topic of consumer groups.</summary>
    OffsetsTopicAsked = 16,
}

/// <summary>
/// The envelope of all frames between nodes: the tag and the length of its only member, the same bytes as the generated codec writes.
/// Pure and thread-safe.
/// </summary>
public static class PeerFrameCodec
{
    /// <summary>Bytes of a frame whose member has so many, and a field number of at most 15.</summary>
    public static int SizeOf(int bodyBytes) => WireFormat.MessageSize(bodyBytes);

    /// <summary>Bytes of a frame with any member.</summary>
    public static int SizeOf(PeerFrameKind kind, int bodyBytes) => HeadBytes(kind, bodyBytes) + bodyBytes;

    /// <summary>Bytes in front of such a member: field numbers above 15 have a tag of two bytes.</summary>
    public static int HeadBytes(PeerFrameKind kind, int bodyBytes) =>
        WireFormat.SizeOf((ulong)kind << 3) + WireFormat.SizeOf((ulong)bodyBytes);

    /// <summary>Writes exactly <see cref="HeadBytes"/> bytes; the member must follow.</summary>
    public static void WriteHead(PeerFrameKind kind, int bodyBytes, Span<byte> destination)
    {
        var writer = new WireWriter(destination);
        writer.Length((int)kind, bodyBytes);
        Invariant.Require(writer.Written == destination.Length);
    }

    /// <summary>
    /// Finds the only member of a frame. False when there is none, more than one, or one of an unknown kind: both ends speak the same
    /// version, so what is not expected is refused instead of skipped.
    /// </summary>
    public static bool TryOpen(in ReadOnlySequence<byte> frame, out PeerFrameKind kind, out ReadOnlySequence<byte> body)
    {
        body = default;
        kind = PeerFrameKind.None;
        var reader = new WireReader(frame);
        if (!reader.TryReadTag(out uint tag) || (tag & 7) != WireFormat.LengthDelimited)
        {
            return false;
        }

        uint field = tag >> 3;
        if (field is 0 or > (uint)PeerFrameKind.OffsetsTopicAsked)
        {
            return false;
        }

        kind = (PeerFrameKind)field;
        return reader.TryReadBytes(out body) && reader.IsAtEnd;
    }
}

/// <summary>Ids in the frames between nodes: 16 bytes, big-endian as in their text; an absent one is empty.</summary>
internal static class PeerIds
{
    public const int Bytes = 16;

    /// <summary>Size of the field, with a tag of one byte.</summary>
    public static int Size(Guid id) => id == Guid.Empty ? 0 : WireFormat.MessageSize(Bytes);

    public static void Field(ref this WireWriter writer, int field, Guid id)
    {
        if (id != Guid.Empty)
        {
            writer.Length(field, Bytes);
            id.TryWriteBytes(writer.Take(Bytes), bigEndian: true, out _);
        }
    }

    public static bool TryReadId(ref this WireReader reader, out Guid id)
    {
        id = Guid.Empty;
        if (!reader.TryReadBytes(out ReadOnlySequence<byte> bytes) || bytes.Length is not (0 or Bytes))
        {
            return false;
        }

        if (bytes.Length == Bytes)
        {
            Span<byte> copy = stackalloc byte[Bytes];
            bytes.CopyTo(copy);
            id = new Guid(copy, bigEndian: true);
        }

        return true;
    }
}
