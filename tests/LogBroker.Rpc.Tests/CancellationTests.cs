using LogBroker.Rpc.Server;
using LogBroker.Rpc.Tests.Interop;
using Microsoft.Extensions.Time.Testing;

namespace LogBroker.Rpc.Tests;

/// <summary>Cancellation and deadlines, from both ends.</summary>
public sealed class CancellationTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    [Theory]
    [InlineData("dispose")]
    [InlineData("token")]
    [InlineData("read")]
    [InlineData("deadline")]
    public async Task TheClientEndsTheCallAndTheHandlerHearsIt(string how)
    {
        var begun = new TaskCompletionSource();
        var ended = new TaskCompletionSource<Exception>();
        await using var server = await TestServer.StartAsync(services: s => s.Duplex(
            TestServiceMethods.FullDuplexCall,
            async (requests, responses, context) =>
            {
                await responses.WriteAsync(new StreamingOutputCallResponse());
                begun.SetResult();
                try
                {
                    await requests.MoveNext(context.CancellationToken);
                }
                catch (Exception exception)
                {
                    ended.SetResult(exception);
                    throw;
                }
            }));
        using var token = new CancellationTokenSource();
        using var readToken = new CancellationTokenSource();
        var timeout = how == "deadline" ? TimeSpan.FromMilliseconds(200) : TimeSpan.FromMinutes(5);
        using var call = server.Channel.Duplex(
            TestServiceMethods.FullDuplexCall, new CallOptions(timeout: timeout, cancellationToken: token.Token));
        Assert.True(await call.ResponseStream.MoveNext());
        await begun.Task;
        var read = call.ResponseStream.MoveNext(readToken.Token).AsTask();
        switch (how)
        {
            case "dispose":
                call.Dispose();
                break;
            case "token":
                token.Cancel();
                break;
            case "read":
                readToken.Cancel();
                break;
        }
        if (how == "read")
        {
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => read.WaitAsync(Patience));
        }
        else
        {
            var exception = await Assert.ThrowsAsync<RpcException>(() => read.WaitAsync(Patience));
            Assert.Equal(how == "deadline" ? StatusCode.DeadlineExceeded : StatusCode.Cancelled, exception.StatusCode);
        }
        Assert.IsType<OperationCanceledException>(await ended.Task.WaitAsync(Patience), exactMatch: false);
    }

    [Fact]
    public async Task TheServersClockEndsTheCallAtItsDeadline()
    {
        var time = new FakeTimeProvider();
        var begun = new TaskCompletionSource();
        await using var server = await TestServer.StartAsync(new GrpcServerOptions { TimeProvider = time }, s => s.Unary(
            TestServiceMethods.EmptyCall,
            async (_, context) =>
            {
                begun.SetResult();
                await new TaskCompletionSource().Task.WaitAsync(context.CancellationToken);
                return new Empty();
            }));
        using var call = server.Channel.Unary(
            TestServiceMethods.EmptyCall, new Empty(), new CallOptions(timeout: TimeSpan.FromMinutes(10)));
        await begun.Task.WaitAsync(Patience);
        time.Advance(TimeSpan.FromMinutes(10));
        var exception = await Assert.ThrowsAsync<RpcException>(() => call.ResponseAsync.WaitAsync(Patience));
        Assert.Equal(StatusCode.DeadlineExceeded, exception.StatusCode);
    }

    [Fact]
    public async Task AHandlerThatIgnoresItsDeadlineIsCutOff()
    {
        var release = new TaskCompletionSource();
        await using var server = await TestServer.StartAsync(
            new GrpcServerOptions { CancelledCallGrace = TimeSpan.FromMilliseconds(50) },
            s => s.Unary(TestServiceMethods.EmptyCall, async (_, _) =>
            {
                await release.Task;
                return new Empty();
            }));
        // A client that only tells its deadline to the server.
        using var raw = await RawHttp2.OpenAsync(server.Port);
        await raw.SendFrameAsync(
            RawHttp2.Headers, RawHttp2.EndHeaders, 1,
            RawHttp2.RequestHeaders("/grpc.testing.TestService/EmptyCall", ("grpc-timeout", "50m")));
        await raw.SendFrameAsync(RawHttp2.Data, RawHttp2.EndStream, 1, RawHttp2.Message(0, 0, []));
        var frame = await raw.ReadUntilAsync(static (_, _, stream) => stream == 1);
        Assert.Equal(RawHttp2.RstStream, frame!.Value.Type);
        release.SetResult();
    }

    [Fact]
    public async Task AMalformedTimeoutIsRefused()
    {
        await using var server = await TestServer.StartAsync();
        using var raw = await RawHttp2.OpenAsync(server.Port);
        await raw.SendFrameAsync(
            RawHttp2.Headers, RawHttp2.EndHeaders, 1,
            RawHttp2.RequestHeaders("/grpc.testing.TestService/EmptyCall", ("grpc-timeout", "soon")));
        var frame = await raw.ReadUntilAsync(static (_, _, stream) => stream == 1);
        Assert.Contains("Malformed grpc-timeout 'soon'", HpackText.Decode(frame!.Value.Payload));
    }

    [Fact]
    public async Task ALostConnectionCancelsTheHandlerAndEndsTheClient()
    {
        var begun = new TaskCompletionSource<ServerCallContext>();
        var lost = new TaskCompletionSource();
        await using var server = await TestServer.StartAsync(services: s => s.Duplex(
            TestServiceMethods.FullDuplexCall,
            async (requests, _, context) =>
            {
                context.CancellationToken.Register(lost.SetResult);
                begun.SetResult(context);
                await requests.MoveNext();
            }));
        using (var raw = await RawHttp2.OpenAsync(server.Port))
        {
            await raw.SendFrameAsync(
                RawHttp2.Headers, RawHttp2.EndHeaders, 1, RawHttp2.RequestHeaders(TestServiceMethods.FullDuplexCall.FullName));
            await begun.Task.WaitAsync(Patience);
        }
        await lost.Task.WaitAsync(Patience);
    }

    [Fact]
    public async Task AClientThatDoesNotReadIsCutOffAtTheWriteTimeout()
    {
        var ended = new TaskCompletionSource<Exception>();
        await using var server = await TestServer.StartAsync(
            new GrpcServerOptions { MessageWriteTimeout = TimeSpan.FromMilliseconds(200) },
            s => s.ServerStreaming(TestServiceMethods.StreamingOutputCall, async (_, responses, _) =>
            {
                var response = new StreamingOutputCallResponse
                {
                    Payload = new Payload { Body = Google.Protobuf.ByteString.CopyFrom(new byte[1 << 20]) },
                };
                try
                {
                    while (true)
                        await responses.WriteAsync(response);
                }
                catch (Exception exception)
                {
                    ended.SetResult(exception);
                    throw;
                }
            }));
        using var raw = await RawHttp2.OpenAsync(server.Port);
        await raw.SendFrameAsync(
            RawHttp2.Headers, RawHttp2.EndHeaders, 1, RawHttp2.RequestHeaders(TestServiceMethods.StreamingOutputCall.FullName));
        await raw.SendFrameAsync(RawHttp2.Data, RawHttp2.EndStream, 1, RawHttp2.Message(0, 0, []));
        Assert.IsType<OperationCanceledException>(await ended.Task.WaitAsync(Patience), exactMatch: false);
        Assert.NotNull(await raw.ReadUntilAsync(static (type, _, stream) => type == RawHttp2.RstStream && stream == 1));
    }

    [Fact]
    public async Task AStreamWithoutMessagesEndsAtTheIdleTimeout()
    {
        await using var server = await TestServer.StartAsync(new GrpcServerOptions { StreamIdleTimeout = TimeSpan.FromMilliseconds(100) });
        using var call = server.Channel.Duplex(TestServiceMethods.FullDuplexCall);
        var exception = await Assert.ThrowsAsync<RpcException>(() => call.ResponseStream.MoveNext().AsTask().WaitAsync(Patience));
        Assert.Equal(StatusCode.Cancelled, exception.StatusCode);
        Assert.Contains("No request message", exception.Status.Detail);
    }

    [Fact]
    public async Task AServerThatEndsEarlyTellsItsStatusToTheWriter()
    {
        await using var server = await TestServer.StartAsync(services: s => s.ClientStreaming(
            TestServiceMethods.StreamingInputCall,
            static (_, _) => throw new RpcException(new Status(StatusCode.PermissionDenied, "not you"))));
        using var call = server.Channel.ClientStreaming(TestServiceMethods.StreamingInputCall);
        var exception = await Assert.ThrowsAsync<RpcException>(() => call.ResponseAsync.WaitAsync(Patience));
        Assert.Equal(StatusCode.PermissionDenied, exception.StatusCode);
        var write = await Assert.ThrowsAsync<RpcException>(
            () => call.RequestStream.WriteAsync(new StreamingInputCallRequest()).AsTask());
        Assert.Equal(StatusCode.PermissionDenied, write.StatusCode);
    }

    [Fact]
    public async Task AWriterWaitsForAServerThatDoesNotRead()
    {
        var read = new TaskCompletionSource();
        await using var server = await TestServer.StartAsync(services: s => s.ClientStreaming(
            TestServiceMethods.StreamingInputCall,
            async (requests, _) =>
            {
                await read.Task;
                var count = 0;
                while (await requests.MoveNext())
                    count++;
                return new StreamingInputCallResponse { AggregatedPayloadSize = count };
            }));
        using var call = server.Channel.ClientStreaming(TestServiceMethods.StreamingInputCall);
        var request = new StreamingInputCallRequest
        {
            Payload = new Payload { Body = Google.Protobuf.ByteString.CopyFrom(new byte[1 << 20]) },
        };
        var writes = Task.Run(async () =>
        {
            for (var i = 0; i < 10; i++)
                await call.RequestStream.WriteAsync(request);
            await call.RequestStream.CompleteAsync();
        });
        await Assert.ThrowsAsync<TimeoutException>(() => writes.WaitAsync(TimeSpan.FromMilliseconds(200)));
        read.SetResult();
        await writes.WaitAsync(Patience);
        Assert.Equal(10, (await call.ResponseAsync.WaitAsync(Patience)).AggregatedPayloadSize);
    }
}
