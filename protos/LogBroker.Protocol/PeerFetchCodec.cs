using System.Buffers;

namespace LogBroker.Protocol;

/// <summary>A <c>Fetch</c> between nodes; fields as in peer.proto. Nothing is checked but that it parses.</summary>
public readonly record struct PeerFetch(
    PartitionId Partition,
    DirectoryId Directory,
    Epoch Epoch,
    LogPosition Appended,
    LogPosition Durable,
    Offset HighWatermark,
    long SeenRound,
    bool IsReadmitted,
    bool WantsItems);

/// <summary>
/// The hand codec of <c>Fetch</c> frames: the same bytes as the generated one, without its objects. Pure and thread-safe.
/// </summary>
public static class PeerFetchCodec
{
    private const int TopicIdField = 1;
    private const int PartitionField = 2;
    private const int DirectoryIdField = 3;
    private const int EpochField = 4;
    private const int AppendedEpochField = 5;
    private const int AppendedOffsetField = 6;
    private const int DurableEpochField = 7;
    private const int DurableOffsetField = 8;
    private const int HighWatermarkField = 9;
    private const int SeenRoundField = 10;
    private const int ReadmittedField = 11;
    private const int WantsItemsField = 12;
    private const uint IdWire = WireFormat.LengthDelimited;

    /// <summary>Bytes of the whole frame.</summary>
    public static int SizeOf(in PeerFetch fetch) => PeerFrameCodec.SizeOf(BodyBytes(fetch));

    /// <summary>Writes the whole frame into exactly <see cref="SizeOf"/> bytes.</summary>
    public static void Write(in PeerFetch fetch, Span<byte> destination)
    {
        var writer = new WireWriter(destination);
        writer.Length((int)PeerFrameKind.Fetch, BodyBytes(fetch));
        writer.Field(TopicIdField, fetch.Partition.Topic.Value);
        writer.Field(PartitionField, fetch.Partition.Index);
        writer.Field(DirectoryIdField, fetch.Directory.Value);
        writer.Field(EpochField, fetch.Epoch.Value);
        writer.Field(AppendedEpochField, fetch.Appended.Epoch.Value);
        writer.Field(AppendedOffsetField, fetch.Appended.Offset.Value);
        writer.Field(DurableEpochField, fetch.Durable.Epoch.Value);
        writer.Field(DurableOffsetField, fetch.Durable.Offset.Value);
        writer.Field(HighWatermarkField, fetch.HighWatermark.Value);
        writer.Field(SeenRoundField, fetch.SeenRound);
        writer.Field(ReadmittedField, fetch.IsReadmitted ? 1 : 0);
        writer.Field(WantsItemsField, fetch.WantsItems ? 1 : 0);
        Invariant.Require(writer.Written == destination.Length);
    }

    /// <summary>Parses the member of a frame; false when the bytes are no such message.</summary>
    public static bool TryParse(in ReadOnlySequence<byte> body, out PeerFetch fetch)
    {
        var fields = default(Fields);
        var reader = new WireReader(body);
        bool isGood = true;
        while (isGood && !reader.IsAtEnd)
        {
            isGood = reader.TryReadTag(out uint tag) && fields.TryRead(tag, ref reader);
        }

        fetch = fields.ToFetch();
        return isGood;
    }

    private static int BodyBytes(in PeerFetch fetch) =>
        PeerIds.Size(fetch.Partition.Topic.Value)
        + WireFormat.FieldSize(fetch.Partition.Index)
        + PeerIds.Size(fetch.Directory.Value)
        + WireFormat.FieldSize(fetch.Epoch.Value)
        + WireFormat.FieldSize(fetch.Appended.Epoch.Value)
        + WireFormat.FieldSize(fetch.Appended.Offset.Value)
        + WireFormat.FieldSize(fetch.Durable.Epoch.Value)
        + WireFormat.FieldSize(fetch.Durable.Offset.Value)
        + WireFormat.FieldSize(fetch.HighWatermark.Value)
        + WireFormat.FieldSize(fetch.SeenRound)
        + WireFormat.FieldSize(fetch.IsReadmitted ? 1 : 0)
        + WireFormat.FieldSize(fetch.WantsItems ? 1 : 0);

    private struct Fields
    {
        private Guid _topic;
        private int _partition;
        private Guid _directory;
        private int _epoch;
        private int _appendedEpoch;
        private long _appendedOffset;
        private int _durableEpoch;
        private long _durableOffset;
        private long _highWatermark;
        private long _seenRound;
        private bool _isReadmitted;
        private bool _wantsItems;

        public readonly PeerFetch ToFetch() => new(
            new PartitionId(new TopicId(_topic), _partition),
            new DirectoryId(_directory),
            new Epoch(_epoch),
            new LogPosition(new Epoch(_appendedEpoch), new Offset(_appendedOffset)),
            new LogPosition(new Epoch(_durableEpoch), new Offset(_durableOffset)),
            new Offset(_highWatermark),
            _seenRound,
            _isReadmitted,
            _wantsItems);

        public bool TryRead(uint tag, ref WireReader reader) => tag switch
        {
            (TopicIdField << 3) | IdWire => reader.TryReadId(out _topic),
            PartitionField << 3 => reader.TryReadInt32(out _partition),
            (DirectoryIdField << 3) | IdWire => reader.TryReadId(out _directory),
            EpochField << 3 => reader.TryReadInt32(out _epoch),
            AppendedEpochField << 3 => reader.TryReadInt32(out _appendedEpoch),
            AppendedOffsetField << 3 => reader.TryReadInt64(out _appendedOffset),
            DurableEpochField << 3 => reader.TryReadInt32(out _durableEpoch),
            DurableOffsetField << 3 => reader.TryReadInt64(out _durableOffset),
            HighWatermarkField << 3 => reader.TryReadInt64(out _highWatermark),
            SeenRoundField << 3 => reader.TryReadInt64(out _seenRound),
            ReadmittedField << 3 => reader.TryReadBool(out _isReadmitted),
            WantsItemsField << 3 => reader.TryReadBool(out _wantsItems),
            _ => reader.TrySkip(tag),
        };
    }
}
