using System.Buffers;
using System.IO.Pipelines;
using Google.Protobuf;
using LogBroker.Cluster;
using LogBroker.Protocol;
using LogBroker.Raft;
using LogBroker.Rpc;
using Wire = LogBroker.Protocol.Peer.V1;

namespace LogBroker.Server;

/// <summary>
/// Frames between nodes as bytes and back. Items are copied once on either side: from the lease into the response, and from the arrived
/// response into the buffer from which they are written to the log. Bytes that are no frame are a <see cref="PeerNonsense"/> and nothing
/// else. Thread-safe.
/// </summary>
internal sealed class PeerFrameMarshaller : Marshaller<PeerFrame>
{
    /// <summary>Called with a message whose lease could not be read to its end; the frame then says so, and counts as lost.</summary>
    public Action<PartitionMessage, Exception>? ItemsUnreadable { get; init; }

    /// <inheritdoc/>
    public override int GetSize(PeerFrame frame) => frame.Kind switch
    {
        PeerFrameKind.Fetch => PeerFetchCodec.SizeOf(FetchOf(frame)),
        PeerFrameKind.FetchAnswer => PeerFetchAnswerCodec.SizeOf(AnswerOf(frame), frame.ItemsBytes),
        PeerFrameKind.Heartbeat => PeerHeartbeatCodec.SizeOf(HeartbeatOf(frame)),
        _ => PeerFrameCodec.SizeOf(frame.Kind, frame.Body!.CalculateSize()),
    };

    /// <inheritdoc/>
    public override void Serialize(PeerFrame frame, IBufferWriter<byte> output)
    {
        if (frame.ItemsBytes == 0)
        {
            WriteWithoutItems(frame, output);
            return;
        }

        // Only the dialed side writes like this, and it has no items to send.
        var message = (PartitionMessage)frame.Message!;
        WriteAnswerHead(frame, output);
        LeaseWriting.Write(message.Items!, output);
        WriteAnswerTail(frame, isIntact: true, output);
    }

    /// <inheritdoc/>
    public override ValueTask SerializeAsync(PeerFrame frame, PipeWriter output, CancellationToken cancellationToken)
    {
        if (frame.ItemsBytes > 0)
            return WriteWithItemsAsync(frame, output, cancellationToken);
        WriteWithoutItems(frame, output);
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public override PeerFrame Deserialize(in ReadOnlySequence<byte> body)
    {
        if (!PeerFrameCodec.TryOpen(body, out var kind, out var member))
            throw PeerNonsense.Because($"{body.Length} bytes that are no frame, or one of an unknown kind");
        return kind switch
        {
            PeerFrameKind.Fetch => new PeerFrame(kind, ReadFetch(member), null),
            PeerFrameKind.FetchAnswer => new PeerFrame(kind, ReadAnswer(member), null),
            PeerFrameKind.Heartbeat => new PeerFrame(kind, ReadHeartbeat(member), null),
            PeerFrameKind.Hello => new PeerFrame(kind, null, Parse(Wire.Hello.Parser, member)),
            PeerFrameKind.Challenge => new PeerFrame(kind, null, Parse(Wire.Challenge.Parser, member)),
            PeerFrameKind.Proof => new PeerFrame(kind, null, Parse(Wire.Proof.Parser, member)),
            PeerFrameKind.Accepted => new PeerFrame(kind, null, Parse(Wire.Accepted.Parser, member)),
            PeerFrameKind.ClusterJoined => new PeerFrame(kind, null, Parse(Wire.ClusterJoined.Parser, member)),
            PeerFrameKind.Replica => Rare(kind, Parse(Wire.Replica.Parser, member)),
            PeerFrameKind.Led => Rare(kind, Parse(Wire.Led.Parser, member)),
            PeerFrameKind.LedAsked => Rare(kind, Parse(Wire.LedAsked.Parser, member)),
            PeerFrameKind.FormingAsked => Rare(kind, Parse(Wire.FormingAsked.Parser, member)),
            PeerFrameKind.FormingAnswered => Rare(kind, Parse(Wire.FormingAnswered.Parser, member)),
            PeerFrameKind.OffsetsTopicAsked => Rare(kind, Parse(Wire.OffsetsTopicAsked.Parser, member)),
            PeerFrameKind.ClusterOffered => Rare(kind, Parse(Wire.ClusterOffered.Parser, member)),
            _ => Rare(kind, Parse(Wire.Registration.Parser, member)),
        };
    }

    /// <inheritdoc/>
    public override void Release(PeerFrame frame) => frame.Release();

    private static void WriteWithoutItems(PeerFrame frame, IBufferWriter<byte> output)
    {
        switch (frame.Kind)
        {
            case PeerFrameKind.Fetch:
                var fetch = FetchOf(frame);
                int fetchBytes = PeerFetchCodec.SizeOf(fetch);
                PeerFetchCodec.Write(fetch, output.GetSpan(fetchBytes)[..fetchBytes]);
                output.Advance(fetchBytes);
                break;
            case PeerFrameKind.FetchAnswer:
                WriteAnswerHead(frame, output);
                break;
            case PeerFrameKind.Heartbeat:
                var heartbeat = HeartbeatOf(frame);
                int heartbeatBytes = PeerHeartbeatCodec.SizeOf(heartbeat);
                PeerHeartbeatCodec.Write(heartbeat, output.GetSpan(heartbeatBytes)[..heartbeatBytes]);
                output.Advance(heartbeatBytes);
                break;
            default:
                int bodyBytes = frame.Body!.CalculateSize();
                int headBytes = PeerFrameCodec.HeadBytes(frame.Kind, bodyBytes);
                PeerFrameCodec.WriteHead(frame.Kind, bodyBytes, output.GetSpan(headBytes)[..headBytes]);
                output.Advance(headBytes);
                frame.Body!.WriteTo(output);
                break;
        }
    }

    /// <summary>
    /// The size of the frame was announced before its items are read. When the disk or the lease fails in between, zeros stand for the
    /// rest and the tail says so: one bad sector costs an answer and not the link of all partitions.
    /// </summary>
    private async ValueTask WriteWithItemsAsync(PeerFrame frame, PipeWriter output, CancellationToken cancellationToken)
    {
        var message = (PartitionMessage)frame.Message!;
        WriteAnswerHead(frame, output);
        bool isIntact = true;
        for (int at = 0; at < message.Items!.Length;)
        {
            await LeaseWriting.MakeRoomAsync(output, cancellationToken);
            try
            {
                at += isIntact ? LeaseWriting.WritePiece(message.Items, at, output) : WriteZeros(message.Items.Length - at, output);
            }
            catch (IOException e)
            {
                isIntact = false;
                ItemsUnreadable?.Invoke(message, e);
            }
        }

        WriteAnswerTail(frame, isIntact, output);
    }

    private static int WriteZeros(int bytes, IBufferWriter<byte> output)
    {
        int count = Math.Min(LeaseWriting.PieceBytesMax, bytes);
        output.GetSpan(count)[..count].Clear();
        output.Advance(count);
        return count;
    }

    private static void WriteAnswerHead(PeerFrame frame, IBufferWriter<byte> output)
    {
        var answer = AnswerOf(frame);
        int bytes = PeerFetchAnswerCodec.HeadBytes(answer, frame.ItemsBytes);
        PeerFetchAnswerCodec.WriteHead(answer, frame.ItemsBytes, output.GetSpan(bytes)[..bytes]);
        output.Advance(bytes);
    }

    private static void WriteAnswerTail(PeerFrame frame, bool isIntact, IBufferWriter<byte> output)
    {
        int bytes = PeerFetchAnswerCodec.TailBytes(frame.ItemsBytes);
        PeerFetchAnswerCodec.WriteTail(isIntact, output.GetSpan(bytes)[..bytes]);
        output.Advance(bytes);
    }

    private static PeerFrame Rare(PeerFrameKind kind, IMessage body) => new(kind, PeerTranslation.ToMessage(body), null);

    private static T Parse<T>(MessageParser<T> parser, in ReadOnlySequence<byte> body)
        where T : IMessage<T>
    {
        try
        {
            return parser.ParseFrom(body);
        }
        catch (InvalidProtocolBufferException)
        {
            throw PeerNonsense.Because($"{body.Length} bytes that are no {typeof(T).Name}");
        }
    }

    private static PeerFetch FetchOf(PeerFrame frame)
    {
        var message = (PartitionMessage)frame.Message!;
        var fetch = (FetchRequest)message.Message;
        return new PeerFetch(
            message.Partition, message.Directory, fetch.Epoch, fetch.Appended, fetch.Durable, fetch.HighWatermark, fetch.SeenRound,
            fetch.IsReadmitted, fetch.WantsItems);
    }

    private static PeerFetchAnswer AnswerOf(PeerFrame frame)
    {
        var message = (PartitionMessage)frame.Message!;
        var result = (FetchResult)message.Message;
        return new PeerFetchAnswer(
            message.Partition, message.Directory, result.Epoch, (Wire.FetchAnswer.Types.Outcome)result.Outcome, result.Echoed,
            result.RequesterDirectory, result.Target, result.Round, result.HighWatermark, result.LogStart, result.Leader, result.Readmit);
    }

    private static PeerHeartbeat HeartbeatOf(PeerFrame frame)
    {
        var heartbeat = (Heartbeat)frame.Message!;
        return new PeerHeartbeat(
            heartbeat.Sequence, heartbeat.EchoBoot.Value, heartbeat.EchoSequence, heartbeat.LedDigest, heartbeat.LedCount,
            heartbeat.IsLeaving);
    }

    private static PartitionMessage ReadFetch(in ReadOnlySequence<byte> body)
    {
        if (!PeerFetchCodec.TryParse(body, out var fetch))
            throw PeerNonsense.Because($"{body.Length} bytes that are no Fetch");
        return new PartitionMessage(PeerChecks.Partition(fetch.Partition), fetch.Directory, new FetchRequest(
            PeerChecks.Epoch(fetch.Epoch.Value),
            PeerChecks.Position(fetch.Appended),
            PeerChecks.Position(fetch.Durable),
            PeerChecks.Offset(fetch.HighWatermark),
            PeerChecks.Count(fetch.SeenRound, "seen_round"),
            fetch.IsReadmitted,
            fetch.WantsItems));
    }

    private static PartitionMessage? ReadAnswer(in ReadOnlySequence<byte> body)
    {
        if (!PeerFetchAnswerCodec.TryParse(body, out var answer, out var items, out bool isIntact))
            throw PeerNonsense.Because($"{body.Length} bytes that are no FetchAnswer");
        bool mayHaveItems = (FetchOutcome)answer.Outcome is FetchOutcome.Items or FetchOutcome.Reset;
        if (!Enum.IsDefined((FetchOutcome)answer.Outcome) || (!items.IsEmpty && !mayHaveItems))
            throw PeerNonsense.Because($"a FetchAnswer of outcome {answer.Outcome} with {items.Length} bytes of items");
        var message = new PartitionMessage(PeerChecks.Partition(answer.Partition), answer.Directory, new FetchResult(
            PeerChecks.Epoch(answer.Epoch.Value),
            (FetchOutcome)answer.Outcome,
            PeerChecks.Position(answer.Echoed),
            answer.RequesterDirectory,
            PeerChecks.Position(answer.Target),
            PeerChecks.Count(answer.Round, "round"),
            PeerChecks.Offset(answer.HighWatermark),
            PeerChecks.Offset(answer.LogStart),
            answer.Readmit,
            PeerChecks.Node(answer.Leader.Value)));
        if (items.IsEmpty)
            return message;
        return isIntact ? message with { Received = BatchBuffer.CopyOf(items) } : null;
    }

    private static Heartbeat ReadHeartbeat(in ReadOnlySequence<byte> body)
    {
        if (!PeerHeartbeatCodec.TryParse(body, out var heartbeat))
            throw PeerNonsense.Because($"{body.Length} bytes that are no Heartbeat");
        return new Heartbeat(
            PeerChecks.Count(heartbeat.Sequence, "sequence"),
            new BootId(heartbeat.EchoBoot),
            PeerChecks.Count(heartbeat.EchoSequence, "echo_sequence"),
            heartbeat.LedDigest,
            (int)PeerChecks.Count(heartbeat.LedCount, "led_count"),
            heartbeat.IsLeaving);
    }
}
