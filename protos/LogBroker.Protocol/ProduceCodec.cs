using System.Buffers;
using System.Text;
using LogBroker.Protocol.V1;

namespace LogBroker.Protocol;

/// <summary>All of a <c>ProduceBatch</c> but its records; fields as in producer.proto.</summary>
public readonly record struct ProduceHead(
    ulong CorrelationId,
    string Topic,
    int Partition,
    RequiredAcks Acks,
    int TimeoutMs,
    int LeaderEpoch,
    long? ExpectedOffset = null,
    long? ExpectedKeyVersion = null);

/// <summary>Which member of the oneof a <c>ProduceRequest</c> has.</summary>
public enum ProduceRequestKind
{
    /// <summary>None, or one that this version does not know.</summary>
    None = 0,

    /// <summary>The first message of a stream.</summary>
    Open = 1,

    /// <summary>A batch.</summary>
    Batch = 2,

    /// <summary>A sign of life.</summary>
    Heartbeat = 3,
}

/// <summary>A <c>ProduceRequest</c> parsed in place: texts and records are slices of the request's bytes and die with them.</summary>
public struct ProduceRequestView
{
    /// <summary>What it is; only the fields of that kind are set.</summary>
    public ProduceRequestKind Kind { get; internal set; }

    /// <summary>Open: UTF-8, not checked.</summary>
    public ReadOnlySequence<byte> ClientId { get; internal set; }

    /// <summary>Batch: chosen by the client.</summary>
    public ulong CorrelationId { get; internal set; }

    /// <summary>Batch: UTF-8, not checked; <see cref="NameCache"/> turns it into a string.</summary>
    public ReadOnlySequence<byte> Topic { get; internal set; }

    /// <summary>Batch: not checked.</summary>
    public int Partition { get; internal set; }

    /// <summary>Batch: not checked, may be a number without a name.</summary>
    public RequiredAcks Acks { get; internal set; }

    /// <summary>Batch: not checked.</summary>
    public int TimeoutMs { get; internal set; }

    /// <summary>Batch: not checked.</summary>
    public int LeaderEpoch { get; internal set; }

    /// <summary>Batch: not checked; null when it is not there.</summary>
    public long? ExpectedOffset { get; internal set; }

    /// <summary>Batch: not checked; null when it is not there.</summary>
    public long? ExpectedKeyVersion { get; internal set; }

    /// <summary>Batch: the bytes of the record batch, not checked.</summary>
    public ReadOnlySequence<byte> Records { get; internal set; }
}

/// <summary>
/// The hand codec of <c>ProduceRequest</c>: the same bytes as the generated one, written around records that are not copied
/// through a message, and parsed without allocating. The records are the last bytes of the message. Pure and thread-safe.
/// </summary>
public static class ProduceCodec
{
    private const int OpenField = 1;
    private const int BatchField = 2;
    private const int HeartbeatField = 3;
    private const int ClientIdField = 1;
    private const int CorrelationIdField = 1;
    private const int TopicField = 2;
    private const int PartitionField = 3;
    private const int AcksField = 4;
    private const int TimeoutMsField = 5;
    private const int LeaderEpochField = 6;
    private const int ExpectedOffsetField = 7;
    private const int ExpectedKeyVersionField = 8;
    private const int RecordsField = 15;

    /// <summary>Bytes of the whole message: head and records.</summary>
    public static int SizeOf(in ProduceHead head, int recordsBytes) => WireFormat.MessageSize(BodyBytes(head, recordsBytes));

    /// <summary>Bytes that <see cref="WriteHead"/> writes: those in front of the records.</summary>
    public static int HeadBytes(in ProduceHead head, int recordsBytes) => SizeOf(head, recordsBytes) - recordsBytes;

    /// <summary>
    /// Writes everything in front of the records into exactly <see cref="HeadBytes"/> bytes;
    /// <paramref name="recordsBytes"/> bytes must follow.
    /// </summary>
    public static void WriteHead(in ProduceHead head, int recordsBytes, Span<byte> destination)
    {
        var writer = new WireWriter(destination);
        writer.Length(BatchField, BodyBytes(head, recordsBytes));
        writer.Field(CorrelationIdField, (long)head.CorrelationId);
        writer.Field(TopicField, head.Topic, Encoding.UTF8.GetByteCount(head.Topic));
        writer.Field(PartitionField, head.Partition);
        writer.Field(AcksField, (int)head.Acks);
        writer.Field(TimeoutMsField, head.TimeoutMs);
        writer.Field(LeaderEpochField, head.LeaderEpoch);
        writer.Optional(ExpectedOffsetField, head.ExpectedOffset);
        writer.Optional(ExpectedKeyVersionField, head.ExpectedKeyVersion);
        if (recordsBytes != 0)
        {
            writer.Length(RecordsField, recordsBytes);
        }

        Invariant.Require(writer.Written == destination.Length);
    }

    /// <summary>Parses a request in place; false when the bytes are no protobuf message.</summary>
    public static bool TryParse(in ReadOnlySequence<byte> bytes, out ProduceRequestView request)
    {
        request = default;
        var reader = new WireReader(bytes);
        while (!reader.IsAtEnd)
        {
            if (!reader.TryReadTag(out uint tag))
            {
                return false;
            }

            ProduceRequestKind kind = tag switch
            {
                (OpenField << 3) | WireFormat.LengthDelimited => ProduceRequestKind.Open,
                (BatchField << 3) | WireFormat.LengthDelimited => ProduceRequestKind.Batch,
                (HeartbeatField << 3) | WireFormat.LengthDelimited => ProduceRequestKind.Heartbeat,
                _ => ProduceRequestKind.None,
            };
            if (kind == ProduceRequestKind.None)
            {
                if (!reader.TrySkip(tag))
                {
                    return false;
                }

                continue;
            }

            // Members of a oneof replace each other; the same one again is merged.
            if (request.Kind != kind)
            {
                request = new ProduceRequestView { Kind = kind };
            }

            if (!reader.TryReadBytes(out ReadOnlySequence<byte> body) || !TryMergeBody(body, ref request))
            {
                return false;
            }
        }

        return true;
    }

    private static int BodyBytes(in ProduceHead head, int recordsBytes) =>
        WireFormat.FieldSize(head.CorrelationId)
        + WireFormat.BytesSize(Encoding.UTF8.GetByteCount(head.Topic))
        + WireFormat.FieldSize(head.Partition)
        + WireFormat.FieldSize((int)head.Acks)
        + WireFormat.FieldSize(head.TimeoutMs)
        + WireFormat.FieldSize(head.LeaderEpoch)
        + WireFormat.OptionalSize(head.ExpectedOffset)
        + WireFormat.OptionalSize(head.ExpectedKeyVersion)
        + WireFormat.BytesSize(recordsBytes);

    private static bool TryMergeBody(in ReadOnlySequence<byte> body, ref ProduceRequestView request)
    {
        var reader = new WireReader(body);
        while (!reader.IsAtEnd)
        {
            if (!reader.TryReadTag(out uint tag))
            {
                return false;
            }

            bool isRead = request.Kind switch
            {
                ProduceRequestKind.Batch => TryReadBatchField(tag, ref reader, ref request),
                ProduceRequestKind.Open => TryReadOpenField(tag, ref reader, ref request),
                _ => reader.TrySkip(tag),
            };
            if (!isRead)
            {
                return false;
            }
        }

        return true;
    }

    private static bool TryReadOpenField(uint tag, ref WireReader reader, ref ProduceRequestView request)
    {
        if (tag != ((ClientIdField << 3) | WireFormat.LengthDelimited))
        {
            return reader.TrySkip(tag);
        }

        bool isRead = reader.TryReadBytes(out ReadOnlySequence<byte> clientId);
        request.ClientId = clientId;
        return isRead;
    }

    private static bool TryReadBatchField(uint tag, ref WireReader reader, ref ProduceRequestView request)
    {
        bool isRead;
        switch (tag)
        {
            case CorrelationIdField << 3:
                isRead = reader.TryReadVarint(out ulong correlationId);
                request.CorrelationId = correlationId;
                return isRead;
            case (TopicField << 3) | WireFormat.LengthDelimited:
                isRead = reader.TryReadBytes(out ReadOnlySequence<byte> topic);
                request.Topic = topic;
                return isRead;
            case PartitionField << 3:
                isRead = reader.TryReadInt32(out int partition);
                request.Partition = partition;
                return isRead;
            case AcksField << 3:
                isRead = reader.TryReadInt32(out int acks);
                request.Acks = (RequiredAcks)acks;
                return isRead;
            case TimeoutMsField << 3:
                isRead = reader.TryReadInt32(out int timeoutMs);
                request.TimeoutMs = timeoutMs;
                return isRead;
            case LeaderEpochField << 3:
                isRead = reader.TryReadInt32(out int leaderEpoch);
                request.LeaderEpoch = leaderEpoch;
                return isRead;
            case ExpectedOffsetField << 3:
                isRead = reader.TryReadInt64(out long expectedOffset);
                request.ExpectedOffset = expectedOffset;
                return isRead;
            case ExpectedKeyVersionField << 3:
                isRead = reader.TryReadInt64(out long expectedKeyVersion);
                request.ExpectedKeyVersion = expectedKeyVersion;
                return isRead;
            case (RecordsField << 3) | WireFormat.LengthDelimited:
                isRead = reader.TryReadBytes(out ReadOnlySequence<byte> records);
                request.Records = records;
                return isRead;
            default:
                return reader.TrySkip(tag);
        }
    }
}
