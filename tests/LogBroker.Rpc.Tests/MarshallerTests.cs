using System.Collections.Concurrent;

namespace LogBroker.Rpc.Tests;

/// <summary>What own codecs are promised: sizes, pieces, and one release per message whatever happens.</summary>
public sealed class MarshallerTests
{
    [Fact]
    public async Task EveryMessageOfAUnaryCallIsReleasedOnce()
    {
        var method = TrackedMarshaller.Method(MethodType.Unary);
        var sent = new ConcurrentQueue<TrackedMessage>();
        await using var server = await TestServer.StartAsync(services: s => s.Unary(method, (request, context) =>
        {
            var response = new TrackedMessage(request.Bytes);
            sent.Enqueue(response);
            if (request.Bytes[0] == 1)
                context.Status = new Status(StatusCode.NotFound, "no");
            return new ValueTask<TrackedMessage>(response);
        }));
        foreach (var (bytes, code) in new (byte[], StatusCode)[]
        {
            ([0], StatusCode.OK), ([1], StatusCode.NotFound), ([TrackedMarshaller.Fails + 1], StatusCode.OK),
        })
        {
            var request = new TrackedMessage(bytes);
            using var call = server.Channel.Unary(method, request);
            await Task.WhenAny(call.ResponseAsync);
            Assert.Equal(code, call.GetStatus().StatusCode);
            Assert.Equal(1, request.Releases);
        }
        Assert.Equal(3, sent.Count);
        Assert.All(sent, static response => Assert.Equal(1, response.Releases));
    }

    [Fact]
    public async Task ARequestThatCannotBeWrittenIsReleasedAndThrows()
    {
        var method = TrackedMarshaller.Method(MethodType.Unary);
        await using var server = await TestServer.StartAsync(
            services: s => s.Unary(method, static (request, _) => new ValueTask<TrackedMessage>(request)),
            channel: new GrpcChannelOptions { SendBytesMax = 10 });
        var fails = new TrackedMessage([TrackedMarshaller.Fails]);
        Assert.Throws<InvalidOperationException>(() => server.Channel.Unary(method, fails));
        var lies = new TrackedMessage([TrackedMarshaller.Lies]);
        Assert.Throws<InvalidOperationException>(() => server.Channel.Unary(method, lies));
        var large = new TrackedMessage(new byte[11]);
        Assert.Equal(StatusCode.ResourceExhausted, Assert.Throws<RpcException>(() => server.Channel.Unary(method, large)).StatusCode);
        Assert.Equal([1, 1, 1], new[] { fails, lies, large }.Select(static m => m.Releases));
    }

    [Theory]
    [InlineData(TrackedMarshaller.Fails)]
    [InlineData(TrackedMarshaller.Lies)]
    public async Task AResponseThatCannotBeWrittenCutsTheCallOffAndIsReleased(byte first)
    {
        var method = TrackedMarshaller.Method(MethodType.ServerStreaming);
        var good = new TrackedMessage([1]);
        var bad = new TrackedMessage([first]);
        var thrown = new TaskCompletionSource<Exception>();
        await using var server = await TestServer.StartAsync(services: s => s.ServerStreaming(method, async (_, responses, _) =>
        {
            await responses.WriteAsync(good);
            thrown.SetResult(await Assert.ThrowsAnyAsync<Exception>(() => responses.WriteAsync(bad).AsTask()));
        }));
        using var call = server.Channel.ServerStreaming(method, new TrackedMessage([]));
        var exception = await Assert.ThrowsAsync<RpcException>(async () =>
        {
            while (await call.ResponseStream.MoveNext())
                Assert.Equal([1], call.ResponseStream.Current.Bytes);
        });
        Assert.Equal(StatusCode.Internal, exception.StatusCode);
        Assert.IsType<InvalidOperationException>(await thrown.Task);
        Assert.Equal([1, 1], new[] { good, bad }.Select(static m => m.Releases));
    }

    [Fact]
    public async Task ALargeResponseCanGoOutInPieces()
    {
        var method = TrackedMarshaller.Method(MethodType.ServerStreaming, inPieces: true);
        var bytes = new byte[5_000_000];
        new Random(1).NextBytes(bytes);
        var responses = new ConcurrentQueue<TrackedMessage>();
        await using var server = await TestServer.StartAsync(
            services: s => s.ServerStreaming(method, async (_, writer, _) =>
            {
                for (var i = 0; i < 3; i++)
                {
                    var response = new TrackedMessage(bytes);
                    responses.Enqueue(response);
                    await writer.WriteAsync(response, WriteHint.Buffer);
                }
            }),
            channel: new GrpcChannelOptions { ReceiveBytesMax = 10_000_000 });
        using var call = server.Channel.ServerStreaming(method, new TrackedMessage([]));
        for (var i = 0; i < 3; i++)
        {
            Assert.True(await call.ResponseStream.MoveNext());
            Assert.Equal(bytes, call.ResponseStream.Current.Bytes);
        }
        Assert.False(await call.ResponseStream.MoveNext());
        Assert.All(responses, static response => Assert.Equal(1, response.Releases));
    }

    [Fact]
    public async Task WritesAfterTheEndReleaseTheirMessages()
    {
        var method = TrackedMarshaller.Method(MethodType.DuplexStreaming);
        await using var server = await TestServer.StartAsync(services: s => s.Duplex(method, static async (requests, _, _) =>
        {
            await requests.MoveNext();
            throw new RpcException(new Status(StatusCode.Aborted, "enough"));
        }));
        using var call = server.Channel.Duplex(method);
        await call.RequestStream.WriteAsync(new TrackedMessage([1]));
        var exception = await Assert.ThrowsAsync<RpcException>(() => call.ResponseStream.MoveNext().AsTask());
        Assert.Equal(StatusCode.Aborted, exception.StatusCode);
        var late = new TrackedMessage([2]);
        var write = await Assert.ThrowsAsync<RpcException>(() => call.RequestStream.WriteAsync(late).AsTask());
        Assert.Equal(StatusCode.Aborted, write.StatusCode);
        Assert.Equal(1, late.Releases);
    }

    [Fact]
    public async Task BufferedMessagesAreReadTogether()
    {
        var method = TrackedMarshaller.Method(MethodType.DuplexStreaming);
        await using var server = await TestServer.StartAsync(services: s => s.Duplex(method, static async (requests, responses, _) =>
        {
            while (await requests.MoveNext())
            {
                var bytes = new List<byte>(requests.Current.Bytes);
                while (requests.TryRead(out var more))
                    bytes.AddRange(more.Bytes);
                await responses.WriteAsync(new TrackedMessage([.. bytes]));
            }
        }));
        using var call = server.Channel.Duplex(method);
        for (byte i = 0; i < 10; i++)
            await call.RequestStream.WriteAsync(new TrackedMessage([i]), WriteHint.Buffer);
        await call.RequestStream.FlushAsync();
        await call.RequestStream.CompleteAsync();
        var all = new List<byte>();
        var responses = 0;
        while (await call.ResponseStream.MoveNext())
        {
            all.AddRange(call.ResponseStream.Current.Bytes);
            responses++;
        }
        Assert.Equal(Enumerable.Range(0, 10).Select(static i => (byte)i), all);
        Assert.True(responses < 10, $"{responses} reads for 10 messages sent together");
    }

    [Fact]
    public async Task BufferedResponsesAreReadTogether()
    {
        var method = TrackedMarshaller.Method(MethodType.ServerStreaming);
        await using var server = await TestServer.StartAsync(services: s => s.ServerStreaming(method, static async (_, responses, _) =>
        {
            for (byte i = 0; i < 10; i++)
                await responses.WriteAsync(new TrackedMessage([i]), WriteHint.Buffer);
            await responses.FlushAsync();
        }));
        using var call = server.Channel.ServerStreaming(method, new TrackedMessage([]));
        Assert.False(call.ResponseStream.TryRead(out _));
        Assert.True(await call.ResponseStream.MoveNext());
        Assert.Equal([0], call.ResponseStream.Current.Bytes);
        for (byte i = 1; i < 10; i++)
        {
            Assert.True(call.ResponseStream.TryRead(out var message));
            Assert.Equal([i], message.Bytes);
        }
        Assert.False(call.ResponseStream.TryRead(out _));
        Assert.False(await call.ResponseStream.MoveNext());
    }
}
