using System.Globalization;
using System.Net;
using Google.Protobuf.WellKnownTypes;
using LogBroker.Protocol.V1;
using LogBroker.Rpc;

namespace LogBroker.EndToEnd.Tests;

/// <summary>Probes, metrics, status and configuration of a running broker.</summary>
public sealed class HealthAndMetricsTests(ServerFixture fixture) : IClassFixture<ServerFixture>, IAsyncDisposable
{
    private static readonly string[] Promised =
    [
        "logbroker_build_info", "logbroker_uptime_seconds", "logbroker_nodes", "logbroker_controller_active",
        "logbroker_leaderless_partitions",
        "logbroker_under_replicated_partitions", "logbroker_produce_records_total", "logbroker_produce_bytes_total",
        "logbroker_fetch_records_total", "logbroker_fetch_bytes_total", "logbroker_request_duration_seconds",
        "logbroker_requests_in_flight",
        "logbroker_leader_elections_total", "logbroker_fsync_duration_seconds", "logbroker_append_duration_seconds", "logbroker_segments",
        "logbroker_disk_free_bytes", "logbroker_disk_total_bytes", "logbroker_corrupt_batches_total",
        "logbroker_recovery_duration_seconds", "logbroker_consumer_group_commits_total",
    ];

    private static readonly string[] PromisedOfPartitions =
    [
        "logbroker_topic_partition_start_offset", "logbroker_topic_partition_high_watermark",
        "logbroker_topic_partition_log_end_offset", "logbroker_topic_partition_bytes", "logbroker_topic_partition_leader",
        "logbroker_topic_partition_in_sync_replicas",
    ];

    private readonly TestClient _client = new(fixture.Server);
    private readonly HttpClient _http = new();

    [Theory]
    [InlineData("/healthz/live", "live")]
    [InlineData("/healthz/ready", "ready")]
    [InlineData("/healthz/startup", "100%")]
    public async Task Probes_are_well(string path, string said)
    {
        using var answer = await _http.GetAsync(fixture.Server.HttpUri(path));
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Contains(said, await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Other_paths_and_methods_are_refused()
    {
        using var missing = await _http.GetAsync(fixture.Server.HttpUri("/admin"));
        Assert.Equal(HttpStatusCode.NotFound, missing.StatusCode);
        using var post = await _http.PostAsync(fixture.Server.HttpUri("/healthz/live"), null);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, post.StatusCode);
        Assert.Contains("/metrics", await _http.GetStringAsync(fixture.Server.HttpUri("/")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Metrics_have_the_promised_names_and_count_what_happened()
    {
        await _client.CreateTopicAsync("metered", 2);
        await _client.ProduceAsync("metered", 0, "a", "b", "c");
        await _client.FetchAsync("metered", 0, 0);
        var samples = await ScrapeAsync("/metrics");
        Assert.All(Promised, name => Assert.Contains(samples, sample => sample.Name == name || sample.Name == name + "_count"));
        Assert.Equal(3, Value(samples, "logbroker_produce_records_total", "topic=\"metered\""));
        Assert.Equal(3, Value(samples, "logbroker_fetch_records_total", "topic=\"metered\""));
        Assert.True(Value(samples, "logbroker_fsync_duration_seconds_count", "") >= 1);
        Assert.True(Value(samples, "logbroker_disk_free_bytes", "") > 0);
        Assert.True(Value(samples, "logbroker_request_duration_seconds_count",
            "method=\"logbroker.v1.Topics/CreateTopic\",code=\"OK\"") >= 1);
        Assert.Equal(1, Value(samples, "logbroker_requests_in_flight", "method=\"logbroker.v1.Producer/Produce\""));
        Assert.DoesNotContain(samples, sample => sample.Name.StartsWith("logbroker_topic_partition_", StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_never_happened_is_counted_as_0()
    {
        var samples = await ScrapeAsync("/metrics");
        string[] never =
        [
            "logbroker_corrupt_batches_total", "logbroker_torn_tails_total", "logbroker_segments_rolled_total",
            "logbroker_segments_deleted_total", "logbroker_disk_full_refusals_total", "logbroker_produce_duplicates_total",
        ];
        Assert.All(never, name => Assert.Equal(0, Value(samples, name, "")));
        Assert.Equal(
            Value(samples, "logbroker_recovery_duration_seconds_count", ""),
            Value(samples, "logbroker_recovery_duration_seconds_bucket", "le=\"+Inf\""));
    }

    [Fact]
    public async Task Detail_has_every_partition()
    {
        await _client.CreateTopicAsync("detailed", 2);
        await _client.ProduceAsync("detailed", 1, "a", "b");
        var samples = await ScrapeAsync("/metrics/detail");
        const string Labels = "topic=\"detailed\",partition=\"1\"";
        Assert.Equal(2, Value(samples, "logbroker_topic_partition_high_watermark", Labels));
        Assert.Equal(0, Value(samples, "logbroker_topic_partition_start_offset", Labels));
        Assert.Equal(2, Value(samples, "logbroker_topic_partition_log_end_offset", Labels));
        Assert.Equal(1, Value(samples, "logbroker_topic_partition_leader", Labels));
        Assert.Equal(1, Value(samples, "logbroker_topic_partition_in_sync_replicas", Labels));
        Assert.True(Value(samples, "logbroker_topic_partition_bytes", Labels) > 0);
        Assert.All(PromisedOfPartitions, name => Assert.Contains(samples, sample => sample.Name == name));
    }

    [Fact]
    public async Task The_exposition_is_well_formed()
    {
        string text = await _http.GetStringAsync(fixture.Server.HttpUri("/metrics/detail"));
        string[] lines = text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        var typed = new List<string>();
        var seen = new HashSet<string>();
        foreach (string line in lines)
        {
            if (line.StartsWith("# TYPE ", StringComparison.Ordinal))
                typed.Add(line.Split(' ')[2]);
            else if (!line.StartsWith('#'))
            {
                Assert.Matches("^[a-zA-Z_:][a-zA-Z0-9_:]*(\\{[^{}]*\\})? [-+0-9.eEInfNa]+$", line);
                Assert.True(seen.Add(line[..line.LastIndexOf(' ')]), "twice: " + line);
            }
        }

        Assert.Equal(typed.Count, typed.Distinct().Count());
    }

    [Theory]
    [InlineData("")]
    [InlineData("logbroker.v1.Producer")]
    [InlineData("logbroker.v1.Consumer")]
    public async Task Grpc_health_serves(string service)
    {
        // The messages of grpc.health.v1 have one field each, numbered 1: the well-known wrappers are the same bytes.
        var check = new Method<StringValue, Int32Value>(
            MethodType.Unary,
            "grpc.health.v1.Health",
            "Check",
            Marshaller.Protobuf(StringValue.Parser),
            Marshaller.Protobuf(Int32Value.Parser));
        Assert.Equal(1, (await _client.CallAsync(check, new StringValue { Value = service })).Value);
    }

    [Fact]
    public async Task Status_and_metadata_describe_the_node()
    {
        await _client.CreateTopicAsync("described", 2);
        var status = await _client.CallAsync(BrokerMethods.GetStatus, new GetStatusRequest());
        Assert.True(status.Healthy, status.Summary);
        Assert.Equal(LogBroker.Server.ServerVersion.Text, status.Version);
        Assert.True(status.Partitions >= 2);
        var request = new GetMetadataRequest();
        request.Topics.Add(["described", "nowhere"]);
        var metadata = await _client.CallAsync(BrokerMethods.GetMetadata, request);
        Assert.Equal(fixture.Server.GrpcAddress, Assert.Single(metadata.Nodes).GrpcAddress);
        var topic = Assert.Single(metadata.Topics);
        Assert.Equal(("described", 2), (topic.Name, topic.Partitions.Count));
        Assert.All(topic.Partitions, partition => Assert.Equal(metadata.NodeId, partition.LeaderNodeId));
    }

    [Fact]
    public async Task The_effective_configuration_is_listed_with_its_origin()
    {
        var config = await _client.CallAsync(BrokerMethods.ListConfig, new ListConfigRequest());
        Assert.Equal(LogBroker.Server.ConfigTable.All.Select(key => key.Name), config.Entries.Select(entry => entry.Key));
        Assert.Equal("flag", config.Entries.Single(entry => entry.Key == "Storage:DataDirectory").Origin);
        Assert.Equal("default", config.Entries.Single(entry => entry.Key == "Limits:MaxCalls").Origin);
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _client.DisposeAsync();
    }

    private static double Value(List<(string Name, string Labels, double Value)> samples, string name, string labels) =>
        Assert.Single(samples, sample => sample.Name == name && sample.Labels == labels).Value;

    private async Task<List<(string Name, string Labels, double Value)>> ScrapeAsync(string path)
    {
        string text = await _http.GetStringAsync(fixture.Server.HttpUri(path));
        var samples = new List<(string, string, double)>();
        foreach (string line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(line => line[0] != '#'))
        {
            int space = line.LastIndexOf(' ');
            int brace = line.IndexOf('{', StringComparison.Ordinal);
            string name = brace < 0 ? line[..space] : line[..brace];
            string labels = brace < 0 ? "" : line[(brace + 1)..(space - 1)];
            samples.Add((name, labels, double.Parse(line[(space + 1)..], CultureInfo.InvariantCulture)));
        }

        return samples;
    }
}
