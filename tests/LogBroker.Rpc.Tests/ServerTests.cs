using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using LogBroker.Rpc.Server;
using LogBroker.Rpc.Tests.Interop;

namespace LogBroker.Rpc.Tests;

/// <summary>Statuses, limits, observers and the stop of the server.</summary>
public sealed class ServerTests
{
    [Fact]
    public async Task StatusDetailsTravel()
    {
        var details = StatusDetails.Create(
            StatusCode.FailedPrecondition,
            "not the leader",
            new Google.Rpc.ErrorInfo { Reason = "NOT_LEADER", Domain = "logbroker", Metadata = { ["leader"] = "2" } },
            new Google.Rpc.RetryInfo { RetryDelay = new() { Seconds = 1 } });
        await using var server = await TestServer.StartAsync(services: s => s
            .Unary(TestServiceMethods.UnaryCall, (_, _) => throw new RpcException(details))
            .Unary(TestServiceMethods.CacheableUnaryCall, (_, context) =>
            {
                context.SetStatus(details);
                return new ValueTask<SimpleResponse>((SimpleResponse)null!);
            }));
        foreach (var method in new[] { TestServiceMethods.UnaryCall, TestServiceMethods.CacheableUnaryCall })
        {
            var exception = await FailsAsync(
                StatusCode.FailedPrecondition, server.Channel.Unary(method, new SimpleRequest()).ResponseAsync);
            Assert.Equal("not the leader", exception.Status.Detail);
            Assert.Equal(details, exception.RpcStatus);
            Assert.True(exception.TryGetDetail<Google.Rpc.ErrorInfo>(out var info));
            Assert.Equal("2", info.Metadata["leader"]);
            Assert.True(exception.TryGetDetail<Google.Rpc.RetryInfo>(out var retry));
            Assert.Equal(1, retry.RetryDelay.Seconds);
            Assert.False(exception.TryGetDetail<Google.Rpc.BadRequest>(out _));
        }
    }

    [Fact]
    public async Task AFailingHandlerTellsNothingToTheClientAndAllToTheLog()
    {
        var log = new RecordingLog();
        await using var server = await TestServer.StartAsync(
            log: log,
            services: static s => s.Unary(TestServiceMethods.EmptyCall, static (_, _) => throw new FormatException("secret")));
        var exception = await FailsAsync(StatusCode.Unknown, server.Channel.Unary(TestServiceMethods.EmptyCall, new Empty()).ResponseAsync);
        Assert.DoesNotContain("secret", exception.Status.Detail);
        Assert.Single(log.Lines, static line => line.Contains("/grpc.testing.TestService/EmptyCall failed"));
    }

    [Fact]
    public async Task ARequestThatDoesNotParseIsAnInvalidArgument()
    {
        await using var server = await TestServer.StartAsync();
        var raw = new Method<TrackedMessage, TrackedMessage>(
            MethodType.Unary, "grpc.testing.TestService", "UnaryCall", new TrackedMarshaller(), new TrackedMarshaller());
        await FailsAsync(StatusCode.InvalidArgument, server.Channel.Unary(raw, new TrackedMessage([0x0a, 0xff])).ResponseAsync);
    }

    [Fact]
    public async Task TooLargeMessagesAreRefusedBothWays()
    {
        await using var server = await TestServer.StartAsync(new GrpcServerOptions { ReceiveBytesMax = 1000, SendBytesMax = 2000 });
        var channel = server.Channel;
        var request = new SimpleRequest { Payload = new Payload { Body = Google.Protobuf.ByteString.CopyFrom(new byte[1000]) } };
        await FailsAsync(StatusCode.ResourceExhausted, channel.Unary(TestServiceMethods.UnaryCall, request).ResponseAsync);
        await FailsAsync(
            StatusCode.ResourceExhausted,
            channel.Unary(TestServiceMethods.UnaryCall, new SimpleRequest { ResponseSize = 2000 }).ResponseAsync);
        await using var small = GrpcChannel.ForAddress(server.Address, new GrpcChannelOptions { ReceiveBytesMax = 100 });
        await FailsAsync(
            StatusCode.ResourceExhausted,
            small.Unary(TestServiceMethods.UnaryCall, new SimpleRequest { ResponseSize = 101 }).ResponseAsync);
    }

    [Fact]
    public async Task OneCallTooManyIsRefusedAndServedLater()
    {
        await using var server = await TestServer.StartAsync(new GrpcServerOptions { CallsMax = 1 });
        using var first = server.Channel.Duplex(TestServiceMethods.FullDuplexCall);
        await PingAsync(first);
        Assert.Equal(1, server.Server.CallsInFlight);
        await FailsAsync(StatusCode.ResourceExhausted, server.Channel.Unary(TestServiceMethods.EmptyCall, new Empty()).ResponseAsync);
        await first.RequestStream.CompleteAsync();
        Assert.False(await first.ResponseStream.MoveNext());
        await server.Channel.Unary(TestServiceMethods.EmptyCall, new Empty());
    }

    [Fact]
    public async Task MoreStreamsThanAConnectionHoldsOpenAnother()
    {
        await using var server = await TestServer.StartAsync(new GrpcServerOptions { StreamsPerConnectionMax = 2 });
        var calls = new List<AsyncDuplexStreamingCall<StreamingOutputCallRequest, StreamingOutputCallResponse>>();
        for (var i = 0; i < 5; i++)
        {
            // One after the other: with its settings a new connection learns the limit, and a call before that may be refused.
            calls.Add(server.Channel.Duplex(TestServiceMethods.FullDuplexCall));
            await PingAsync(calls[i]).WaitAsync(TimeSpan.FromSeconds(20));
        }
        Assert.Equal(5, server.Server.CallsInFlight);
        calls.ForEach(static call => call.Dispose());
    }

    [Fact]
    public async Task TheContextKnowsItsCall()
    {
        var seen = new TaskCompletionSource<(string Peer, string Connection, TimeSpan Left, string Method, Metadata Headers)>();
        await using var server = await TestServer.StartAsync(services: s => s.Unary(TestServiceMethods.EmptyCall, (_, context) =>
        {
            var left = context.Deadline - DateTimeOffset.UtcNow;
            seen.SetResult((context.Peer, context.ConnectionId, left, context.Method.Name, context.RequestHeaders));
            return new ValueTask<Empty>(new Empty());
        }));
        var options = new CallOptions(new Metadata { { "a", "1" }, { "b-bin", [7] }, { "a", "2" } }, TimeSpan.FromMinutes(5));
        await server.Channel.Unary(TestServiceMethods.EmptyCall, new Empty(), options);
        var (peer, connection, left, method, headers) = await seen.Task;
        Assert.StartsWith("ipv4:127.0.0.1:", peer);
        Assert.NotEmpty(connection);
        Assert.InRange(left, TimeSpan.FromMinutes(4), TimeSpan.FromMinutes(5));
        Assert.Equal("EmptyCall", method);
        Assert.Equal("1, 2", string.Join(", ", headers.GetAll("a").Select(static e => e.Value)));
        Assert.Equal([7], headers.GetValueBytes("b-bin"));
        Assert.Null(headers.GetValue("grpc-timeout"));
        Assert.Null(headers.GetValue(":path"));
    }

    [Fact]
    public async Task TheObserverHearsEveryEnd()
    {
        var observer = new RecordingObserver();
        await using var server = await TestServer.StartAsync(new GrpcServerOptions { Observer = observer });
        var channel = server.Channel;
        await channel.Unary(TestServiceMethods.EmptyCall, new Empty());
        await FailsAsync(StatusCode.Unimplemented, channel.Unary(TestServiceMethods.UnimplementedCall, new Empty()).ResponseAsync);
        var bad = new SimpleRequest { ResponseStatus = new EchoStatus { Code = 5, Message = "none" } };
        await FailsAsync(StatusCode.NotFound, channel.Unary(TestServiceMethods.UnaryCall, bad).ResponseAsync);
        await server.Server.StopAsync(TimeSpan.FromSeconds(10));
        Assert.Equal(["EmptyCall", "UnaryCall"], observer.Started);
        Assert.Equal(["EmptyCall OK", "? Unimplemented", "UnaryCall NotFound"], observer.Ended);
        Assert.Equal(0, server.Server.CallsInFlight);
    }

    [Fact]
    public async Task ACallIsASpanOfTheCallersTrace()
    {
        var spans = new ConcurrentQueue<Activity>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = static source => source.Name is GrpcServer.ActivitySourceName or "test",
            Sample = static (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            ActivityStopped = spans.Enqueue,
        };
        ActivitySource.AddActivityListener(listener);
        using var source = new ActivitySource("test");
        await using (var server = await TestServer.StartAsync())
        {
            using var caller = source.StartActivity("caller");
            await server.Channel.Unary(TestServiceMethods.EmptyCall, new Empty());
            await server.Server.StopAsync(TimeSpan.FromSeconds(10));
        }
        var span = Assert.Single(spans, static s => s.Source.Name == GrpcServer.ActivitySourceName);
        Assert.Equal("grpc.testing.TestService/EmptyCall", span.DisplayName);
        Assert.Equal(spans.Single(static s => s.DisplayName == "caller").TraceId, span.TraceId);
        Assert.Equal(0, span.GetTagItem("rpc.grpc.status_code"));
    }

    [Fact]
    public async Task StoppingLetsCallsFinish()
    {
        await using var server = await TestServer.StartAsync();
        using var call = server.Channel.Duplex(TestServiceMethods.FullDuplexCall);
        await PingAsync(call);
        var stop = server.Server.StopAsync(TimeSpan.FromSeconds(20));
        await PingAsync(call);
        await call.RequestStream.CompleteAsync();
        Assert.False(await call.ResponseStream.MoveNext());
        await stop.WaitAsync(TimeSpan.FromSeconds(10));
        await FailsAsync(StatusCode.Unavailable, server.Channel.Unary(TestServiceMethods.EmptyCall, new Empty()).ResponseAsync);
    }

    [Fact]
    public async Task StoppingTellsHandlersAndCancelsThoseThatStay()
    {
        var told = new TaskCompletionSource();
        await using var server = await TestServer.StartAsync(services: s => s
            .Duplex(TestServiceMethods.FullDuplexCall, async (requests, responses, context) =>
            {
                context.Stopping.Register(told.SetResult);
                while (await requests.MoveNext(context.CancellationToken))
                    await responses.WriteAsync(new StreamingOutputCallResponse());
            }));
        using var call = server.Channel.Duplex(TestServiceMethods.FullDuplexCall);
        await PingAsync(call);
        var stop = server.Server.StopAsync(TimeSpan.FromMilliseconds(100));
        await told.Task.WaitAsync(TimeSpan.FromSeconds(20));
        var exception = await FailsAsync(StatusCode.Unavailable, call.ResponseStream.MoveNext().AsTask());
        Assert.Contains("stopping", exception.Status.Detail);
        await stop.WaitAsync(TimeSpan.FromSeconds(20));
        Assert.Equal(0, server.Server.CallsInFlight);
    }

    [Fact]
    public async Task SeveralEndPointsAreServedAndATakenPortIsAnError()
    {
        IPEndPoint[] endPoints = [new(IPAddress.Loopback, 0), new(IPAddress.Loopback, 0)];
        await using var server = await TestServer.StartAsync(new GrpcServerOptions { EndPoints = endPoints });
        Assert.Equal(2, server.Server.BoundEndPoints.Select(static e => e.Port).Distinct().Count());
        foreach (var endPoint in server.Server.BoundEndPoints)
        {
            await using var channel = GrpcChannel.ForAddress($"http://{endPoint}");
            await channel.Unary(TestServiceMethods.EmptyCall, new Empty());
        }
        await using var second = new GrpcServer(
            new GrpcServerOptions { EndPoints = [server.Server.BoundEndPoints[0]] }, new GrpcServices());
        var exception = await Assert.ThrowsAsync<IOException>(() => second.StartAsync());
        Assert.Contains($"{server.Port}", exception.Message);
    }

    [Fact]
    public void AMethodIsOfferedOnce()
    {
        var services = TestService.AddTo(new GrpcServices());
        Assert.Throws<ArgumentException>(() => TestService.AddTo(services));
        Assert.Equal(["grpc.testing.TestService"], services.Descriptors.Select(static d => d.FullName));
    }

    private static async Task PingAsync(AsyncDuplexStreamingCall<StreamingOutputCallRequest, StreamingOutputCallResponse> call)
    {
        await call.RequestStream.WriteAsync(
            new StreamingOutputCallRequest { ResponseParameters = { new ResponseParameters { Size = 1 } } });
        Assert.True(await call.ResponseStream.MoveNext());
    }

    private static async Task<RpcException> FailsAsync(StatusCode code, Task call)
    {
        var exception = await Assert.ThrowsAsync<RpcException>(() => call.WaitAsync(TimeSpan.FromSeconds(20)));
        Assert.True(code == exception.StatusCode, $"{code} expected: {exception}");
        return exception;
    }

    private sealed class RecordingObserver : IServerCallObserver
    {
        public ConcurrentQueue<string> Started { get; } = [];

        public ConcurrentQueue<string> Ended { get; } = [];

        public void CallStarted(Method method) => Started.Enqueue(method.Name);

        public void CallEnded(Method? method, StatusCode status, TimeSpan duration) => Ended.Enqueue($"{method?.Name ?? "?"} {status}");
    }
}
