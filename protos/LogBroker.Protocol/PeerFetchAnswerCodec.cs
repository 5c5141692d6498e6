using System.Buffers;

namespace LogBroker.Protocol;

/// <summary>
/// All of a <c>FetchAnswer</c> between nodes but its items; fields as in peer.proto. Nothing is checked but that it parses: the outcome
/// may be a number without a name.
/// </summary>
public readonly record struct PeerFetchAnswer(
    PartitionId Partition,
    DirectoryId Directory,
    Epoch Epoch,
    Peer.V1.FetchAnswer.Types.Outcome Outcome,
    LogPosition Echoed,
    DirectoryId RequesterDirectory,
    LogPosition Target,
    long Round,
    Offset HighWatermark,
    Offset LogStart,
    NodeId Leader,
    bool Readmit);

/// <summary>
/// The hand codec of <c>FetchAnswer</c> frames: the same bytes as the generated one, written around items that are copied once, from
/// the lease into the transport, and parsed without copying them. Behind the items stands whether they could be read to their end,
/// which is known only then. Pure and thread-safe.
/// </summary>
public static class PeerFetchAnswerCodec
{
    private const int TopicIdField = 1;
    private const int PartitionField = 2;
    private const int DirectoryIdField = 3;
    private const int EpochField = 4;
    private const int OutcomeField = 5;
    private const int EchoedEpochField = 6;
    private const int EchoedOffsetField = 7;
    private const int RequesterDirectoryIdField = 8;
    private const int TargetEpochField = 9;
    private const int TargetOffsetField = 10;
    private const int RoundField = 11;
    private const int HighWatermarkField = 12;
    private const int LogStartField = 13;
    private const int LeaderField = 14;
    private const int ReadmitField = 16;
    private const int ItemsField = 17;
    private const int ItemsIntactField = 18;
    private const uint BytesWire = WireFormat.LengthDelimited;

    /// <summary>Bytes of a true flag with a tag of two bytes.</summary>
    private const int FlagBytes = 3;

    /// <summary>Bytes of the whole frame.</summary>
    public static int SizeOf(in PeerFetchAnswer answer, int itemsBytes) => PeerFrameCodec.SizeOf(BodyBytes(answer, itemsBytes));

    /// <summary>Bytes that <see cref="WriteTail"/> writes behind so many bytes of items; 0 without items.</summary>
    public static int TailBytes(int itemsBytes) => itemsBytes == 0 ? 0 : FlagBytes;

    /// <summary>Bytes that <see cref="WriteHead"/> writes in front of the items.</summary>
    public static int HeadBytes(in PeerFetchAnswer answer, int itemsBytes) =>
        SizeOf(answer, itemsBytes) - itemsBytes - TailBytes(itemsBytes);

    /// <summary>
    /// Writes everything in front of the items into exactly <see cref="HeadBytes"/> bytes; <paramref name="itemsBytes"/> bytes and the
    /// tail must follow.
    /// </summary>
    public static void WriteHead(in PeerFetchAnswer answer, int itemsBytes, Span<byte> destination)
    {
        var writer = new WireWriter(destination);
        writer.Length((int)PeerFrameKind.FetchAnswer, BodyBytes(answer, itemsBytes));
        writer.Field(TopicIdField, answer.Partition.Topic.Value);
        writer.Field(PartitionField, answer.Partition.Index);
        writer.Field(DirectoryIdField, answer.Directory.Value);
        writer.Field(EpochField, answer.Epoch.Value);
        writer.Field(OutcomeField, (int)answer.Outcome);
        writer.Field(EchoedEpochField, answer.Echoed.Epoch.Value);
        writer.Field(EchoedOffsetField, answer.Echoed.Offset.Value);
        writer.Field(RequesterDirectoryIdField, answer.RequesterDirectory.Value);
        writer.Field(TargetEpochField, answer.Target.Epoch.Value);
        writer.Field(TargetOffsetField, answer.Target.Offset.Value);
        writer.Field(RoundField, answer.Round);
        writer.Field(HighWatermarkField, answer.HighWatermark.Value);
        writer.Field(LogStartField, answer.LogStart.Value);
        writer.Field(LeaderField, answer.Leader.Value);
        writer.Field(ReadmitField, answer.Readmit ? 1 : 0);
        if (itemsBytes != 0)
        {
            writer.Length(ItemsField, itemsBytes);
        }

        Invariant.Require(writer.Written == destination.Length);
    }

    /// <summary>Writes what stands behind items, into exactly <see cref="TailBytes"/> bytes; nothing without items.</summary>
    public static void WriteTail(bool isIntact, Span<byte> destination)
    {
        if (destination.IsEmpty)
        {
            return;
        }

        // Written by hand: a false flag has to stand there too.
        Invariant.Require(destination.Length == FlagBytes);
        destination[0] = ((ItemsIntactField << 3) & 0x7F) | 0x80;
        destination[1] = (ItemsIntactField << 3) >> 7;
        destination[2] = isIntact ? (byte)1 : (byte)0;
    }

    /// <summary>
    /// Parses the member of a frame; false when the bytes are no such message. The items are a slice of the given bytes and die with them.
    /// </summary>
    public static bool TryParse(
        in ReadOnlySequence<byte> body, out PeerFetchAnswer answer, out ReadOnlySequence<byte> items, out bool isIntact)
    {
        var fields = default(Fields);
        items = default;
        var reader = new WireReader(body);
        bool isGood = true;
        while (isGood && !reader.IsAtEnd)
        {
            isGood = reader.TryReadTag(out uint tag)
                && (tag == ((ItemsField << 3) | BytesWire) ? reader.TryReadBytes(out items) : fields.TryRead(tag, ref reader));
        }

        answer = fields.ToAnswer();
        isIntact = fields.IsIntact;
        return isGood;
    }

    private static int BodyBytes(in PeerFetchAnswer answer, int itemsBytes) =>
        PeerIds.Size(answer.Partition.Topic.Value)
        + WireFormat.FieldSize(answer.Partition.Index)
        + PeerIds.Size(answer.Directory.Value)
        + WireFormat.FieldSize(answer.Epoch.Value)
        + WireFormat.FieldSize((int)answer.Outcome)
        + WireFormat.FieldSize(answer.Echoed.Epoch.Value)
        + WireFormat.FieldSize(answer.Echoed.Offset.Value)
        + PeerIds.Size(answer.RequesterDirectory.Value)
        + WireFormat.FieldSize(answer.Target.Epoch.Value)
        + WireFormat.FieldSize(answer.Target.Offset.Value)
        + WireFormat.FieldSize(answer.Round)
        + WireFormat.FieldSize(answer.HighWatermark.Value)
        + WireFormat.FieldSize(answer.LogStart.Value)
        + WireFormat.FieldSize(answer.Leader.Value)
        + (answer.Readmit ? FlagBytes : 0)
        + (itemsBytes == 0 ? 0 : WireFormat.MessageSize(itemsBytes) + 1)
        + TailBytes(itemsBytes);

    private struct Fields
    {
        public bool IsIntact;
        private Guid _topic;
        private int _partition;
        private Guid _directory;
        private int _epoch;
        private int _outcome;
        private int _echoedEpoch;
        private long _echoedOffset;
        private Guid _requesterDirectory;
        private int _targetEpoch;
        private long _targetOffset;
        private long _round;
        private long _highWatermark;
        private long _logStart;
        private int _leader;
        private bool _readmit;

        public readonly PeerFetchAnswer ToAnswer() => new(
            new PartitionId(new TopicId(_topic), _partition),
            new DirectoryId(_directory),
            new Epoch(_epoch),
            (Peer.V1.FetchAnswer.Types.Outcome)_outcome,
            new LogPosition(new Epoch(_echoedEpoch), new Offset(_echoedOffset)),
            new DirectoryId(_requesterDirectory),
            new LogPosition(new Epoch(_targetEpoch), new Offset(_targetOffset)),
            _round,
            new Offset(_highWatermark),
            new Offset(_logStart),
            new NodeId(_leader),
            _readmit);

        public bool TryRead(uint tag, ref WireReader reader) => tag switch
        {
            (TopicIdField << 3) | BytesWire => reader.TryReadId(out _topic),
            PartitionField << 3 => reader.TryReadInt32(out _partition),
            (DirectoryIdField << 3) | BytesWire => reader.TryReadId(out _directory),
            EpochField << 3 => reader.TryReadInt32(out _epoch),
            OutcomeField << 3 => reader.TryReadInt32(out _outcome),
            EchoedEpochField << 3 => reader.TryReadInt32(out _echoedEpoch),
            EchoedOffsetField << 3 => reader.TryReadInt64(out _echoedOffset),
            (RequesterDirectoryIdField << 3) | BytesWire => reader.TryReadId(out _requesterDirectory),
            TargetEpochField << 3 => reader.TryReadInt32(out _targetEpoch),
            TargetOffsetField << 3 => reader.TryReadInt64(out _targetOffset),
            RoundField << 3 => reader.TryReadInt64(out _round),
            HighWatermarkField << 3 => reader.TryReadInt64(out _highWatermark),
            LogStartField << 3 => reader.TryReadInt64(out _logStart),
            LeaderField << 3 => reader.TryReadInt32(out _leader),
            ReadmitField << 3 => reader.TryReadBool(out _readmit),
            ItemsIntactField << 3 => reader.TryReadBool(out IsIntact),
            _ => reader.TrySkip(tag),
        };
    }
}
