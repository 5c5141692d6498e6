using System.Buffers;

namespace LogBroker.Protocol;

/// <summary>A <c>Heartbeat</c> between nodes; fields as in peer.proto. Nothing is checked but that it parses.</summary>
public readonly record struct PeerHeartbeat(
    long Sequence, Guid EchoBoot, long EchoSequence, ulong LedDigest, int LedCount, bool IsLeaving);

/// <summary>The hand codec of <c>Heartbeat</c> frames: the same bytes as the generated one. Pure and thread-safe.</summary>
public static class PeerHeartbeatCodec
{
    private const int SequenceField = 1;
    private const int EchoBootIdField = 2;
    private const int EchoSequenceField = 3;
    private const int LedDigestField = 4;
    private const int LedCountField = 5;
    private const int LeavingField = 6;
    private const int FlagBytes = 2;

    /// <summary>Bytes of the whole frame.</summary>
    public static int SizeOf(in PeerHeartbeat heartbeat) => PeerFrameCodec.SizeOf(BodyBytes(heartbeat));

    /// <summary>Writes the whole frame into exactly <see cref="SizeOf"/> bytes.</summary>
    public static void Write(in PeerHeartbeat heartbeat, Span<byte> destination)
    {
        var writer = new WireWriter(destination);
        writer.Length((int)PeerFrameKind.Heartbeat, BodyBytes(heartbeat));
        writer.Field(SequenceField, heartbeat.Sequence);
        writer.Field(EchoBootIdField, heartbeat.EchoBoot);
        writer.Field(EchoSequenceField, heartbeat.EchoSequence);
        writer.Field(LedDigestField, (long)heartbeat.LedDigest);
        writer.Field(LedCountField, heartbeat.LedCount);
        writer.Field(LeavingField, heartbeat.IsLeaving ? 1 : 0);
        Invariant.Require(writer.Written == destination.Length);
    }

    /// <summary>Parses the member of a frame; false when the bytes are no such message.</summary>
    public static bool TryParse(in ReadOnlySequence<byte> body, out PeerHeartbeat heartbeat)
    {
        long sequence = 0;
        Guid echoBoot = Guid.Empty;
        long echoSequence = 0;
        ulong ledDigest = 0;
        int ledCount = 0;
        bool isLeaving = false;
        var reader = new WireReader(body);
        bool isGood = true;
        while (isGood && !reader.IsAtEnd)
        {
            isGood = reader.TryReadTag(out uint tag) && tag switch
            {
                SequenceField << 3 => reader.TryReadInt64(out sequence),
                (EchoBootIdField << 3) | WireFormat.LengthDelimited => reader.TryReadId(out echoBoot),
                EchoSequenceField << 3 => reader.TryReadInt64(out echoSequence),
                LedDigestField << 3 => reader.TryReadVarint(out ledDigest),
                LedCountField << 3 => reader.TryReadInt32(out ledCount),
                LeavingField << 3 => reader.TryReadBool(out isLeaving),
                _ => reader.TrySkip(tag),
            };
        }

        heartbeat = new PeerHeartbeat(sequence, echoBoot, echoSequence, ledDigest, ledCount, isLeaving);
        return isGood;
    }

    private static int BodyBytes(in PeerHeartbeat heartbeat) =>
        WireFormat.FieldSize(heartbeat.Sequence)
        + PeerIds.Size(heartbeat.EchoBoot)
        + WireFormat.FieldSize(heartbeat.EchoSequence)
        + WireFormat.FieldSize(heartbeat.LedDigest)
        + WireFormat.FieldSize(heartbeat.LedCount)
        + (heartbeat.IsLeaving ? FlagBytes : 0);
}
