using System.Buffers;
using Google.Protobuf;
using LogBroker.Cluster;
using LogBroker.Protocol;
using LogBroker.Raft;
using LogBroker.Rpc;
using LogBroker.Server;
using Wire = LogBroker.Protocol.Peer.V1;

namespace LogBroker.Peers.Tests;

/// <summary>Frames as bytes and back.</summary>
public sealed class FrameTests
{
    private static readonly PeerFrameMarshaller Marshaller = new();

    [Fact]
    public void Every_message_is_read_as_it_was_written_and_as_the_generated_parser_reads_it()
    {
        foreach (var message in PeerSamples.Questions.Concat(PeerSamples.Answers))
        {
            byte[] bytes = Write(PeerFrame.Of(message));
            PeerSamples.Same(message, Marshaller.Deserialize(new ReadOnlySequence<byte>(bytes)).Message!);
            var generated = Wire.PeerFrame.Parser.ParseFrom(bytes);
            Assert.Equal(bytes, generated.ToByteArray());
            Assert.Equal((int)PeerFrame.Of(message).Kind, (int)generated.FrameCase);
        }
    }

    [Fact]
    public void A_reset_and_a_readmission_bring_bytes_and_other_answers_without_items_do_not()
    {
        foreach (var answer in PeerSamples.Answers.OfType<PartitionMessage>().Where(a => a.Message is FetchResult))
        {
            byte[] bytes = Write(PeerFrame.Of(answer with { Items = FakeSlice.Random(300) }));
            if (((FetchResult)answer.Message).Outcome is FetchOutcome.Items or FetchOutcome.Reset)
            {
                var read = Marshaller.Deserialize(new ReadOnlySequence<byte>(bytes));
                var message = (PartitionMessage)read.Message!;
                Assert.NotNull(message.Received);
                PeerSamples.Same(answer, message with { Received = null });
                read.Release();
            }
            else
            {
                Assert.Throws<RpcException>(() => Marshaller.Deserialize(new ReadOnlySequence<byte>(bytes)));
            }
        }
    }

    [Fact]
    public void Random_and_mutated_bytes_are_read_or_refused_in_one_way()
    {
        byte[][] seeds =
        [
            .. PeerSamples.Questions.Concat(PeerSamples.Answers).Select(m => Write(PeerFrame.Of(m))),
            Write(PeerFrame.Of(PeerSamples.Answer(FakeSlice.Random(300)))),
            new Wire.PeerFrame { Hello = new Wire.Hello { FormatVersion = 1, NodeId = 2, Nonce = ByteString.CopyFrom(new byte[32]) } }
                .ToByteArray(),
            new Wire.PeerFrame { Proof = new Wire.Proof { Mac = ByteString.CopyFrom(new byte[32]) } }.ToByteArray(),
            new Wire.PeerFrame { Accepted = new Wire.Accepted() }.ToByteArray(),
            new Wire.PeerFrame { ClusterJoined = new Wire.ClusterJoined { ClusterId = ByteString.CopyFrom(new byte[16]) } }.ToByteArray(),
        ];
        var random = new Random(17);
        int read = 0;
        int refused = 0;
        for (int i = 0; i < 40_000; i++)
        {
            byte[] bytes = Mutate(seeds[random.Next(seeds.Length)], random);
            try
            {
                Marshaller.Deserialize(new ReadOnlySequence<byte>(bytes)).Release();
                read++;
            }
            catch (RpcException e)
            {
                Assert.NotNull(PeerNonsense.In(e));
                refused++;
            }
        }

        Assert.True(read > 4_000 && refused > 4_000, $"{read} read, {refused} refused");
    }

    [Theory]
    [InlineData(-1, 0, 0, 0)]
    [InlineData(0, -1, 0, 0)]
    [InlineData(0, 0, -1, 0)]
    [InlineData(0, 0, 0, -1)]
    public void Negative_numbers_are_refused(int partition, int epoch, long offset, long round)
    {
        var fetch = new PeerFetch(
            PeerSamples.Partition with { Index = partition }, PeerSamples.Directory, new Epoch(epoch), default,
            new LogPosition(Epoch.None, new Offset(offset)), Offset.Zero, round, true, true);
        var bytes = new byte[PeerFetchCodec.SizeOf(fetch)];
        PeerFetchCodec.Write(fetch, bytes);
        var refused = Assert.Throws<RpcException>(() => Marshaller.Deserialize(new ReadOnlySequence<byte>(bytes)));
        Assert.NotNull(PeerNonsense.In(refused));
    }

    [Fact]
    public void Votes_do_not_wait_behind_items()
    {
        var outbox = new PeerOutbox(10);
        var slice = FakeSlice.Random(100);
        Assert.True(outbox.TryAdd(PeerFrame.Of(PeerSamples.Answer(slice))));
        Assert.True(outbox.TryAdd(PeerFrame.Of(PeerSamples.VoteResult)));
        Assert.Equal(100, outbox.ItemsBytes);
        Assert.True(outbox.TryTake(out var first));
        Assert.Same(PeerSamples.VoteResult, first.Message);
        Assert.True(outbox.TryTake(out var second));
        Assert.Equal(100, second.ItemsBytes);
        Assert.True(outbox.Written(100, 1000));
        Assert.Equal(0, outbox.ItemsBytes);
        Assert.False(outbox.TryTake(out _));
    }

    [Fact]
    public void A_closed_outbox_gives_back_what_waits_and_what_comes()
    {
        var outbox = new PeerOutbox(10);
        var waiting = FakeSlice.Random(100);
        outbox.TryAdd(PeerFrame.Of(PeerSamples.Answer(waiting)));
        Assert.True(outbox.Close());
        Assert.False(outbox.Close());
        var late = FakeSlice.Random(100);
        Assert.True(outbox.TryAdd(PeerFrame.Of(PeerSamples.Answer(late))));
        Assert.Equal((1, 1, 0L), (waiting.Disposed, late.Disposed, outbox.ItemsBytes));
    }

    [Fact]
    public void A_full_outbox_gives_back_what_it_does_not_take()
    {
        var outbox = new PeerOutbox(1);
        var slice = FakeSlice.Random(100);
        Assert.True(outbox.TryAdd(PeerFrame.Of(PeerSamples.VoteResult)));
        Assert.False(outbox.TryAdd(PeerFrame.Of(PeerSamples.Answer(slice))));
        Assert.Equal(1, slice.Disposed);
    }

    private static byte[] Write(PeerFrame frame)
    {
        var output = new ArrayBufferWriter<byte>();
        Marshaller.Serialize(frame, output);
        Assert.Equal(Marshaller.GetSize(frame), output.WrittenCount);
        return output.WrittenSpan.ToArray();
    }

    private static byte[] Mutate(byte[] seed, Random random)
    {
        if (random.Next(20) == 0)
        {
            var nonsense = new byte[random.Next(200)];
            random.NextBytes(nonsense);
            return nonsense;
        }

        byte[] bytes = [.. seed];
        for (int i = random.Next(1, 4); i > 0 && bytes.Length > 0; i--)
        {
            int at = random.Next(bytes.Length);
            switch (random.Next(4))
            {
                case 0:
                    bytes[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 1:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 2:
                    bytes = bytes[..at];
                    break;
                default:
                    bytes = [.. bytes[..at], (byte)random.Next(256), .. bytes[at..]];
                    break;
            }
        }

        return bytes;
    }
}
