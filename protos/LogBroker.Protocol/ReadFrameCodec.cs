using System.Buffers;

namespace LogBroker.Protocol;

/// <summary>All of a <c>ReadEvent.ReadFrame</c> but its batches; fields as in consumer.proto.</summary>
public readonly record struct ReadFrameHead(long HighWatermark, int LeaderEpoch);

/// <summary>
/// The hand codec of <c>ReadEvent</c> with a frame: the same bytes as the generated one. The batches are the last bytes of the
/// message. The other events are rare: the generated codec serves them. Pure and thread-safe.
/// </summary>
public static class ReadFrameCodec
{
    private const int FrameField = 2;
    private const int OneofFieldMax = 7;
    private const int HighWatermarkField = 1;
    private const int LeaderEpochField = 2;
    private const int BatchesField = 15;

    /// <summary>Bytes of the whole message: head and batches.</summary>
    public static int SizeOf(in ReadFrameHead head, int batchesBytes) => WireFormat.MessageSize(BodyBytes(head, batchesBytes));

    /// <summary>Bytes that <see cref="WriteHead"/> writes: those in front of the batches.</summary>
    public static int HeadBytes(in ReadFrameHead head, int batchesBytes) => SizeOf(head, batchesBytes) - batchesBytes;

    /// <summary>
    /// Writes everything in front of the batches into exactly <see cref="HeadBytes"/> bytes;
    /// <paramref name="batchesBytes"/> bytes must follow.
    /// </summary>
    public static void WriteHead(in ReadFrameHead head, int batchesBytes, Span<byte> destination)
    {
        var writer = new WireWriter(destination);
        writer.Length(FrameField, BodyBytes(head, batchesBytes));
        writer.Field(HighWatermarkField, head.HighWatermark);
        writer.Field(LeaderEpochField, head.LeaderEpoch);
        if (batchesBytes != 0)
        {
            writer.Length(BatchesField, batchesBytes);
        }

        Invariant.Require(writer.Written == destination.Length);
    }

    /// <summary>
    /// Parses an event in place; false when the bytes are malformed. <paramref name="isFrame"/> is false for the other events, which
    /// the generated parser reads. The batches are a slice of the given bytes and die with them.
    /// </summary>
    public static bool TryParse(
        in ReadOnlySequence<byte> bytes,
        out bool isFrame,
        out ReadFrameHead head,
        out ReadOnlySequence<byte> batches)
    {
        isFrame = false;
        head = default;
        batches = default;
        var reader = new WireReader(bytes);
        while (!reader.IsAtEnd)
        {
            if (!reader.TryReadTag(out uint tag))
            {
                return false;
            }

            bool isOneof = (tag & 7) == WireFormat.LengthDelimited && (tag >> 3) is >= 1 and <= OneofFieldMax;
            if (!isOneof)
            {
                if (!reader.TrySkip(tag))
                {
                    return false;
                }

                continue;
            }

            // Members of a oneof replace each other; the same one again is merged.
            bool isFrameField = (tag >> 3) == FrameField;
            if (!isFrame || !isFrameField)
            {
                head = default;
                batches = default;
            }

            isFrame = isFrameField;
            if (!reader.TryReadBytes(out ReadOnlySequence<byte> body) || (isFrame && !TryMerge(body, ref head, ref batches)))
            {
                return false;
            }
        }

        return true;
    }

    private static int BodyBytes(in ReadFrameHead head, int batchesBytes) =>
        WireFormat.FieldSize(head.HighWatermark) + WireFormat.FieldSize(head.LeaderEpoch) + WireFormat.BytesSize(batchesBytes);

    private static bool TryMerge(in ReadOnlySequence<byte> body, ref ReadFrameHead head, ref ReadOnlySequence<byte> batches)
    {
        var reader = new WireReader(body);
        while (!reader.IsAtEnd)
        {
            if (!reader.TryReadTag(out uint tag))
            {
                return false;
            }

            bool isRead;
            switch (tag)
            {
                case HighWatermarkField << 3:
                    isRead = reader.TryReadInt64(out long highWatermark);
                    head = head with { HighWatermark = highWatermark };
                    break;
                case LeaderEpochField << 3:
                    isRead = reader.TryReadInt32(out int leaderEpoch);
                    head = head with { LeaderEpoch = leaderEpoch };
                    break;
                case (BatchesField << 3) | WireFormat.LengthDelimited:
                    isRead = reader.TryReadBytes(out batches);
                    break;
                default:
                    isRead = reader.TrySkip(tag);
                    break;
            }

            if (!isRead)
            {
                return false;
            }
        }

        return true;
    }
}
