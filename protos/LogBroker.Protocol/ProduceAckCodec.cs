using System.Buffers;
using Google.Protobuf;
using LogBroker.Protocol.V1;
using RpcStatus = Google.Rpc.Status;

namespace LogBroker.Protocol;

/// <summary>
/// A <c>ProduceResponse</c> with an ack: an error, or else the fields of the receipt; fields as in producer.proto.
/// </summary>
public readonly record struct ProduceAckView(
    ulong CorrelationId,
    RpcStatus? Error,
    long BaseOffset,
    int LeaderEpoch,
    Durability Durability,
    bool IsDuplicate,
    long AppendTimeMs);

/// <summary>
/// The hand codec of the acks in <c>ProduceResponse</c>: the same bytes as the generated one. Allocates only for errors. The other
/// members of that oneof are rare: the generated codec serves them. Pure and thread-safe.
/// </summary>
public static class ProduceAckCodec
{
    private const int AckField = 2;
    private const int OneofFieldMax = 4;
    private const int CorrelationIdField = 1;
    private const int ReceiptField = 2;
    private const int ErrorField = 3;
    private const int BaseOffsetField = 1;
    private const int LeaderEpochField = 2;
    private const int DurabilityField = 3;
    private const int DuplicateField = 4;
    private const int AppendTimeMsField = 5;

    /// <summary>Bytes of the whole message.</summary>
    public static int SizeOf(in ProduceAckView ack) => WireFormat.MessageSize(BodyBytes(ack));

    /// <summary>Writes the whole message into exactly <see cref="SizeOf"/> bytes.</summary>
    public static void Write(in ProduceAckView ack, Span<byte> destination)
    {
        var writer = new WireWriter(destination);
        writer.Length(AckField, BodyBytes(ack));
        writer.Field(CorrelationIdField, (long)ack.CorrelationId);
        if (ack.Error is null)
        {
            writer.Length(ReceiptField, ReceiptBytes(ack));
            writer.Field(BaseOffsetField, ack.BaseOffset);
            writer.Field(LeaderEpochField, ack.LeaderEpoch);
            writer.Field(DurabilityField, (int)ack.Durability);
            writer.Field(DuplicateField, ack.IsDuplicate ? 1 : 0);
            writer.Field(AppendTimeMsField, ack.AppendTimeMs);
        }
        else
        {
            int errorBytes = ack.Error.CalculateSize();
            writer.Length(ErrorField, errorBytes);
            ack.Error.WriteTo(writer.Take(errorBytes));
        }

        Invariant.Require(writer.Written == destination.Length);
    }

    /// <summary>
    /// Parses a response in place; false when the bytes are malformed. <paramref name="isAck"/> is false for the other members of the
    /// oneof, and for an ack without a result: the generated parser reads those.
    /// </summary>
    public static bool TryParse(in ReadOnlySequence<byte> bytes, out bool isAck, out ProduceAckView ack)
    {
        var state = default(State);
        isAck = false;
        ack = default;
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
            if (!isAck || (tag >> 3) != AckField)
            {
                state = default;
            }

            isAck = (tag >> 3) == AckField;
            if (!reader.TryReadBytes(out ReadOnlySequence<byte> body) || (isAck && !TryMergeAck(body, ref state)))
            {
                return false;
            }
        }

        isAck &= state.HasReceipt || state.Error is not null;
        ack = new ProduceAckView(
            state.CorrelationId,
            state.Error,
            state.BaseOffset,
            state.LeaderEpoch,
            state.Durability,
            state.IsDuplicate,
            state.AppendTimeMs);
        return true;
    }

    private static int BodyBytes(in ProduceAckView ack) =>
        WireFormat.FieldSize(ack.CorrelationId)
        + WireFormat.MessageSize(ack.Error is null ? ReceiptBytes(ack) : ack.Error.CalculateSize());

    private static int ReceiptBytes(in ProduceAckView ack) =>
        WireFormat.FieldSize(ack.BaseOffset)
        + WireFormat.FieldSize(ack.LeaderEpoch)
        + WireFormat.FieldSize((int)ack.Durability)
        + WireFormat.FieldSize(ack.IsDuplicate ? 1 : 0)
        + WireFormat.FieldSize(ack.AppendTimeMs);

    private static bool TryMergeAck(in ReadOnlySequence<byte> body, ref State state)
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
                case CorrelationIdField << 3:
                    isRead = reader.TryReadVarint(out state.CorrelationId);
                    break;
                case (ReceiptField << 3) | WireFormat.LengthDelimited:
                    state = state.HasReceipt ? state : new State { CorrelationId = state.CorrelationId, HasReceipt = true };
                    isRead = reader.TryReadBytes(out ReadOnlySequence<byte> receipt) && TryMergeReceipt(receipt, ref state);
                    break;
                case (ErrorField << 3) | WireFormat.LengthDelimited:
                    state = new State { CorrelationId = state.CorrelationId, Error = state.Error };
                    isRead = reader.TryReadBytes(out ReadOnlySequence<byte> error) && TryMergeError(error, ref state);
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

    private static bool TryMergeReceipt(in ReadOnlySequence<byte> body, ref State state)
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
                case BaseOffsetField << 3:
                    isRead = reader.TryReadInt64(out state.BaseOffset);
                    break;
                case LeaderEpochField << 3:
                    isRead = reader.TryReadInt32(out state.LeaderEpoch);
                    break;
                case DurabilityField << 3:
                    isRead = reader.TryReadInt32(out int durability);
                    state.Durability = (Durability)durability;
                    break;
                case DuplicateField << 3:
                    isRead = reader.TryReadBool(out state.IsDuplicate);
                    break;
                case AppendTimeMsField << 3:
                    isRead = reader.TryReadInt64(out state.AppendTimeMs);
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

    private static bool TryMergeError(in ReadOnlySequence<byte> body, ref State state)
    {
        state.Error ??= new RpcStatus();
        return StatusDetails.TryMerge(state.Error, body);
    }

    private struct State
    {
        public ulong CorrelationId;
        public bool HasReceipt;
        public RpcStatus? Error;
        public long BaseOffset;
        public int LeaderEpoch;
        public Durability Durability;
        public bool IsDuplicate;
        public long AppendTimeMs;
    }
}
