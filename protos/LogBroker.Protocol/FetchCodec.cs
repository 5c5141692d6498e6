using System.Buffers;
using System.Text;
using Google.Protobuf;
using RpcStatus = Google.Rpc.Status;

namespace LogBroker.Protocol;

/// <summary>All of a <c>FetchedPartition</c> but its batches; fields as in consumer.proto.</summary>
public readonly record struct FetchedHead(
    string Topic,
    int Partition,
    RpcStatus? Error,
    long LogStartOffset,
    long HighWatermark,
    int LeaderEpoch);

/// <summary>A <c>FetchedPartition</c> parsed in place: topic and batches are slices of the response's bytes and die with them.</summary>
public struct FetchedPartitionView
{
    /// <summary>UTF-8; <see cref="NameCache"/> turns it into a string.</summary>
    public ReadOnlySequence<byte> Topic { get; internal set; }

    /// <summary>Index of the partition.</summary>
    public int Partition { get; internal set; }

    /// <summary>Why there is nothing, or null.</summary>
    public RpcStatus? Error { get; internal set; }

    /// <summary>First offset kept.</summary>
    public long LogStartOffset { get; internal set; }

    /// <summary>The offset behind the last one that may be read.</summary>
    public long HighWatermark { get; internal set; }

    /// <summary>The epoch of the leader that answered.</summary>
    public int LeaderEpoch { get; internal set; }

    /// <summary>Record batches behind each other.</summary>
    public ReadOnlySequence<byte> Batches { get; internal set; }
}

/// <summary>
/// The hand codec of <c>FetchResponse</c>: the same bytes as the generated one. A response is its partitions behind each other, and
/// the batches are the last bytes of a partition, so a writer alternates between <see cref="WriteHead"/> and copying from a lease.
/// Pure and thread-safe.
/// </summary>
public static class FetchCodec
{
    internal const int PartitionsField = 1;
    private const int TopicField = 1;
    private const int PartitionField = 2;
    private const int ErrorField = 3;
    private const int LogStartOffsetField = 4;
    private const int HighWatermarkField = 5;
    private const int LeaderEpochField = 6;
    private const int BatchesField = 15;

    /// <summary>Bytes of one partition with its batches; a response has the sum of its partitions.</summary>
    public static int SizeOf(in FetchedHead head, int batchesBytes) => WireFormat.MessageSize(BodyBytes(head, batchesBytes));

    /// <summary>Bytes that <see cref="WriteHead"/> writes: those of one partition in front of its batches.</summary>
    public static int HeadBytes(in FetchedHead head, int batchesBytes) => SizeOf(head, batchesBytes) - batchesBytes;

    /// <summary>
    /// Writes everything of a partition in front of its batches into exactly <see cref="HeadBytes"/> bytes;
    /// <paramref name="batchesBytes"/> bytes must follow.
    /// </summary>
    public static void WriteHead(in FetchedHead head, int batchesBytes, Span<byte> destination)
    {
        var writer = new WireWriter(destination);
        writer.Length(PartitionsField, BodyBytes(head, batchesBytes));
        writer.Field(TopicField, head.Topic, Encoding.UTF8.GetByteCount(head.Topic));
        writer.Field(PartitionField, head.Partition);
        if (head.Error is not null)
        {
            int errorBytes = head.Error.CalculateSize();
            writer.Length(ErrorField, errorBytes);
            head.Error.WriteTo(writer.Take(errorBytes));
        }

        writer.Field(LogStartOffsetField, head.LogStartOffset);
        writer.Field(HighWatermarkField, head.HighWatermark);
        writer.Field(LeaderEpochField, head.LeaderEpoch);
        if (batchesBytes != 0)
        {
            writer.Length(BatchesField, batchesBytes);
        }

        Invariant.Require(writer.Written == destination.Length);
    }

    /// <summary>Walks over the partitions of a response in place.</summary>
    public static FetchResponseReader Read(in ReadOnlySequence<byte> response) => new(response);

    internal static bool TryParse(in ReadOnlySequence<byte> body, out FetchedPartitionView partition)
    {
        partition = default;
        var reader = new WireReader(body);
        while (!reader.IsAtEnd)
        {
            if (!reader.TryReadTag(out uint tag) || !TryReadField(tag, ref reader, ref partition))
            {
                return false;
            }
        }

        return true;
    }

    private static int BodyBytes(in FetchedHead head, int batchesBytes) =>
        WireFormat.BytesSize(Encoding.UTF8.GetByteCount(head.Topic))
        + WireFormat.FieldSize(head.Partition)
        + (head.Error is null ? 0 : WireFormat.MessageSize(head.Error.CalculateSize()))
        + WireFormat.FieldSize(head.LogStartOffset)
        + WireFormat.FieldSize(head.HighWatermark)
        + WireFormat.FieldSize(head.LeaderEpoch)
        + WireFormat.BytesSize(batchesBytes);

    private static bool TryReadField(uint tag, ref WireReader reader, ref FetchedPartitionView partition)
    {
        bool isRead;
        switch (tag)
        {
            case (TopicField << 3) | WireFormat.LengthDelimited:
                isRead = reader.TryReadBytes(out ReadOnlySequence<byte> topic);
                partition.Topic = topic;
                return isRead;
            case PartitionField << 3:
                isRead = reader.TryReadInt32(out int index);
                partition.Partition = index;
                return isRead;
            case (ErrorField << 3) | WireFormat.LengthDelimited:
                partition.Error ??= new RpcStatus();
                return reader.TryReadBytes(out ReadOnlySequence<byte> error) && StatusDetails.TryMerge(partition.Error, error);
            case LogStartOffsetField << 3:
                isRead = reader.TryReadInt64(out long logStartOffset);
                partition.LogStartOffset = logStartOffset;
                return isRead;
            case HighWatermarkField << 3:
                isRead = reader.TryReadInt64(out long highWatermark);
                partition.HighWatermark = highWatermark;
                return isRead;
            case LeaderEpochField << 3:
                isRead = reader.TryReadInt32(out int leaderEpoch);
                partition.LeaderEpoch = leaderEpoch;
                return isRead;
            case (BatchesField << 3) | WireFormat.LengthDelimited:
                isRead = reader.TryReadBytes(out ReadOnlySequence<byte> batches);
                partition.Batches = batches;
                return isRead;
            default:
                return reader.TrySkip(tag);
        }
    }
}

/// <summary>Walks over the partitions of a <c>FetchResponse</c> in place; made by <see cref="FetchCodec.Read"/>.</summary>
public ref struct FetchResponseReader
{
    private WireReader _reader;
    private FetchedPartitionView _current;

    internal FetchResponseReader(in ReadOnlySequence<byte> response) => _reader = new WireReader(response);

    /// <summary>True when the walk ended because the bytes are malformed: refuse the response.</summary>
    public bool IsMalformed { get; private set; }

    /// <summary>The partition that <see cref="MoveNext"/> went to.</summary>
    public readonly FetchedPartitionView Current => _current;

    /// <summary>Goes to the next partition; false at the end or when the bytes are malformed.</summary>
    public bool MoveNext()
    {
        while (!IsMalformed && !_reader.IsAtEnd)
        {
            if (!_reader.TryReadTag(out uint tag))
            {
                IsMalformed = true;
            }
            else if (tag != WireFormat.Tag(FetchCodec.PartitionsField, WireFormat.LengthDelimited))
            {
                IsMalformed = !_reader.TrySkip(tag);
            }
            else if (_reader.TryReadBytes(out ReadOnlySequence<byte> body) && FetchCodec.TryParse(body, out _current))
            {
                return true;
            }
            else
            {
                IsMalformed = true;
            }
        }

        return false;
    }
}
