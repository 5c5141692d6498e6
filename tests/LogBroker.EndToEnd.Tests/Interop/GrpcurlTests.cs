using System.Text.Json;
using Google.Protobuf;

namespace LogBroker.EndToEnd.Tests;

/// <summary>A stock client that knows nothing of LogBroker but what the server's reflection service tells it.</summary>
public sealed class GrpcurlTests : IAsyncLifetime
{
    private static readonly string[] ServiceNames = ["Cluster", "Consumer", "Producer", "Topics"];

    private ServerProcess? _server;
    private string _grpcurl = "";

    public async ValueTask InitializeAsync()
    {
        _grpcurl = Tools.RequirePeer("bin", "grpcurl");
        _server = await ServerProcess.StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
            await _server.DisposeAsync();
    }

    [Fact]
    public async Task Services_are_listed_and_described()
    {
        string listed = await CallAsync("list");
        Assert.All(ServiceNames, name => Assert.Contains("logbroker.v1." + name, listed.Split('\n')));
        Assert.Contains("grpc.health.v1.Health", listed.Split('\n'));
        string methods = await CallAsync("list", "logbroker.v1.Topics");
        Assert.Contains("logbroker.v1.Topics.CreateTopic", methods.Split('\n'));
        string described = await CallAsync("describe", "logbroker.v1.Producer");
        Assert.Contains("rpc Produce ( stream .logbroker.v1.ProduceRequest ) returns ( stream .logbroker.v1.ProduceResponse );", described,
            StringComparison.Ordinal);
        string message = await CallAsync("describe", ".logbroker.v1.ProduceBatch");
        Assert.Contains("bytes records = 15;", message, StringComparison.Ordinal);
        string health = await CallAsync("-d", "{}", "grpc.health.v1.Health/Check");
        Assert.Contains("SERVING", health, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_topic_is_created_written_and_read()
    {
        var topic = await CallJsonAsync("logbroker.v1.Topics/CreateTopic", """{"name": "orders", "partitions": 2}""");
        Assert.Equal("orders", topic.GetProperty("name").GetString());
        Assert.Equal(2, topic.GetProperty("partitions").GetArrayLength());

        string batch = TestClient.Batch("first", "second").ToBase64();
        string messages = $$$"""
            {"open": {"client_id": "grpcurl"}}
            {"batch": {"correlation_id": 7, "topic": "orders", "partition": 1, "records": "{{{batch}}}"}}
            """;
        string acks = await CallAsync("-d", messages, "logbroker.v1.Producer/Produce");
        Assert.Contains("\"opened\"", acks, StringComparison.Ordinal);
        Assert.Contains("\"correlation_id\": \"7\"", acks, StringComparison.Ordinal);
        Assert.Contains("\"durability\": \"DURABILITY_QUORUM_FSYNC\"", acks, StringComparison.Ordinal);

        var fetched = await CallJsonAsync(
            "logbroker.v1.Consumer/Fetch", """{"partitions": [{"topic": "orders", "partition": 1, "offset": 0}]}""");
        var partition = Assert.Single(fetched.GetProperty("partitions").EnumerateArray());
        Assert.Equal("2", partition.GetProperty("high_watermark").GetString());
        var records = TestClient.Records(ByteString.FromBase64(partition.GetProperty("batches").GetString()));
        Assert.Equal([(0L, "first"), (1L, "second")], records);
    }

    [Fact]
    public async Task A_refusal_shows_its_reason()
    {
        var result = await RunAsync("-d", """{"name": "a/b"}""", "logbroker.v1.Topics/CreateTopic");
        Assert.NotEqual(0, result.ExitCode);
        Assert.Contains("Code: InvalidArgument", result.Error, StringComparison.Ordinal);
        Assert.Contains("\"reason\": \"INVALID_TOPIC\"", result.Error, StringComparison.Ordinal);
    }

    private async Task<JsonElement> CallJsonAsync(string method, string request)
    {
        using var document = JsonDocument.Parse(await CallAsync("-d", request, method));
        return document.RootElement.Clone();
    }

    private async Task<string> CallAsync(params string[] words)
    {
        var result = await RunAsync(words);
        Assert.True(result.ExitCode == 0, result.Error);
        return result.Output;
    }

    /// <summary>Flags stand in front of the address, what to do behind it.</summary>
    private Task<ProgramResult> RunAsync(params string[] words)
    {
        int flags = words[0] == "-d" ? 2 : 0;
        return ProgramRun.RunAsync(_grpcurl, ["-plaintext", "-max-time", "20", .. words[..flags], _server!.GrpcAddress, .. words[flags..]]);
    }
}
