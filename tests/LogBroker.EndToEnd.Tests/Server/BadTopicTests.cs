using LogBroker.Protocol.V1;
using LogBroker.Rpc;

namespace LogBroker.EndToEnd.Tests;

/// <summary>Bad input about topics over gRPC; the numbers are the rows of the table of bad input.</summary>
public sealed class BadTopicTests(ServerFixture fixture) : IClassFixture<ServerFixture>, IAsyncDisposable
{
    private readonly TestClient _client = new(fixture.Server);

    [Theory]
    [InlineData("", "is empty")]
    [InlineData(".", "not allowed")]
    [InlineData("..", "not allowed")]
    [InlineData("../../etc/passwd", "\"/\" at position 2")]
    [InlineData("a/b", "\"/\" at position 1")]
    [InlineData("a\\b", "at position 1")]
    [InlineData("C:x", "\":\" at position 1")]
    [InlineData("a\0b", "\\u0000")]
    [InlineData("a\nb", "\\u000A")]
    [InlineData("\u0442opic", "\\u0442")]
    [InlineData("a\u202Eb", "\\u202E")]
    public async Task Row1_2_3_5_topic_names_that_are_no_names(string name, string said)
    {
        var (code, reason, message) = await _client.RefusedAsync(BrokerMethods.CreateTopic, new CreateTopicRequest { Name = name });
        Assert.Equal((StatusCode.InvalidArgument, "INVALID_TOPIC"), (code, reason));
        Assert.Contains(said, message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Row4_a_name_of_250_characters()
    {
        var request = new CreateTopicRequest { Name = new string('a', 250) };
        var (_, reason, message) = await _client.RefusedAsync(BrokerMethods.CreateTopic, request);
        Assert.Equal("INVALID_TOPIC", reason);
        Assert.Contains("250 > 249", message, StringComparison.Ordinal);
        await _client.CreateTopicAsync(new string('a', 249));
    }

    [Fact]
    public async Task Row6_internal_names_are_the_brokers()
    {
        foreach (string name in (string[])["__mine", "__cluster_metadata"])
        {
            var (code, reason, _) = await _client.RefusedAsync(BrokerMethods.CreateTopic, new CreateTopicRequest { Name = name });
            Assert.Equal((StatusCode.PermissionDenied, "INTERNAL_TOPIC"), (code, reason));
        }

        var batch = new ProduceBatch { Topic = "__cluster_metadata", Records = TestClient.Batch("x") };
        Assert.Equal("INTERNAL_TOPIC", (await _client.ProduceRefusedAsync(batch)).Reason);
        var delete = new DeleteTopicRequest { Name = "__cluster_metadata" };
        var (_, deletion, _) = await _client.RefusedAsync(BrokerMethods.DeleteTopic, delete);
        Assert.Equal("INTERNAL_TOPIC", deletion);
    }

    [Fact]
    public async Task Row7_names_that_collide()
    {
        await _client.CreateTopicAsync("col.lide");
        var (code, reason, message) = await _client.RefusedAsync(BrokerMethods.CreateTopic, new CreateTopicRequest { Name = "col_lide" });
        Assert.Equal((StatusCode.AlreadyExists, "TOPIC_COLLISION"), (code, reason));
        Assert.Contains("col.lide", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(int.MaxValue)]
    [InlineData(10_001)]
    public async Task Row8_partition_counts(int partitions)
    {
        var request = new CreateTopicRequest { Name = "row8", Partitions = partitions };
        var (code, reason, message) = await _client.RefusedAsync(BrokerMethods.CreateTopic, request);
        Assert.Equal((StatusCode.InvalidArgument, "INVALID_PARTITIONS"), (code, reason));
        Assert.Contains("10000", message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Row8_partitions_cannot_become_fewer()
    {
        await _client.CreateTopicAsync("row8b", 3);
        foreach (int partitions in (int[])[0, -1, 2, 10_001])
        {
            var request = new AddPartitionsRequest { Name = "row8b", Partitions = partitions };
            Assert.Equal("INVALID_PARTITIONS", (await _client.RefusedAsync(BrokerMethods.AddPartitions, request)).Reason);
        }

        var more = await _client.CallAsync(BrokerMethods.AddPartitions, new AddPartitionsRequest { Name = "row8b", Partitions = 5 });
        Assert.Equal([0, 1, 2, 3, 4], more.Partitions.Select(p => p.Partition_));
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(2)]
    [InlineData(4)]
    public async Task Row9_replication_factors(int factor)
    {
        var request = new CreateTopicRequest { Name = "row9", ReplicationFactor = factor };
        var (code, reason, message) = await _client.RefusedAsync(BrokerMethods.CreateTopic, request);
        Assert.Equal((StatusCode.InvalidArgument, "INVALID_REPLICATION_FACTOR"), (code, reason));
        Assert.Contains("1", message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Row10_create_twice()
    {
        var request = new CreateTopicRequest { Name = "row10", Partitions = 2, RequestId = "r1" };
        var first = await _client.CallAsync(BrokerMethods.CreateTopic, request);
        var again = await _client.CallAsync(BrokerMethods.CreateTopic, request);
        Assert.Equal(first.TopicId, again.TopicId);
        var other = new CreateTopicRequest { Name = "row10", Partitions = 2 };
        var (code, reason, _) = await _client.RefusedAsync(BrokerMethods.CreateTopic, other);
        Assert.Equal((StatusCode.AlreadyExists, "TOPIC_ALREADY_EXISTS"), (code, reason));
        request.Partitions = 3;
        Assert.Equal("TOPIC_ALREADY_EXISTS", (await _client.RefusedAsync(BrokerMethods.CreateTopic, request)).Reason);
    }

    [Fact]
    public async Task Row11_all_faults_of_a_configuration_at_once()
    {
        var request = new CreateTopicRequest { Name = "row11" };
        request.Config["retention.msec"] = "1";
        request.Config["retention.ms"] = "-5";
        request.Config["segment.bytes"] = "1";
        request.Config["durability"] = "ram";
        request.Config["max.message.bytes"] = "5q";
        var (code, reason, message) = await _client.RefusedAsync(BrokerMethods.CreateTopic, request);
        Assert.Equal((StatusCode.InvalidArgument, "INVALID_CONFIG"), (code, reason));
        Assert.All(request.Config.Keys, key => Assert.Contains(key, message, StringComparison.Ordinal));
        Assert.Contains("did you mean retention.ms?", message, StringComparison.Ordinal);
        await IsUnknownAsync("row11");
    }

    [Fact]
    public async Task Row12_unknown_topics_and_partitions()
    {
        await _client.CreateTopicAsync("row12", 2);
        var (code, reason, message) = await _client.RefusedAsync(BrokerMethods.GetTopic, new GetTopicRequest { Name = "nowhere" });
        Assert.Equal((StatusCode.NotFound, "UNKNOWN_TOPIC_OR_PARTITION"), (code, reason));
        Assert.Contains("nowhere", message, StringComparison.Ordinal);
        Assert.Equal("UNKNOWN_TOPIC_OR_PARTITION",
            (await _client.RefusedAsync(BrokerMethods.DeleteTopic, new DeleteTopicRequest { Name = "nowhere" })).Reason);
        foreach (var (topic, partition) in ((string, int)[])[("nowhere", 0), ("row12", 2), ("row12", -1)])
        {
            var batch = new ProduceBatch { Topic = topic, Partition = partition, Records = TestClient.Batch("x") };
            Assert.Equal("UNKNOWN_TOPIC_OR_PARTITION", (await _client.ProduceRefusedAsync(batch)).Reason);
            var fetched = await _client.FetchAsync(topic, partition, 0);
            Assert.Equal("UNKNOWN_TOPIC_OR_PARTITION", TestClient.Explain(fetched.Error).Reason);
        }
    }

    [Fact]
    public async Task Validate_only_creates_nothing_and_alter_and_delete_work()
    {
        var request = new CreateTopicRequest { Name = "dry", ValidateOnly = true };
        await _client.CallAsync(BrokerMethods.CreateTopic, request);
        await IsUnknownAsync("dry");
        request.ValidateOnly = false;
        var topic = await _client.CallAsync(BrokerMethods.CreateTopic, request);
        Assert.Equal(3, topic.Partitions.Count);
        var update = new UpdateTopicRequest { Name = "dry" };
        update.Set["retention.ms"] = "1h";
        var updated = await _client.CallAsync(BrokerMethods.UpdateTopic, update);
        var entry = updated.Config.Single(config => config.Key == "retention.ms");
        Assert.Equal(("3600000", ConfigEntry.Types.Origin.Topic), (entry.Value, entry.Origin));
        var wrongId = new DeleteTopicRequest { Name = "dry", TopicId = new string('0', 32) };
        await _client.RefusedAsync(BrokerMethods.DeleteTopic, wrongId);
        var deleted = await _client.CallAsync(BrokerMethods.DeleteTopic, new DeleteTopicRequest { Name = "dry", TopicId = topic.TopicId });
        Assert.Equal(topic.TopicId, deleted.TopicId);
    }

    [Fact]
    public async Task Lists_come_in_pages()
    {
        foreach (string name in (string[])["page.a", "page.b", "page.c"])
            await _client.CreateTopicAsync(name);
        var names = new List<string>();
        string token = "";
        do
        {
            var page = await _client.CallAsync(BrokerMethods.ListTopics, new ListTopicsRequest { PageSize = 2, PageToken = token });
            Assert.InRange(page.Topics.Count, 0, 2);
            names.AddRange(page.Topics.Select(topic => topic.Name));
            token = page.NextPageToken;
        }
        while (token.Length > 0);
        Assert.Equal(names.Order(StringComparer.Ordinal), names);
        Assert.Equal(3, names.Count(name => name.StartsWith("page.", StringComparison.Ordinal)));
        Assert.DoesNotContain("__cluster_metadata", names);
    }

    public ValueTask DisposeAsync() => _client.DisposeAsync();

    private async Task IsUnknownAsync(string topic) =>
        Assert.Equal(
            "UNKNOWN_TOPIC_OR_PARTITION",
            (await _client.RefusedAsync(BrokerMethods.GetTopic, new GetTopicRequest { Name = topic })).Reason);
}
