using Google.Protobuf;
using LogBroker.Rpc.Tests.Interop;

namespace LogBroker.Rpc.Tests;

/// <summary>The four kinds of calls, our client against our server.</summary>
public sealed class CallTypesTests
{
    [Fact]
    public async Task UnaryReturnsTheResponse()
    {
        await using var server = await TestServer.StartAsync();
        using var call = server.Channel.Unary(TestServiceMethods.UnaryCall, new SimpleRequest { ResponseSize = 1000 });
        var response = await call;
        Assert.Equal(1000, response.Payload.Body.Length);
        Assert.Equal(StatusCode.OK, call.GetStatus().StatusCode);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(70_000)]
    [InlineData(3_000_000)]
    public async Task ServerStreamingReturnsAllResponses(int size)
    {
        await using var server = await TestServer.StartAsync();
        var request = new StreamingOutputCallRequest();
        for (var i = 0; i < 20; i++)
            request.ResponseParameters.Add(new ResponseParameters { Size = size + i });
        using var call = server.Channel.ServerStreaming(TestServiceMethods.StreamingOutputCall, request);
        var sizes = new List<int>();
        await foreach (var response in call.ResponseStream.ReadAllAsync())
            sizes.Add(response.Payload.Body.Length);
        Assert.Equal(Enumerable.Range(size, 20), sizes);
        Assert.Equal(StatusCode.OK, call.GetStatus().StatusCode);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(100_000)]
    [InlineData(3_000_000)]
    public async Task ClientStreamingTakesAllRequests(int size)
    {
        await using var server = await TestServer.StartAsync();
        using var call = server.Channel.ClientStreaming(TestServiceMethods.StreamingInputCall);
        for (var i = 0; i < 10; i++)
        {
            await call.RequestStream.WriteAsync(
                new StreamingInputCallRequest { Payload = new Payload { Body = ByteString.CopyFrom(new byte[size]) } },
                i % 2 == 0 ? WriteHint.Buffer : WriteHint.Flush);
        }
        await call.RequestStream.CompleteAsync();
        Assert.Equal(10 * size, (await call).AggregatedPayloadSize);
    }

    [Fact]
    public async Task DuplexAnswersEachRequestBeforeTheNext()
    {
        await using var server = await TestServer.StartAsync();
        using var call = server.Channel.Duplex(TestServiceMethods.FullDuplexCall);
        for (var i = 1; i <= 100; i++)
        {
            await call.RequestStream.WriteAsync(
                new StreamingOutputCallRequest { ResponseParameters = { new ResponseParameters { Size = i } } });
            Assert.True(await call.ResponseStream.MoveNext());
            Assert.Equal(i, call.ResponseStream.Current.Payload.Body.Length);
        }
        await call.RequestStream.CompleteAsync();
        Assert.False(await call.ResponseStream.MoveNext());
        Assert.Equal(StatusCode.OK, call.GetStatus().StatusCode);
    }
}
