using Google.Protobuf;
using LogBroker.Rpc.Server;
using LogBroker.Rpc.Tests.Interop;

namespace LogBroker.Rpc.Tests;

/// <summary>grpc.testing.TestService, as grpc/doc/interop-test-descriptions.md demands it.</summary>
internal static class TestService
{
    private const string EchoInitial = "x-grpc-test-echo-initial";
    private const string EchoTrailing = "x-grpc-test-echo-trailing-bin";

    public static GrpcServices AddTo(GrpcServices services) => services
        .Unary(TestServiceMethods.EmptyCall, static (_, _) => new ValueTask<Empty>(new Empty()))
        .Unary(TestServiceMethods.UnaryCall, UnaryCall)
        .Unary(TestServiceMethods.CacheableUnaryCall, UnaryCall)
        .ServerStreaming(TestServiceMethods.StreamingOutputCall, StreamingOutputCall)
        .ClientStreaming(TestServiceMethods.StreamingInputCall, StreamingInputCall)
        .Duplex(TestServiceMethods.FullDuplexCall, FullDuplexCall)
        .Duplex(TestServiceMethods.HalfDuplexCall, HalfDuplexCall);

    private static async ValueTask<SimpleResponse> UnaryCall(SimpleRequest request, ServerCallContext context)
    {
        await EchoMetadata(context);
        ThrowIfAsked(request.ResponseStatus);
        return new SimpleResponse { Payload = PayloadOf(request.ResponseSize) };
    }

    private static async ValueTask StreamingOutputCall(
        StreamingOutputCallRequest request, IServerStreamWriter<StreamingOutputCallResponse> responses, ServerCallContext context)
    {
        await EchoMetadata(context);
        await Answer(request, responses, context);
    }

    private static async ValueTask<StreamingInputCallResponse> StreamingInputCall(
        IAsyncStreamReader<StreamingInputCallRequest> requests, ServerCallContext context)
    {
        await EchoMetadata(context);
        var size = 0;
        await foreach (var request in requests.ReadAllAsync(context.CancellationToken))
            size += request.Payload.Body.Length;
        return new StreamingInputCallResponse { AggregatedPayloadSize = size };
    }

    private static async ValueTask FullDuplexCall(
        IAsyncStreamReader<StreamingOutputCallRequest> requests,
        IServerStreamWriter<StreamingOutputCallResponse> responses,
        ServerCallContext context)
    {
        await EchoMetadata(context);
        while (await requests.MoveNext(context.CancellationToken))
            await Answer(requests.Current, responses, context);
    }

    private static async ValueTask HalfDuplexCall(
        IAsyncStreamReader<StreamingOutputCallRequest> requests,
        IServerStreamWriter<StreamingOutputCallResponse> responses,
        ServerCallContext context)
    {
        await EchoMetadata(context);
        var all = new List<StreamingOutputCallRequest>();
        await foreach (var request in requests.ReadAllAsync(context.CancellationToken))
            all.Add(request);
        foreach (var request in all)
            await Answer(request, responses, context);
    }

    private static async Task Answer(
        StreamingOutputCallRequest request, IServerStreamWriter<StreamingOutputCallResponse> responses, ServerCallContext context)
    {
        ThrowIfAsked(request.ResponseStatus);
        foreach (var parameters in request.ResponseParameters)
        {
            if (parameters.IntervalUs > 0)
            {
                using var timer = new PeriodicTimer(TimeSpan.FromMicroseconds(Math.Max(1000, parameters.IntervalUs)));
                await timer.WaitForNextTickAsync(context.CancellationToken);
            }
            await responses.WriteAsync(new StreamingOutputCallResponse { Payload = PayloadOf(parameters.Size) });
        }
    }

    private static async ValueTask EchoMetadata(ServerCallContext context)
    {
        if (context.RequestHeaders.GetValueBytes(EchoTrailing) is { } trailing)
            context.ResponseTrailers.Add(EchoTrailing, trailing);
        if (context.RequestHeaders.GetValue(EchoInitial) is { } initial)
            await context.WriteResponseHeadersAsync(new Metadata { { EchoInitial, initial } });
    }

    private static void ThrowIfAsked(EchoStatus? status)
    {
        if (status is { Code: not 0 })
            throw new RpcException(new Status((StatusCode)status.Code, status.Message));
    }

    private static Payload PayloadOf(int size) => new() { Body = UnsafeByteOperations.UnsafeWrap(new byte[size]) };
}
