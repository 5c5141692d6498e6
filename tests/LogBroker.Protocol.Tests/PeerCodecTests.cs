using System.Buffers;
using FsCheck;
using FsCheck.Fluent;
using Google.Protobuf;
using Wire = LogBroker.Protocol.Peer.V1;

namespace LogBroker.Protocol.Tests;

/// <summary>The hand codecs of frames between nodes are equal to the generated ones: same bytes out, same fields in.</summary>
public sealed class PeerCodecTests
{
    private const int Runs = 500;

    private static readonly Gen<Guid> Ids =
        Gen.Frequency((1, Gen.Constant(Guid.Empty)), (5, Gen.Choose(0, int.MaxValue).Select(seed => IdOf(seed))));

    private static readonly Gen<PartitionId> Partitions =
        from topic in Ids
        from index in Samples.Ints
        select new PartitionId(new TopicId(topic), index);

    private static readonly Gen<LogPosition> Positions =
        from epoch in Samples.Ints
        from offset in Samples.Longs
        select new LogPosition(new Epoch(epoch), new Offset(offset));

    private static readonly Gen<bool> Flags = Gen.Elements(false, true);

    private static readonly Gen<PeerFetch> Fetches =
        from partition in Partitions
        from directory in Ids
        from epoch in Samples.Ints
        from appended in Positions
        from durable in Positions
        from watermark in Samples.Longs
        from round in Samples.Longs
        from readmitted in Flags
        from wants in Flags
        select new PeerFetch(
            partition, new DirectoryId(directory), new Epoch(epoch), appended, durable, new Offset(watermark), round, readmitted, wants);

    private static readonly Gen<PeerFetchAnswer> Answers =
        from partition in Partitions
        from directory in Ids
        from epoch in Samples.Ints
        from outcome in Samples.Ints
        from echoed in Positions
        from requester in Ids
        from target in Positions
        from round in Samples.Longs
        from watermark in Samples.Longs
        from start in Samples.Longs
        from leader in Samples.Ints
        from readmit in Flags
        select new PeerFetchAnswer(
            partition, new DirectoryId(directory), new Epoch(epoch), (Wire.FetchAnswer.Types.Outcome)outcome, echoed,
            new DirectoryId(requester), target, round, new Offset(watermark), new Offset(start), new NodeId(leader), readmit);

    private static readonly Gen<PeerHeartbeat> Heartbeats =
        from sequence in Samples.Longs
        from boot in Ids
        from echo in Samples.Longs
        from digest in Samples.Longs
        from count in Samples.Ints
        from leaving in Flags
        select new PeerHeartbeat(sequence, boot, echo, unchecked((ulong)digest), count, leaving);

    [Fact]
    public void Fetches_are_written_and_read_as_the_generated_codec_does() =>
        Samples.Holds(Fetches, fetch =>
        {
            var bytes = new byte[PeerFetchCodec.SizeOf(fetch)];
            PeerFetchCodec.Write(fetch, bytes);
            return bytes.SequenceEqual(new Wire.PeerFrame { Fetch = Generated(fetch) }.ToByteArray())
                && PeerFrameCodec.TryOpen(Cut(bytes), out PeerFrameKind kind, out ReadOnlySequence<byte> body)
                && kind == PeerFrameKind.Fetch
                && PeerFetchCodec.TryParse(body, out PeerFetch read)
                && read == fetch;
        }).Check(Runs);

    [Fact]
    public void Answers_are_written_and_read_as_the_generated_codec_does() =>
        Samples.Holds(Answers.SelectMany(a => Samples.Bytes.Select(b => (Answer: a, Items: b))), sample =>
        {
            (PeerFetchAnswer answer, byte[] items) = sample;
            bool isIntact = items.Length % 2 == 0;
            byte[] bytes = Written(answer, items, isIntact);
            return bytes.SequenceEqual(new Wire.PeerFrame { FetchAnswer = Generated(answer, items, isIntact) }.ToByteArray())
                && PeerFrameCodec.TryOpen(Cut(bytes), out PeerFrameKind kind, out ReadOnlySequence<byte> body)
                && kind == PeerFrameKind.FetchAnswer
                && PeerFetchAnswerCodec.TryParse(body, out PeerFetchAnswer read, out ReadOnlySequence<byte> readItems, out bool readIntact)
                && read == answer
                && readItems.ToArray().SequenceEqual(items)
                && readIntact == (isIntact && items.Length > 0);
        }).Check(Runs);

    [Fact]
    public void Heartbeats_are_written_and_read_as_the_generated_codec_does() =>
        Samples.Holds(Heartbeats, heartbeat =>
        {
            var bytes = new byte[PeerHeartbeatCodec.SizeOf(heartbeat)];
            PeerHeartbeatCodec.Write(heartbeat, bytes);
            return bytes.SequenceEqual(new Wire.PeerFrame { Heartbeat = Generated(heartbeat) }.ToByteArray())
                && PeerFrameCodec.TryOpen(Cut(bytes), out PeerFrameKind kind, out ReadOnlySequence<byte> body)
                && kind == PeerFrameKind.Heartbeat
                && PeerHeartbeatCodec.TryParse(body, out PeerHeartbeat read)
                && read == heartbeat;
        }).Check(Runs);

    [Fact]
    public void Members_of_any_fields_are_read_as_the_generated_codec_does() =>
        Samples.Holds(Samples.Fields, Agrees).Check(4 * Runs);

    [Fact]
    public void Random_and_mutated_bytes_never_throw()
    {
        var random = new Random(23);
        byte[][] seeds =
        [
            .. Fetches.Sample(20).Select(f => Generated(f).ToByteArray()),
            .. Answers.Sample(20).Select(a => Generated(a, [1, 2, 3], true).ToByteArray()),
            .. Heartbeats.Sample(20).Select(h => Generated(h).ToByteArray()),
        ];
        for (int i = 0; i < 8_000; i++)
        {
            byte[] bytes = Mutations.Of(seeds[random.Next(seeds.Length)], random);
            Assert.True(Agrees(bytes));
            PeerFrameCodec.TryOpen(Cut(bytes), out _, out _);
        }
    }

    [Fact]
    public void A_frame_has_exactly_one_known_member()
    {
        byte[] one = new Wire.PeerFrame { LedAsked = new Wire.LedAsked() }.ToByteArray();
        Assert.True(PeerFrameCodec.TryOpen(new ReadOnlySequence<byte>(one), out PeerFrameKind kind, out _));
        Assert.Equal(PeerFrameKind.LedAsked, kind);
        byte[][] bad = [[], [.. one, .. one], [.. one, 0], [0x8A, 1, 0], [8, 1], one[..1]];
        Assert.All(bad, bytes => Assert.False(PeerFrameCodec.TryOpen(new ReadOnlySequence<byte>(bytes), out _, out _)));
        Assert.Equal(
            Enum.GetValues<PeerFrameKind>().Select(k => (int)k), Enum.GetValues<Wire.PeerFrame.FrameOneofCase>().Select(k => (int)k));
    }

    private static byte[] Written(in PeerFetchAnswer answer, byte[] items, bool isIntact)
    {
        var bytes = new byte[PeerFetchAnswerCodec.SizeOf(answer, items.Length)];
        int headBytes = PeerFetchAnswerCodec.HeadBytes(answer, items.Length);
        PeerFetchAnswerCodec.WriteHead(answer, items.Length, bytes.AsSpan(0, headBytes));
        items.CopyTo(bytes, headBytes);
        PeerFetchAnswerCodec.WriteTail(isIntact, bytes.AsSpan(headBytes + items.Length));
        return bytes;
    }

    /// <summary>What both take has the same fields in both; ours refuses ids of a wrong size, and looks less closely elsewhere.</summary>
    private static bool Agrees(byte[] bytes)
    {
        bool isFetch = PeerFetchCodec.TryParse(Cut(bytes), out PeerFetch fetch);
        bool isAnswer = PeerFetchAnswerCodec.TryParse(
            Cut(bytes), out PeerFetchAnswer answer, out ReadOnlySequence<byte> items, out bool isIntact);
        bool isHeartbeat = PeerHeartbeatCodec.TryParse(Cut(bytes), out PeerHeartbeat heartbeat);
        return Same(isFetch, Parsed(Wire.Fetch.Parser, bytes), f => Equals(Normal(f), Generated(fetch)))
            && Same(isAnswer, Parsed(Wire.FetchAnswer.Parser, bytes), a =>
            {
                Wire.FetchAnswer ours = Generated(answer, items.ToArray(), isIntact);
                ours.ClearItemsIntact();
                bool isSameFlag = isIntact == a.ItemsIntact;
                a.ClearItemsIntact();
                return isSameFlag && Equals(Normal(a), ours);
            })
            && Same(isHeartbeat, Parsed(Wire.Heartbeat.Parser, bytes), h => Equals(Normal(h), Generated(heartbeat)));
    }

    private static bool Same<T>(bool isOurs, T? generated, Func<T, bool> isSame)
        where T : class => !isOurs || generated is null || isSame(generated);

    private static T? Parsed<T>(MessageParser<T> parser, byte[] bytes)
        where T : class, IMessage<T>
    {
        try
        {
            return parser.WithDiscardUnknownFields(true).ParseFrom(bytes);
        }
        catch (InvalidProtocolBufferException)
        {
            return null;
        }
    }

    private static Wire.Fetch Normal(Wire.Fetch f)
    {
        f.TopicId = Normal(f.TopicId);
        f.DirectoryId = Normal(f.DirectoryId);
        return f;
    }

    private static Wire.FetchAnswer Normal(Wire.FetchAnswer a)
    {
        a.TopicId = Normal(a.TopicId);
        a.DirectoryId = Normal(a.DirectoryId);
        a.RequesterDirectoryId = Normal(a.RequesterDirectoryId);
        return a;
    }

    private static Wire.Heartbeat Normal(Wire.Heartbeat h)
    {
        h.EchoBootId = Normal(h.EchoBootId);
        return h;
    }

    /// <summary>Sixteen zeros are an absent id.</summary>
    private static ByteString Normal(ByteString id) => id.All(b => b == 0) ? ByteString.Empty : id;

    private static Wire.Fetch Generated(PeerFetch f) => new()
    {
        TopicId = Bytes(f.Partition.Topic.Value),
        Partition = f.Partition.Index,
        DirectoryId = Bytes(f.Directory.Value),
        Epoch = f.Epoch.Value,
        AppendedEpoch = f.Appended.Epoch.Value,
        AppendedOffset = f.Appended.Offset.Value,
        DurableEpoch = f.Durable.Epoch.Value,
        DurableOffset = f.Durable.Offset.Value,
        HighWatermark = f.HighWatermark.Value,
        SeenRound = f.SeenRound,
        Readmitted = f.IsReadmitted,
        WantsItems = f.WantsItems,
    };

    private static Wire.FetchAnswer Generated(PeerFetchAnswer a, byte[] items, bool isIntact)
    {
        var answer = new Wire.FetchAnswer
        {
            TopicId = Bytes(a.Partition.Topic.Value),
            Partition = a.Partition.Index,
            DirectoryId = Bytes(a.Directory.Value),
            Epoch = a.Epoch.Value,
            Outcome = a.Outcome,
            EchoedEpoch = a.Echoed.Epoch.Value,
            EchoedOffset = a.Echoed.Offset.Value,
            RequesterDirectoryId = Bytes(a.RequesterDirectory.Value),
            TargetEpoch = a.Target.Epoch.Value,
            TargetOffset = a.Target.Offset.Value,
            Round = a.Round,
            HighWatermark = a.HighWatermark.Value,
            LogStart = a.LogStart.Value,
            Leader = a.Leader.Value,
            Readmit = a.Readmit,
            Items = ByteString.CopyFrom(items),
        };
        if (items.Length > 0)
        {
            answer.ItemsIntact = isIntact;
        }

        return answer;
    }

    private static Wire.Heartbeat Generated(PeerHeartbeat h) => new()
    {
        Sequence = h.Sequence,
        EchoBootId = Bytes(h.EchoBoot),
        EchoSequence = h.EchoSequence,
        LedDigest = h.LedDigest,
        LedCount = h.LedCount,
        Leaving = h.IsLeaving,
    };

    private static ByteString Bytes(Guid id) => id == Guid.Empty ? ByteString.Empty : ByteString.CopyFrom(id.ToByteArray(bigEndian: true));

    private static Guid IdOf(int seed)
    {
        var bytes = new byte[16];
        new Random(seed).NextBytes(bytes);
        return new Guid(bytes);
    }

    private static ReadOnlySequence<byte> Cut(byte[] bytes) =>
        Sequences.Cut(bytes, [.. Enumerable.Range(1, Math.Max(0, (bytes.Length - 1) / 7)).Select(i => i * 7)]);
}
