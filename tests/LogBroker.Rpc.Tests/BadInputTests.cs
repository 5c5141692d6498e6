using System.Text;
using LogBroker.Rpc.Server;
using LogBroker.Rpc.Tests.Interop;

namespace LogBroker.Rpc.Tests;

/// <summary>The rows of the bad-input table that concern the wire, each test named after its row.</summary>
public sealed class BadInputTests
{
    private const string UnaryPath = "/grpc.testing.TestService/UnaryCall";
    private const string DuplexPath = "/grpc.testing.TestService/FullDuplexCall";
    private const string GrpcStatus = "grpc-status";

    private static readonly GrpcServerOptions Quick = new()
    {
        HandshakeTimeout = TimeSpan.FromMilliseconds(300),
        MessageReadTimeout = TimeSpan.FromMilliseconds(300),
    };

    [Theory]
    [InlineData("gzip")]
    [InlineData("deflate")]
    [InlineData("snappy")]
    public async Task Row21_AnotherEncodingIsUnimplemented(string encoding)
    {
        await using var server = await TestServer.StartAsync();
        using var raw = await RawHttp2.OpenAsync(server.Port);
        await raw.SendFrameAsync(
            RawHttp2.Headers, RawHttp2.EndHeaders, 1, RawHttp2.RequestHeaders(UnaryPath, ("grpc-encoding", encoding)));
        var headers = HeadersOf(await raw.ReadUntilAsync((type, _, stream) => type == RawHttp2.Headers && stream == 1));
        Assert.Contains("grpc-status: 12\n", headers);
        Assert.Contains("grpc-accept-encoding: identity\n", headers);
        await AssertServesAsync(server);
    }

    [Fact]
    public async Task Row21_TheCompressedFlagWithoutEncodingIsAnError()
    {
        await using var server = await TestServer.StartAsync();
        using var raw = await RawHttp2.OpenAsync(server.Port);
        var headers = await CallRawAsync(raw, RawHttp2.Message(1, 4, [1, 2, 3, 4]));
        Assert.Contains("grpc-status: 13\n", headers);
        Assert.Contains("compressed flag", headers);
    }

    [Fact]
    public async Task Row22_ALengthOfAllOnesIsRefusedFromThePrefix()
    {
        await using var server = await TestServer.StartAsync();
        using var raw = await RawHttp2.OpenAsync(server.Port);
        var before = GC.GetTotalAllocatedBytes(precise: true);
        var headers = await CallRawAsync(raw, RawHttp2.Message(0, uint.MaxValue, [1, 2, 3]));
        var allocated = GC.GetTotalAllocatedBytes(precise: true) - before;
        Assert.Contains("grpc-status: 8\n", headers);
        Assert.Contains("4294967295 bytes > limit 4194304", headers);
        Assert.True(allocated < 2_000_000, $"{allocated} bytes were allocated");
    }

    [Fact]
    public async Task Row22_ALengthThatIsNotSentEndsWithTheReadTimeout()
    {
        await using var server = await TestServer.StartAsync(Quick);
        using var raw = await RawHttp2.OpenAsync(server.Port);
        var before = GC.GetTotalAllocatedBytes(precise: true);
        var headers = await CallRawAsync(raw, RawHttp2.Message(0, 4_000_000, [1, 2, 3]));
        var allocated = GC.GetTotalAllocatedBytes(precise: true) - before;
        Assert.Contains("did not arrive whole", headers);
        Assert.True(allocated < 2_000_000, $"{allocated} bytes were allocated");
        await AssertServesAsync(server);
    }

    [Fact]
    public async Task Row22_ARequestThatEndsWithinAMessageIsAnError()
    {
        await using var server = await TestServer.StartAsync();
        using var raw = await RawHttp2.OpenAsync(server.Port);
        var headers = await CallRawAsync(raw, RawHttp2.Message(0, 100, [1, 2, 3]), RawHttp2.EndStream);
        Assert.Contains("ended within a message", headers);
    }

    [Fact]
    public async Task Row22_ARequestWithoutMessageIsAnError()
    {
        await using var server = await TestServer.StartAsync();
        using var raw = await RawHttp2.OpenAsync(server.Port);
        var headers = await CallRawAsync(raw, [], RawHttp2.EndStream);
        Assert.Contains("no request message", headers);
    }

    [Fact]
    public async Task Row23_TenThousandHeadersEndTheConnectionOnly()
    {
        await using var server = await TestServer.StartAsync();
        using var raw = await RawHttp2.OpenAsync(server.Port);
        var further = Enumerable.Range(0, 10_000).Select(i => ($"x-{i}", "v")).ToArray();
        await SendHeaderBlockAsync(raw, RawHttp2.RequestHeaders(UnaryPath, further));
        var answer = await raw.ReadUntilAsync((type, _, stream) => type == RawHttp2.GoAway || stream == 1);
        Assert.DoesNotContain(GrpcStatus, HeadersOf(answer));
        await AssertServesAsync(server);
    }

    [Fact]
    public async Task Row23_AMetadataValueOfAMebibyteEndsTheConnectionOnly()
    {
        await using var server = await TestServer.StartAsync();
        using var raw = await RawHttp2.OpenAsync(server.Port);
        await SendHeaderBlockAsync(raw, RawHttp2.RequestHeaders(UnaryPath, ("x-large", new string('x', 1 << 20))));
        var answer = await raw.ReadUntilAsync((type, _, stream) => type == RawHttp2.GoAway || stream == 1);
        Assert.DoesNotContain(GrpcStatus, HeadersOf(answer));
        await AssertServesAsync(server);
    }

    [Theory]
    [InlineData("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")]
    [InlineData("POST /grpc.testing.TestService/EmptyCall HTTP/1.1\r\nHost: localhost\r\n\r\n")]
    public async Task Row47_Http1IsToldWhatThePortSpeaks(string request)
    {
        await using var server = await TestServer.StartAsync();
        using var raw = await RawHttp2.ConnectAsync(server.Port);
        await raw.SendAsync(Encoding.ASCII.GetBytes(request));
        var answer = Encoding.ASCII.GetString(await raw.ReadToEndAsync());
        Assert.StartsWith("HTTP/1.1 505 ", answer);
        Assert.EndsWith("This port speaks gRPC: HTTP/2 with prior knowledge only.\r\n", answer);
    }

    [Theory]
    [InlineData("16030100c8010000c40303")]
    [InlineData("5353482d322e302d4f70656e5353485f392e320d0a")]
    [InlineData("00ff17a2b3c4d5e6f708192a3b4c5d6e7f")]
    [InlineData("505249202a20485454502f322e300d0a0d0a5858")]
    public async Task Row47_ForeignProtocolsAreClosedAtOnceWithOneLogLine(string hex)
    {
        var log = new RecordingLog();
        await using var server = await TestServer.StartAsync(log: log);
        for (var i = 0; i < 3; i++)
        {
            using var raw = await RawHttp2.ConnectAsync(server.Port);
            await raw.SendAsync(Convert.FromHexString(hex));
            Assert.Empty(await raw.ReadToEndAsync());
        }
        Assert.Single(log.Lines, line => line.Contains("does not speak gRPC"));
        await AssertServesAsync(server);
    }

    [Fact]
    public async Task Row49_SilenceIsClosedAtTheHandshakeTimeout()
    {
        await using var server = await TestServer.StartAsync(Quick);
        using var raw = await RawHttp2.ConnectAsync(server.Port);
        Assert.Empty(await raw.ReadToEndAsync());
    }

    [Fact]
    public async Task Row49_AByteNowAndThenIsClosedAtTheHandshakeTimeout()
    {
        await using var server = await TestServer.StartAsync(Quick);
        using var raw = await RawHttp2.ConnectAsync(server.Port);
        var end = raw.ReadToEndAsync();
        var preface = "PRI * HTTP/2.0\r\n\r\nSM"u8.ToArray();
        for (var i = 0; i < preface.Length && !end.IsCompleted; i++)
        {
            await raw.SendAsync([preface[i]]);
            await Task.WhenAny(end, NextTickAsync(TimeSpan.FromMilliseconds(40)));
        }
        Assert.Empty(await end);
    }

    [Fact]
    public async Task Row49_AConnectionWithoutCallsIsClosedAtTheIdleTimeout()
    {
        await using var server = await TestServer.StartAsync(
            new GrpcServerOptions { ConnectionIdleTimeout = TimeSpan.FromMilliseconds(300) });
        using var raw = await RawHttp2.OpenAsync(server.Port);
        await raw.ReadToEndAsync();
    }

    [Fact]
    public async Task Row49_AMessageByteNowAndThenEndsWithTheReadTimeout()
    {
        await using var server = await TestServer.StartAsync(Quick);
        using var raw = await RawHttp2.OpenAsync(server.Port);
        await raw.SendFrameAsync(RawHttp2.Headers, RawHttp2.EndHeaders, 1, RawHttp2.RequestHeaders(DuplexPath));
        var end = raw.ReadUntilAsync((type, flags, stream) => type == RawHttp2.Headers && stream == 1);
        var message = RawHttp2.Message(0, 1000, new byte[1000]);
        for (var i = 0; i < message.Length && !end.IsCompleted; i++)
        {
            await raw.SendFrameAsync(RawHttp2.Data, 0, 1, [message[i]]);
            await Task.WhenAny(end, NextTickAsync(TimeSpan.FromMilliseconds(40)));
        }
        Assert.Contains("did not arrive whole", HeadersOf(await end));
        await AssertServesAsync(server);
    }

    /// <summary>The pace of a slow sender; nothing is awaited through it but the next byte to send.</summary>
    private static async Task NextTickAsync(TimeSpan time)
    {
        using var timer = new PeriodicTimer(time);
        await timer.WaitForNextTickAsync();
    }

    private static async Task<string> CallRawAsync(RawHttp2 raw, byte[] data, byte flags = 0)
    {
        await raw.SendFrameAsync(RawHttp2.Headers, RawHttp2.EndHeaders, 1, RawHttp2.RequestHeaders(UnaryPath));
        await raw.SendFrameAsync(RawHttp2.Data, flags, 1, data);
        return HeadersOf(await raw.ReadUntilAsync((type, _, stream) => type == RawHttp2.Headers && stream == 1));
    }

    private static async Task SendHeaderBlockAsync(RawHttp2 raw, byte[] block)
    {
        try
        {
            var first = true;
            foreach (var piece in block.Chunk(16_000))
            {
                await raw.SendFrameAsync(first ? RawHttp2.Headers : RawHttp2.Continuation, 0, 1, piece);
                first = false;
            }
            await raw.SendFrameAsync(RawHttp2.Continuation, RawHttp2.EndHeaders, 1, []);
        }
        catch (System.Net.Sockets.SocketException)
        {
            // The server need not wait for the end of it.
        }
    }

    /// <summary>The headers of a response; empty for another frame.</summary>
    private static string HeadersOf((byte Type, byte Flags, int Stream, byte[] Payload)? frame) =>
        frame is { Type: RawHttp2.Headers } headers ? HpackText.Decode(headers.Payload) : "";

    private static async Task AssertServesAsync(TestServer server) =>
        Assert.Equal(new Empty(), await server.Channel.Unary(TestServiceMethods.EmptyCall, new Empty()));
}
