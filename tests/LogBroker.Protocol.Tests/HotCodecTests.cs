using System.Buffers;
using System.Text;
using FsCheck.Fluent;
using Google.Protobuf;
using LogBroker.Protocol.V1;

namespace LogBroker.Protocol.Tests;

/// <summary>The hand codecs are equal to the generated ones: same bytes out, same fields in.</summary>
public sealed class HotCodecTests
{
    private const int Runs = 500;

    [Fact]
    public void Produce_requests_are_written_as_the_generated_codec_does() =>
        Samples.Holds(Samples.ProduceBatches, batch =>
        {
            var head = new ProduceHead(
                batch.CorrelationId, batch.Topic, batch.Partition, batch.Acks, batch.TimeoutMs, batch.LeaderEpoch,
                batch.HasExpectedOffset ? batch.ExpectedOffset : null, batch.HasExpectedKeyVersion ? batch.ExpectedKeyVersion : null);
            var bytes = new byte[ProduceCodec.SizeOf(head, batch.Records.Length)];
            int headBytes = ProduceCodec.HeadBytes(head, batch.Records.Length);
            ProduceCodec.WriteHead(head, batch.Records.Length, bytes.AsSpan(0, headBytes));
            batch.Records.Span.CopyTo(bytes.AsSpan(headBytes));
            return bytes.SequenceEqual(new ProduceRequest { Batch = batch }.ToByteArray());
        }).Check(Runs);

    [Fact]
    public void Produce_requests_are_read_as_the_generated_codec_does() =>
        Samples.Holds(Samples.ProduceBatches, batch => AgreesOnProduce(new ProduceRequest { Batch = batch }.ToByteArray())).Check(Runs);

    [Fact]
    public void Produce_requests_of_any_fields_are_read_as_the_generated_codec_does()
    {
        int batches = 0;
        Samples.Holds(Samples.Fields, bytes =>
        {
            batches += TryParse(ProduceRequest.Parser, bytes, out ProduceRequest? request) && request.Batch is not null ? 1 : 0;
            return AgreesOnProduce(bytes);
        }).Check(4 * Runs);
        Assert.InRange(batches, Runs / 5, 4 * Runs);
        Assert.True(AgreesOnProduce(new ProduceRequest { Open = new ProduceOpen { ClientId = "me" } }.ToByteArray()));
        Assert.True(AgreesOnProduce(new ProduceRequest { Heartbeat = new Heartbeat() }.ToByteArray()));
        Assert.True(AgreesOnProduce([]));
    }

    [Fact]
    public void Acks_are_written_as_the_generated_codec_does() =>
        Samples.Holds(Samples.Acks, ack =>
        {
            var bytes = new byte[ProduceAckCodec.SizeOf(ack)];
            ProduceAckCodec.Write(ack, bytes);
            return bytes.SequenceEqual(Generated(ack).ToByteArray());
        }).Check(Runs);

    [Fact]
    public void Acks_are_read_as_the_generated_codec_does()
    {
        Samples.Holds(Samples.Acks, ack =>
        {
            byte[] bytes = Generated(ack).ToByteArray();
            bool isRead = ProduceAckCodec.TryParse(Cut(bytes), out bool isAck, out ProduceAckView read);
            return AgreesOnAck(bytes) && isRead && isAck && read == ack;
        }).Check(Runs);
        Samples.Holds(Samples.Fields, AgreesOnAck).Check(4 * Runs);
    }

    [Fact]
    public void Fetch_responses_are_written_as_the_generated_codec_does() =>
        Samples.Holds(Samples.FetchedPartitions.ListOf(), partitions =>
        {
            var expected = new FetchResponse { Partitions = { partitions } };
            var output = new ArrayBufferWriter<byte>(1);
            foreach (FetchedPartition p in partitions)
            {
                var head = new FetchedHead(p.Topic, p.Partition, p.Error, p.LogStartOffset, p.HighWatermark, p.LeaderEpoch);
                int headBytes = FetchCodec.HeadBytes(head, p.Batches.Length);
                FetchCodec.WriteHead(head, p.Batches.Length, output.GetSpan(headBytes)[..headBytes]);
                output.Advance(headBytes);
                output.Write(p.Batches.Span);
                Assert.Equal(FetchCodec.SizeOf(head, p.Batches.Length), headBytes + p.Batches.Length);
            }

            return output.WrittenSpan.SequenceEqual(expected.ToByteArray());
        }).Check(Runs / 5);

    [Fact]
    public void Fetch_responses_are_read_as_the_generated_codec_does()
    {
        Samples.Holds(Samples.FetchedPartitions.ListOf(), p => AgreesOnFetch(new FetchResponse { Partitions = { p } }.ToByteArray()))
            .Check(Runs / 5);
        Samples.Holds(Samples.Fields, AgreesOnFetch).Check(4 * Runs);
    }

    [Fact]
    public void Read_frames_are_written_as_the_generated_codec_does() =>
        Samples.Holds(Samples.FetchedPartitions, p =>
        {
            var head = new ReadFrameHead(p.HighWatermark, p.LeaderEpoch);
            var bytes = new byte[ReadFrameCodec.SizeOf(head, p.Batches.Length)];
            int headBytes = ReadFrameCodec.HeadBytes(head, p.Batches.Length);
            ReadFrameCodec.WriteHead(head, p.Batches.Length, bytes.AsSpan(0, headBytes));
            p.Batches.Span.CopyTo(bytes.AsSpan(headBytes));
            return bytes.SequenceEqual(Generated(p).ToByteArray());
        }).Check(Runs);

    [Fact]
    public void Read_events_are_read_as_the_generated_codec_does()
    {
        Samples.Holds(Samples.FetchedPartitions, p => AgreesOnRead(Generated(p).ToByteArray())).Check(Runs);
        Samples.Holds(Samples.Fields, AgreesOnRead).Check(4 * Runs);
        Assert.True(AgreesOnRead(new ReadEvent { CaughtUp = new ReadEvent.Types.CaughtUp { HighWatermark = 9 } }.ToByteArray()));
    }

    [Fact]
    public void Random_and_mutated_bytes_never_throw()
    {
        var random = new Random(17);
        byte[][] seeds =
        [
            .. Samples.ProduceBatches.Sample(20).Select(b => new ProduceRequest { Batch = b }.ToByteArray()),
            .. Samples.Acks.Sample(20).Select(a => Generated(a).ToByteArray()),
            .. Samples.FetchedPartitions.ListOf().Sample(20).Select(p => new FetchResponse { Partitions = { p } }.ToByteArray()),
            .. Samples.FetchedPartitions.Sample(20).Select(p => Generated(p).ToByteArray()),
        ];
        for (int i = 0; i < 8_000; i++)
        {
            byte[] bytes = Mutations.Of(seeds[random.Next(seeds.Length)], random);
            Assert.True(AgreesOnProduce(bytes));
            Assert.True(AgreesOnAck(bytes));
            Assert.True(AgreesOnFetch(bytes));
            Assert.True(AgreesOnRead(bytes));
        }
    }

    [Fact]
    public void Parsing_allocates_nothing()
    {
        var batch = new ProduceBatch { CorrelationId = 5, Topic = "orders", Partition = 3, Records = ByteString.CopyFrom(new byte[1000]) };
        var request = new ReadOnlySequence<byte>(new ProduceRequest { Batch = batch }.ToByteArray());
        var partition = new FetchedPartition { Topic = "orders", HighWatermark = 9, Batches = ByteString.CopyFrom(new byte[1000]) };
        var response = new ReadOnlySequence<byte>(new FetchResponse { Partitions = { partition, partition } }.ToByteArray());
        var names = new NameCache(10);
        long Round()
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < 5_000; i++)
            {
                bool isRead = ProduceCodec.TryParse(request, out ProduceRequestView view);
                FetchResponseReader reader = FetchCodec.Read(response);
                int bytes = 0;
                while (reader.MoveNext())
                {
                    bytes += (int)reader.Current.Batches.Length;
                }

                if (!isRead || bytes != 2000 || names.Get(view.Topic) != "orders")
                {
                    return -1;
                }
            }

            return GC.GetAllocatedBytesForCurrentThread() - before;
        }

        Round();

        // The runtime counts in blocks of 8 KiB when a collection falls in between.
        Assert.InRange(Round(), 0, 20_000);
    }

    private static ProduceResponse Generated(ProduceAckView ack)
    {
        var message = new ProduceAck { CorrelationId = ack.CorrelationId };
        if (ack.Error is not null)
        {
            message.Error = ack.Error;
        }
        else
        {
            message.Receipt = new ProduceReceipt
            {
                BaseOffset = ack.BaseOffset,
                LeaderEpoch = ack.LeaderEpoch,
                Durability = ack.Durability,
                Duplicate = ack.IsDuplicate,
                AppendTimeMs = ack.AppendTimeMs,
            };
        }

        return new ProduceResponse { Ack = message };
    }

    private static ReadEvent Generated(FetchedPartition p) => new()
    {
        Frame = new ReadEvent.Types.ReadFrame { HighWatermark = p.HighWatermark, LeaderEpoch = p.LeaderEpoch, Batches = p.Batches },
    };

    /// <summary>What the generated parser takes, ours takes with the same fields; ours may take more where it does not look.</summary>
    private static bool AgreesOnProduce(byte[] bytes)
    {
        bool isRead = ProduceCodec.TryParse(Cut(bytes), out ProduceRequestView view);
        if (!TryParse(ProduceRequest.Parser, bytes, out ProduceRequest? expected))
        {
            return true;
        }

        return isRead && expected.MessageCase switch
        {
            ProduceRequest.MessageOneofCase.Batch => view.Kind == ProduceRequestKind.Batch
                && view.CorrelationId == expected.Batch.CorrelationId
                && Text(view.Topic) == expected.Batch.Topic
                && view.Partition == expected.Batch.Partition
                && view.Acks == expected.Batch.Acks
                && view.TimeoutMs == expected.Batch.TimeoutMs
                && view.LeaderEpoch == expected.Batch.LeaderEpoch
                && view.ExpectedOffset == (expected.Batch.HasExpectedOffset ? expected.Batch.ExpectedOffset : null)
                && view.ExpectedKeyVersion == (expected.Batch.HasExpectedKeyVersion ? expected.Batch.ExpectedKeyVersion : null)
                && expected.Batch.Records.Span.SequenceEqual(view.Records.ToArray()),
            ProduceRequest.MessageOneofCase.Open => view.Kind == ProduceRequestKind.Open && Text(view.ClientId) == expected.Open.ClientId,
            ProduceRequest.MessageOneofCase.Heartbeat => view.Kind == ProduceRequestKind.Heartbeat,
            _ => view.Kind == ProduceRequestKind.None,
        };
    }

    private static bool AgreesOnAck(byte[] bytes)
    {
        bool isRead = ProduceAckCodec.TryParse(Cut(bytes), out bool isAck, out ProduceAckView view);
        if (!TryParse(ProduceResponse.Parser, bytes, out ProduceResponse? expected))
        {
            return true;
        }

        ProduceAck? ack = expected.Ack;
        if (!isRead || isAck != (ack is not null && ack.ResultCase != ProduceAck.ResultOneofCase.None))
        {
            return false;
        }

        return !isAck || (view.CorrelationId == ack!.CorrelationId
            && Equals(view.Error, ack.Error)
            && view.BaseOffset == (ack.Receipt?.BaseOffset ?? 0)
            && view.LeaderEpoch == (ack.Receipt?.LeaderEpoch ?? 0)
            && view.Durability == (ack.Receipt?.Durability ?? 0)
            && view.IsDuplicate == (ack.Receipt?.Duplicate ?? false)
            && view.AppendTimeMs == (ack.Receipt?.AppendTimeMs ?? 0));
    }

    private static bool AgreesOnFetch(byte[] bytes)
    {
        ReadOnlySequence<byte> cut = Cut(bytes);
        FetchResponseReader reader = FetchCodec.Read(cut);
        var read = new List<FetchedPartitionView>();
        while (reader.MoveNext())
        {
            read.Add(reader.Current);
        }

        if (!TryParse(FetchResponse.Parser, bytes, out FetchResponse? expected))
        {
            return true;
        }

        return !reader.IsMalformed && read.Count == expected.Partitions.Count && read.Zip(expected.Partitions).All(pair =>
            Text(pair.First.Topic) == pair.Second.Topic
            && pair.First.Partition == pair.Second.Partition
            && Equals(pair.First.Error, pair.Second.Error)
            && pair.First.LogStartOffset == pair.Second.LogStartOffset
            && pair.First.HighWatermark == pair.Second.HighWatermark
            && pair.First.LeaderEpoch == pair.Second.LeaderEpoch
            && pair.Second.Batches.Span.SequenceEqual(pair.First.Batches.ToArray()));
    }

    private static bool AgreesOnRead(byte[] bytes)
    {
        bool isRead = ReadFrameCodec.TryParse(Cut(bytes), out bool isFrame, out ReadFrameHead head, out ReadOnlySequence<byte> batches);
        if (!TryParse(ReadEvent.Parser, bytes, out ReadEvent? expected))
        {
            return true;
        }

        return isRead && isFrame == (expected.EventCase == ReadEvent.EventOneofCase.Frame)
            && (!isFrame || (head == new ReadFrameHead(expected.Frame.HighWatermark, expected.Frame.LeaderEpoch)
                && expected.Frame.Batches.Span.SequenceEqual(batches.ToArray())));
    }

    private static bool TryParse<T>(
        MessageParser<T> parser, byte[] bytes, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out T? message)
        where T : class, IMessage<T>
    {
        try
        {
            message = parser.ParseFrom(bytes);
            return true;
        }
        catch (InvalidProtocolBufferException)
        {
            message = null;
            return false;
        }
    }

    /// <summary>Segments of seven bytes, so that every field straddles a border some time.</summary>
    private static ReadOnlySequence<byte> Cut(byte[] bytes) =>
        Sequences.Cut(bytes, [.. Enumerable.Range(1, Math.Max(0, (bytes.Length - 1) / 7)).Select(i => i * 7)]);

    private static string Text(ReadOnlySequence<byte> utf8) => Encoding.UTF8.GetString(utf8);
}
