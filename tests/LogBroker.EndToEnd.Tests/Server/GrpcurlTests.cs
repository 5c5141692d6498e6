using System.Text.Json;

namespace LogBroker.EndToEnd.Tests;

/// <summary>A stock client that knows nothing of LogBroker: grpcurl lists, describes, creates, produces and fetches by reflection.</summary>
public sealed class GrpcurlTests
{
    [Fact]
    public async Task Grpcurl_lists_describes_creates_produces_and_fetches()
    {
        string program = Path.Combine(RepositoryRoot.Peers ?? "/nowhere", "bin", "grpcurl");
        if (!File.Exists(program))
            Assert.Skip("no grpcurl: LOGBROKER_PEERS does not name a directory with bin/grpcurl");
        await using var server = await ServerProcess.StartAsync();

        string list = await GrpcurlAsync("list");
        foreach (string service in (string[])["Producer", "Consumer", "Topics", "Cluster"])
            Assert.Contains("logbroker.v1." + service, list, StringComparison.Ordinal);
        Assert.Contains("grpc.health.v1.Health", list, StringComparison.Ordinal);
        Assert.Contains("rpc Produce ( stream .logbroker.v1.ProduceRequest )", await GrpcurlAsync("describe", "logbroker.v1.Producer"), StringComparison.Ordinal);
        Assert.Contains("SERVING", await GrpcurlAsync("grpc.health.v1.Health/Check"), StringComparison.Ordinal);

        var created = await CallAsync("logbroker.v1.Topics/CreateTopic", """{"name":"curled","partitions":1}""");
        Assert.Equal("curled", created.RootElement.GetProperty("name").GetString());
        string records = TestClient.Batch("by curl").ToBase64();
        string answers = await GrpcurlAsync("-d",
            $$$"""{"open":{"clientId":"curl"}}{"batch":{"correlationId":"1","topic":"curled","records":"{{{records}}}"}}""",
            "logbroker.v1.Producer/Produce");
        Assert.Contains("DURABILITY_QUORUM_FSYNC", answers, StringComparison.Ordinal);

        using var fetched = await CallAsync("logbroker.v1.Consumer/Fetch", """{"partitions":[{"topic":"curled"}]}""");
        string batches = fetched.RootElement.GetProperty("partitions")[0].GetProperty("batches").GetString()!;
        Assert.Equal([(0L, "by curl")], TestClient.Records(Google.Protobuf.ByteString.FromBase64(batches)));

        async Task<JsonDocument> CallAsync(string method, string request) => JsonDocument.Parse(await GrpcurlAsync("-d", request, method));

        async Task<string> GrpcurlAsync(params string[] words)
        {
            bool hasData = words[0] == "-d";
            string[] arguments = hasData ? ["-plaintext", .. words[..2], server.GrpcAddress, .. words[2..]] : ["-plaintext", server.GrpcAddress, .. words];
            var result = await ProgramRun.RunAsync(program, arguments);
            Assert.True(result.ExitCode == 0, result.Error);
            return result.Output;
        }
    }
}
