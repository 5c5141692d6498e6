using System.Buffers;

namespace LogBroker.Rpc.Tests;

/// <summary>Messages that are sent from where they stand, and responses that live on in the array in which they arrived.</summary>
public sealed class BodyMemoryTests
{
    private const byte HeadByte = 0x5a;

    [Theory]
    [InlineData(MethodType.Unary, 0)]
    [InlineData(MethodType.Unary, 100_000)]
    [InlineData(MethodType.DuplexStreaming, 0)]
    [InlineData(MethodType.DuplexStreaming, 1)]
    [InlineData(MethodType.DuplexStreaming, 8 * 1024)]
    [InlineData(MethodType.DuplexStreaming, 8 * 1024 + 1)]
    [InlineData(MethodType.DuplexStreaming, 700_000)]
    public async Task A_tail_of_any_size_arrives_behind_its_head_and_is_returned_whole(MethodType type, int tailBytes)
    {
        await using TestServer server = await StartEchoAsync(type);
        byte[] tail = new byte[tailBytes];
        new Random(tailBytes).NextBytes(tail);
        Taken response = await EchoAsync(server, type, tail);
        Assert.Equal([HeadByte, .. tail], response.Bytes.ToArray());
        response.Dispose();
    }

    /// <summary>What was taken must not change when later responses arrive, though they come over the same stream.</summary>
    [Fact]
    public async Task Responses_that_keep_their_array_stay_as_they_were_while_others_follow()
    {
        await using TestServer server = await StartEchoAsync(MethodType.DuplexStreaming);
        using AsyncDuplexStreamingCall<ReadOnlyMemory<byte>, Taken> call = server.Channel.Duplex(ClientMethod(MethodType.DuplexStreaming));
        var kept = new List<Taken>();
        for (byte i = 0; i < 20; i++)
        {
            byte[] tail = new byte[10 + (i * 3000)];
            Array.Fill(tail, i);
            await call.RequestStream.WriteAsync(tail, cancellationToken: TestContext.Current.CancellationToken);
        }

        await call.RequestStream.CompleteAsync();
        while (await call.ResponseStream.MoveNext(TestContext.Current.CancellationToken))
            kept.Add(call.ResponseStream.Current);
        Assert.Equal(20, kept.Count);
        for (byte i = 0; i < 20; i++)
        {
            Assert.Equal(11 + (i * 3000), kept[i].Bytes.Length);
            Assert.True(!kept[i].Bytes.Span[1..].ContainsAnyExcept(i));
            kept[i].Dispose();
        }
    }

    private static Task<TestServer> StartEchoAsync(MethodType type) => TestServer.StartAsync(services: services =>
    {
        Method<TrackedMessage, TrackedMessage> method = ServerMethod(type);
        if (type == MethodType.Unary)
        {
            services.Unary(method, static (request, _) => new ValueTask<TrackedMessage>(new TrackedMessage(request.Bytes)));
            return;
        }

        services.Duplex(method, static async (requests, responses, _) =>
        {
            while (await requests.MoveNext())
                await responses.WriteAsync(new TrackedMessage(requests.Current.Bytes));
        });
    });

    private static async Task<Taken> EchoAsync(TestServer server, MethodType type, byte[] tail)
    {
        if (type == MethodType.Unary)
        {
            using AsyncUnaryCall<Taken> unary = server.Channel.Unary(ClientMethod(type), tail);
            return await unary.ResponseAsync;
        }

        using AsyncDuplexStreamingCall<ReadOnlyMemory<byte>, Taken> call = server.Channel.Duplex(ClientMethod(type));
        await call.RequestStream.WriteAsync(tail, cancellationToken: TestContext.Current.CancellationToken);
        await call.RequestStream.CompleteAsync();
        Assert.True(await call.ResponseStream.MoveNext(TestContext.Current.CancellationToken));
        Taken response = call.ResponseStream.Current;
        Assert.False(await call.ResponseStream.MoveNext(TestContext.Current.CancellationToken));
        return response;
    }

    private static Method<TrackedMessage, TrackedMessage> ServerMethod(MethodType type) => TrackedMarshaller.Method(type);

    private static Method<ReadOnlyMemory<byte>, Taken> ClientMethod(MethodType type) =>
        new(type, "test.Tracked", $"{type}", new TailMarshaller(), new TakingMarshaller());

    private sealed class Taken(byte[] pooled, int start, int length) : IDisposable
    {
        public ReadOnlyMemory<byte> Bytes => pooled.AsMemory(start, length);

        public void Dispose() => ArrayPool<byte>.Shared.Return(pooled);
    }

    private sealed class TailMarshaller : Marshaller<ReadOnlyMemory<byte>>
    {
        public override int GetSize(ReadOnlyMemory<byte> message) => 1 + message.Length;

        public override void Serialize(ReadOnlyMemory<byte> message, IBufferWriter<byte> output) => output.Write([HeadByte]);

        public override ReadOnlyMemory<byte> TailOf(ReadOnlyMemory<byte> message) => message;

        public override ReadOnlyMemory<byte> Deserialize(in ReadOnlySequence<byte> body) => throw new NotSupportedException();
    }

    private sealed class TakingMarshaller : Marshaller<Taken>
    {
        public override bool TakesBody => true;

        public override int GetSize(Taken message) => throw new NotSupportedException();

        public override void Serialize(Taken message, IBufferWriter<byte> output) => throw new NotSupportedException();

        public override Taken Deserialize(in ReadOnlySequence<byte> body) => throw new NotSupportedException();

        public override Taken DeserializeTaken(byte[] pooled, int start, int length) => new(pooled, start, length);
    }
}
