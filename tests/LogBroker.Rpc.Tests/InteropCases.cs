using Google.Protobuf;
using LogBroker.Rpc.Tests.Interop;

namespace LogBroker.Rpc.Tests;

/// <summary>The official interop cases, run by our client (source: grpc/doc/interop-test-descriptions.md).</summary>
internal static class InteropCases
{
    private static readonly int[] RequestSizes = [27182, 8, 1828, 45904];
    private static readonly int[] ResponseSizes = [31415, 9, 2653, 58979];

    /// <summary>All cases but those of compression and authentication.</summary>
    public static readonly IReadOnlyDictionary<string, Func<GrpcChannel, Task>> All = new Dictionary<string, Func<GrpcChannel, Task>>
    {
        ["empty_unary"] = EmptyUnary,
        ["large_unary"] = LargeUnary,
        ["client_streaming"] = ClientStreaming,
        ["server_streaming"] = ServerStreaming,
        ["ping_pong"] = PingPong,
        ["empty_stream"] = EmptyStream,
        ["cancel_after_begin"] = CancelAfterBegin,
        ["cancel_after_first_response"] = CancelAfterFirstResponse,
        ["timeout_on_sleeping_server"] = TimeoutOnSleepingServer,
        ["status_code_and_message"] = channel => StatusCodeAndMessage(channel, "test status message", StatusCode.Unknown),
        ["special_status_message"] = channel =>
            StatusCodeAndMessage(channel, "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n", StatusCode.Unknown),
        ["custom_metadata"] = CustomMetadata,
        ["unimplemented_method"] = channel => Unimplemented(channel, TestServiceMethods.UnimplementedCall),
        ["unimplemented_service"] = channel => Unimplemented(channel, TestServiceMethods.UnimplementedServiceCall),
    };

    private static async Task EmptyUnary(GrpcChannel channel) =>
        Assert.Equal(new Empty(), await channel.Unary(TestServiceMethods.EmptyCall, new Empty()));

    private static async Task LargeUnary(GrpcChannel channel)
    {
        var response = await channel.Unary(
            TestServiceMethods.UnaryCall, new SimpleRequest { ResponseSize = 314159, Payload = PayloadOf(271828) });
        Assert.Equal(new byte[314159], response.Payload.Body.ToByteArray());
    }

    private static async Task ClientStreaming(GrpcChannel channel)
    {
        using var call = channel.ClientStreaming(TestServiceMethods.StreamingInputCall);
        foreach (var size in RequestSizes)
            await call.RequestStream.WriteAsync(new StreamingInputCallRequest { Payload = PayloadOf(size) });
        await call.RequestStream.CompleteAsync();
        Assert.Equal(74922, (await call).AggregatedPayloadSize);
    }

    private static async Task ServerStreaming(GrpcChannel channel)
    {
        var request = new StreamingOutputCallRequest();
        request.ResponseParameters.AddRange(ResponseSizes.Select(size => new ResponseParameters { Size = size }));
        using var call = channel.ServerStreaming(TestServiceMethods.StreamingOutputCall, request);
        var sizes = new List<int>();
        await foreach (var response in call.ResponseStream.ReadAllAsync())
            sizes.Add(response.Payload.Body.Length);
        Assert.Equal(ResponseSizes, sizes);
    }

    private static async Task PingPong(GrpcChannel channel)
    {
        using var call = channel.Duplex(TestServiceMethods.FullDuplexCall);
        for (var i = 0; i < RequestSizes.Length; i++)
        {
            await call.RequestStream.WriteAsync(RequestOf(RequestSizes[i], ResponseSizes[i]));
            Assert.True(await call.ResponseStream.MoveNext());
            Assert.Equal(ResponseSizes[i], call.ResponseStream.Current.Payload.Body.Length);
        }
        await call.RequestStream.CompleteAsync();
        Assert.False(await call.ResponseStream.MoveNext());
    }

    private static async Task EmptyStream(GrpcChannel channel)
    {
        using var call = channel.Duplex(TestServiceMethods.FullDuplexCall);
        await call.RequestStream.CompleteAsync();
        Assert.False(await call.ResponseStream.MoveNext());
        Assert.Equal(StatusCode.OK, call.GetStatus().StatusCode);
    }

    private static async Task CancelAfterBegin(GrpcChannel channel)
    {
        using var cancel = new CancellationTokenSource();
        using var call = channel.ClientStreaming(
            TestServiceMethods.StreamingInputCall, new CallOptions(cancellationToken: cancel.Token));
        cancel.Cancel();
        await AssertFails(StatusCode.Cancelled, call.ResponseAsync);
    }

    private static async Task CancelAfterFirstResponse(GrpcChannel channel)
    {
        using var cancel = new CancellationTokenSource();
        using var call = channel.Duplex(TestServiceMethods.FullDuplexCall, new CallOptions(cancellationToken: cancel.Token));
        await call.RequestStream.WriteAsync(RequestOf(27182, 31415));
        Assert.True(await call.ResponseStream.MoveNext());
        cancel.Cancel();
        await AssertFails(StatusCode.Cancelled, call.ResponseStream.MoveNext().AsTask());
    }

    private static async Task TimeoutOnSleepingServer(GrpcChannel channel)
    {
        using var call = channel.Duplex(
            TestServiceMethods.FullDuplexCall, new CallOptions(timeout: TimeSpan.FromMilliseconds(1)));
        try
        {
            await call.RequestStream.WriteAsync(new StreamingOutputCallRequest { Payload = PayloadOf(27182) });
        }
        catch (RpcException)
        {
            // The deadline may strike before the request is written.
        }
        await AssertFails(StatusCode.DeadlineExceeded, call.ResponseStream.MoveNext().AsTask());
    }

    private static async Task StatusCodeAndMessage(GrpcChannel channel, string message, StatusCode code)
    {
        var status = new EchoStatus { Code = (int)code, Message = message };
        var unary = await AssertFails(
            code, channel.Unary(TestServiceMethods.UnaryCall, new SimpleRequest { ResponseStatus = status }).ResponseAsync);
        Assert.Equal(message, unary.Status.Detail);

        using var call = channel.Duplex(TestServiceMethods.FullDuplexCall);
        await call.RequestStream.WriteAsync(new StreamingOutputCallRequest { ResponseStatus = status });
        await call.RequestStream.CompleteAsync();
        var duplex = await AssertFails(code, call.ResponseStream.MoveNext().AsTask());
        Assert.Equal(message, duplex.Status.Detail);
    }

    private static async Task CustomMetadata(GrpcChannel channel)
    {
        var headers = new Metadata
        {
            { "x-grpc-test-echo-initial", "test_initial_metadata_value" },
            { "x-grpc-test-echo-trailing-bin", [0xab, 0xab, 0xab] },
        };
        using var unary = channel.Unary(
            TestServiceMethods.UnaryCall,
            new SimpleRequest { ResponseSize = 314159, Payload = PayloadOf(271828) },
            new CallOptions(headers));
        await unary;
        await AssertEchoed(unary);

        using var call = channel.Duplex(TestServiceMethods.FullDuplexCall, new CallOptions(headers));
        await call.RequestStream.WriteAsync(RequestOf(271828, 314159));
        await call.RequestStream.CompleteAsync();
        Assert.True(await call.ResponseStream.MoveNext());
        Assert.False(await call.ResponseStream.MoveNext());
        await AssertEchoed(call);
    }

    private static async Task AssertEchoed(AsyncCall call)
    {
        Assert.Equal("test_initial_metadata_value", (await call.ResponseHeadersAsync).GetValue("x-grpc-test-echo-initial"));
        Assert.Equal([0xab, 0xab, 0xab], call.GetTrailers().GetValueBytes("x-grpc-test-echo-trailing-bin"));
    }

    private static async Task Unimplemented(GrpcChannel channel, Method<Empty, Empty> method) =>
        await AssertFails(StatusCode.Unimplemented, channel.Unary(method, new Empty()).ResponseAsync);

    private static async Task<RpcException> AssertFails(StatusCode code, Task task)
    {
        var exception = await Assert.ThrowsAsync<RpcException>(() => task);
        Assert.Equal(code, exception.StatusCode);
        return exception;
    }

    private static Payload PayloadOf(int size) => new() { Body = ByteString.CopyFrom(new byte[size]) };

    private static StreamingOutputCallRequest RequestOf(int size, int responseSize) => new()
    {
        Payload = PayloadOf(size),
        ResponseParameters = { new ResponseParameters { Size = responseSize } },
    };
}
