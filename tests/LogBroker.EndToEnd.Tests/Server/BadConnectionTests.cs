using System.Buffers.Binary;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using LogBroker.Protocol.V1;

namespace LogBroker.EndToEnd.Tests;

/// <summary>What is no gRPC, or lies about its length, at the ports of a real broker; numbers are rows of the table of bad input.</summary>
public sealed class BadConnectionTests(ServerFixture fixture) : IClassFixture<ServerFixture>, IAsyncDisposable
{
    private static readonly TimeSpan CloseTime = TimeSpan.FromSeconds(20);

    private readonly TestClient _client = new(fixture.Server);

    public static TheoryData<string, byte[]> Junk => new()
    {
        { "plain HTTP/1.1", "GET / HTTP/1.1\r\nHost: x\r\n\r\n"u8.ToArray() },
        { "TLS", [0x16, 3, 1, 2, 0, 1, 0, 1, 0xFC, 3, 3, .. new byte[64]] },
        { "random bytes", [.. Enumerable.Range(0, 256).Select(i => (byte)((i * 167) + 13))] },
        { "an SSH banner", "SSH-2.0-OpenSSH_9.2\r\n"u8.ToArray() },
    };

    [Theory]
    [MemberData(nameof(Junk))]
    public async Task Row47_other_protocols_are_closed(string what, byte[] bytes)
    {
        Assert.NotEmpty(what);
        await ClosesAsync(fixture.Server.GrpcAddress, bytes);
        if (what is not "plain HTTP/1.1")
            await ClosesAsync(fixture.Server.HttpAddress, bytes);
        await StillServesAsync();
    }

    [Fact]
    public async Task Row49_a_silent_connection_is_closed() => await ClosesAsync(fixture.Server.GrpcAddress, []);

    [Fact]
    public async Task Row21_compressed_messages_are_refused()
    {
        using var answer = await PostAsync("/logbroker.v1.Topics/ListTopics", new byte[] { 1, 0, 0, 0, 0 }, "gzip");
        Assert.Equal("12", Assert.Single(answer.Headers.GetValues("grpc-status")));
        Assert.Equal("identity", Assert.Single(answer.Headers.GetValues("grpc-accept-encoding")));
    }

    [Fact]
    public async Task Row22_a_length_of_4_GiB_is_refused_without_allocating()
    {
        long before = await WorkingSetAsync();
        byte[] prefix = [0, 0xFF, 0xFF, 0xFF, 0xFF];
        using var answer = await PostAsync("/logbroker.v1.Topics/ListTopics", prefix, null);
        Assert.Equal("8", Status(answer));
        Assert.True(await WorkingSetAsync() - before < 256L << 20);
        await StillServesAsync();
    }

    [Fact]
    public async Task Row22_a_message_shorter_than_its_length_ends_with_a_status()
    {
        byte[] request = new byte[5 + 10];
        BinaryPrimitives.WriteInt32BigEndian(request.AsSpan(1), 100);
        using var answer = await PostAsync("/logbroker.v1.Topics/ListTopics", request, null);
        Assert.NotEqual("0", Status(answer));
        await StillServesAsync();
    }

    [Fact]
    public async Task Row23_ten_thousand_headers_and_a_huge_one()
    {
        foreach (int count in (int[])[10_000, 1])
        {
            using var http = new HttpClient();
            using var request = Request("/logbroker.v1.Topics/ListTopics", new byte[5]);
            for (int i = 0; i < count; i++)
                request.Headers.TryAddWithoutValidation("x-header-" + i, count == 1 ? new string('x', 1 << 20) : "y");
            try
            {
                using var answer = await http.SendAsync(request);
                Assert.NotEqual(HttpStatusCode.OK, answer.StatusCode);
            }
            catch (HttpRequestException)
            {
                // The stream or the connection was cut, as it may be.
            }
        }

        await StillServesAsync();
    }

    public async ValueTask DisposeAsync() => await _client.DisposeAsync();

    private static string Status(HttpResponseMessage answer) =>
        answer.Headers.TryGetValues("grpc-status", out var early)
            ? early.Single()
            : answer.TrailingHeaders.GetValues("grpc-status").Single();

    private static async Task ClosesAsync(string address, byte[] bytes)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPEndPoint.Parse(address));
        using var timeout = new CancellationTokenSource(CloseTime);
        try
        {
            if (bytes.Length > 0)
                await socket.SendAsync(bytes, timeout.Token);
            byte[] buffer = new byte[4096];
            while (await socket.ReceiveAsync(buffer, timeout.Token) > 0)
            {
            }
        }
        catch (SocketException)
        {
            // Reset is closed as well.
        }
    }

    private HttpRequestMessage Request(string path, byte[] body)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, fixture.Server.GrpcUri + path)
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new ByteArrayContent(body),
        };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/grpc");
        request.Headers.TE.Add(new TransferCodingWithQualityHeaderValue("trailers"));
        return request;
    }

    private async Task<HttpResponseMessage> PostAsync(string path, byte[] body, string? encoding)
    {
        using var http = new HttpClient();
        using var request = Request(path, body);
        if (encoding is not null)
            request.Headers.Add("grpc-encoding", encoding);
        return await http.SendAsync(request);
    }

    private async Task<long> WorkingSetAsync()
    {
        string status = await File.ReadAllTextAsync($"/proc/{fixture.Server.ProcessId}/status", Encoding.ASCII);
        string line = status.Split('\n').Single(l => l.StartsWith("VmRSS:", StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) * 1024;
    }

    private async Task StillServesAsync()
    {
        await _client.CallAsync(BrokerMethods.ListTopics, new ListTopicsRequest());
        using var process = Process.GetProcessById(fixture.Server.ProcessId);
        Assert.False(process.HasExited);
    }
}
