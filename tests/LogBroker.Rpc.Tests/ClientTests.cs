using LogBroker.Rpc.Tests.Interop;

namespace LogBroker.Rpc.Tests;

/// <summary>What the client makes of servers that are wrong, slow, or gone.</summary>
public sealed class ClientTests
{
    private static readonly byte[] EmptyMessage = [0, 0, 0, 0, 0];

    [Theory]
    [InlineData(400, StatusCode.Internal)]
    [InlineData(401, StatusCode.Unauthenticated)]
    [InlineData(403, StatusCode.PermissionDenied)]
    [InlineData(404, StatusCode.Unimplemented)]
    [InlineData(418, StatusCode.Unknown)]
    [InlineData(429, StatusCode.Unavailable)]
    [InlineData(502, StatusCode.Unavailable)]
    [InlineData(503, StatusCode.Unavailable)]
    [InlineData(504, StatusCode.Unavailable)]
    public async Task HttpStatusesBecomeStatuses(int http, StatusCode code) => await AssertFailsAsync(code, context =>
    {
        context.Response.StatusCode = http;
        return Task.CompletedTask;
    });

    [Theory]
    [InlineData(0x0, StatusCode.Unavailable)]
    [InlineData(0x2, StatusCode.Internal)]
    [InlineData(0x8, StatusCode.Cancelled)]
    [InlineData(0xb, StatusCode.ResourceExhausted)]
    [InlineData(0xc, StatusCode.PermissionDenied)]
    public async Task ResetsBecomeStatuses(int error, StatusCode code) => await AssertFailsAsync(code, context =>
    {
        FakeServer.Reset(context, error);
        return Task.CompletedTask;
    });

    [Fact]
    public async Task AnotherContentTypeIsRefused()
    {
        var exception = await AssertFailsAsync(StatusCode.Unknown, context =>
        {
            context.Response.ContentType = "text/html";
            return Task.CompletedTask;
        });
        Assert.Contains("text/html", exception.Status.Detail);
    }

    [Fact]
    public async Task AnEncodingThatWasNotOfferedIsRefused() => await AssertFailsAsync(StatusCode.Internal, context =>
    {
        context.Response.Headers["grpc-encoding"] = "gzip";
        return FakeServer.Answer(EmptyMessage, "0")(context);
    });

    [Fact]
    public async Task BrokenBodiesAreRefused()
    {
        await AssertFailsAsync(StatusCode.Internal, FakeServer.Answer([1, 0, 0, 0, 0], "0"));
        await AssertFailsAsync(StatusCode.Internal, FakeServer.Answer([0, 0, 0, 0, 9, 1], "0"));
        await AssertFailsAsync(StatusCode.Internal, FakeServer.Answer([0, 0], "0"));
        await AssertFailsAsync(StatusCode.Internal, FakeServer.Answer([0, 0, 0, 0, 1, 0xff], "0"));
        await AssertFailsAsync(StatusCode.Internal, FakeServer.Answer([], "0"));
        await AssertFailsAsync(StatusCode.Internal, FakeServer.Answer([.. EmptyMessage, .. EmptyMessage], "0"));
    }

    [Fact]
    public async Task StatusesAreReadFromTrailers()
    {
        await AssertFailsAsync(StatusCode.Unknown, FakeServer.Answer(EmptyMessage, null));
        await AssertFailsAsync(StatusCode.Unknown, FakeServer.Answer(EmptyMessage, "abc"));
        await AssertFailsAsync(StatusCode.Unknown, FakeServer.Answer(EmptyMessage, "17"));
        await AssertFailsAsync(StatusCode.DataLoss, FakeServer.Answer(EmptyMessage, "15"));
    }

    [Fact]
    public async Task AHugeDeclaredLengthAllocatesNothing()
    {
        await using var server = await FakeServer.StartAsync(FakeServer.Answer([0, 0xff, 0xff, 0xff, 0xff, 1], "0"));
        await AssertFailsAsync(StatusCode.ResourceExhausted, server);
        var before = GC.GetTotalAllocatedBytes(precise: true);
        await AssertFailsAsync(StatusCode.ResourceExhausted, server);
        var allocated = GC.GetTotalAllocatedBytes(precise: true) - before;
        Assert.True(allocated < 1_000_000, $"{allocated} bytes were allocated");
    }

    [Fact]
    public async Task ALargeDeclaredLengthIsOnlyTrustedSoFar()
    {
        var options = new GrpcChannelOptions { ReceiveBytesMax = int.MaxValue };
        await using var server = await FakeServer.StartAsync(FakeServer.Answer([0, 0x7f, 0xff, 0xff, 0x00, 1], "0"), options);
        var before = GC.GetTotalAllocatedBytes(precise: true);
        await AssertFailsAsync(StatusCode.Internal, server);
        var allocated = GC.GetTotalAllocatedBytes(precise: true) - before;
        Assert.True(allocated < 4_000_000, $"{allocated} bytes were allocated");
    }

    [Fact]
    public async Task NobodyThereIsUnavailable()
    {
        await using var channel = GrpcChannel.ForAddress($"http://127.0.0.1:{Peers.FreePort()}");
        var exception = await Assert.ThrowsAsync<RpcException>(
            () => channel.Unary(TestServiceMethods.EmptyCall, new Empty()).ResponseAsync);
        Assert.Equal(StatusCode.Unavailable, exception.StatusCode);
        Assert.Contains("Cannot reach 127.0.0.1", exception.Status.Detail);

        using var duplex = channel.Duplex(TestServiceMethods.FullDuplexCall);
        var write = await Assert.ThrowsAsync<RpcException>(
            () => duplex.RequestStream.WriteAsync(new StreamingOutputCallRequest()).AsTask());
        Assert.Equal(StatusCode.Unavailable, write.StatusCode);
        var read = await Assert.ThrowsAsync<RpcException>(() => duplex.ResponseStream.MoveNext().AsTask());
        Assert.Equal(StatusCode.Unavailable, read.StatusCode);
    }

    [Fact]
    public async Task ASilentServerEndsWithTheDeadline()
    {
        await using var server = await FakeServer.StartAsync(static context =>
            new TaskCompletionSource().Task.WaitAsync(context.RequestAborted));
        using var call = server.Channel.Unary(
            TestServiceMethods.EmptyCall, new Empty(), new CallOptions(timeout: TimeSpan.FromMilliseconds(100)));
        var exception = await Assert.ThrowsAsync<RpcException>(() => call.ResponseAsync);
        Assert.Equal(StatusCode.DeadlineExceeded, exception.StatusCode);
        Assert.Equal(StatusCode.DeadlineExceeded, call.GetStatus().StatusCode);
        await Assert.ThrowsAsync<RpcException>(() => call.ResponseHeadersAsync);
    }

    [Fact]
    public async Task ADeadlineInThePastEndsAtOnce()
    {
        await using var channel = GrpcChannel.ForAddress("http://127.0.0.1:1");
        var exception = await Assert.ThrowsAsync<RpcException>(() => channel.Unary(
            TestServiceMethods.EmptyCall, new Empty(), new CallOptions(timeout: TimeSpan.Zero)).ResponseAsync);
        Assert.Equal(StatusCode.DeadlineExceeded, exception.StatusCode);
    }

    [Fact]
    public void AddressesAreChecked()
    {
        foreach (var address in new[] { "", "localhost:7070", "ftp://a:1", "http://a:1/path", "/x" })
            Assert.Throws<ArgumentException>(() => GrpcChannel.ForAddress(address));
    }

    [Fact]
    public async Task MethodsAreCheckedAgainstTheKindOfCall()
    {
        await using var channel = GrpcChannel.ForAddress("http://127.0.0.1:1");
        Assert.Throws<ArgumentException>(() => channel.Duplex(TestServiceMethods.EmptyCall));
        Assert.Throws<ArgumentException>(() => Method.Create(
            TestServiceMethods.Service, "NoSuchCall", Empty.Parser, Empty.Parser));
        Assert.Throws<ArgumentException>(() => Method.Create(
            TestServiceMethods.Service, "UnaryCall", Empty.Parser, SimpleResponse.Parser));
    }

    [Fact]
    public async Task ADisposedChannelRefusesCalls()
    {
        var channel = GrpcChannel.ForAddress("http://127.0.0.1:1");
        await channel.DisposeAsync();
        Assert.Throws<ObjectDisposedException>(() => channel.Unary(TestServiceMethods.EmptyCall, new Empty()));
    }

    private static async Task<RpcException> AssertFailsAsync(StatusCode code, Microsoft.AspNetCore.Http.RequestDelegate answer)
    {
        await using var server = await FakeServer.StartAsync(answer);
        return await AssertFailsAsync(code, server);
    }

    private static async Task<RpcException> AssertFailsAsync(StatusCode code, FakeServer server)
    {
        var call = server.Channel.Unary(TestServiceMethods.EmptyCall, new Empty()).ResponseAsync;
        var exception = await Assert.ThrowsAsync<RpcException>(() => call.WaitAsync(TimeSpan.FromSeconds(20)));
        Assert.True(code == exception.StatusCode, $"{code} expected: {exception}");
        return exception;
    }
}
