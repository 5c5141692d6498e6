using System.Text.Json;

namespace LogBroker.EndToEnd.Tests.Cli;

/// <summary>The commands below <c>topic</c>, <c>cluster</c> and <c>config</c> against a real broker.</summary>
public sealed class CliTopicTests(CliBroker broker) : IClassFixture<CliBroker>
{
    [Fact]
    public async Task A_topic_is_created_looked_at_changed_and_deleted()
    {
        string topic = await broker.NewTopic(3);
        Assert.Contains($"{topic}\t3\t1\t0\t", (await broker.Run("topic", "list")).MustSucceed().Output);
        using JsonDocument described = Json(await broker.Run("topic", "describe", topic, "-o", "json"));
        Assert.Equal(3, described.RootElement.GetProperty("partitions").GetArrayLength());

        CliRun refused = await broker.Run("topic", "alter", topic, "--set", "retention.ms=60000");
        Assert.Equal(2, refused.ExitCode);
        Assert.Contains("+ retention.ms=60000 (topic)", refused.Error);
        Assert.Contains("--yes", refused.Error);
        (await broker.Run("topic", "alter", topic, "--set", "retention.ms=60000", "--dry-run")).MustSucceed();
        Assert.Contains("config\tretention.ms\t604800000\tdefault", (await broker.Run("topic", "describe", topic)).Output);
        CliRun changed = (await broker.Run("topic", "alter", topic, "--set", "retention.ms=60000", "--yes")).MustSucceed();
        Assert.Empty(changed.Output);
        Assert.Contains("config\tretention.ms\t60000\ttopic", (await broker.Run("topic", "describe", topic)).Output);
        (await broker.Run("topic", "alter", topic, "--unset", "retention.ms", "-y")).MustSucceed();
        Assert.Contains("config\tretention.ms\t604800000\tdefault", (await broker.Run("topic", "describe", topic)).Output);

        (await broker.Run("topic", "add-partitions", topic, "+2", "--yes")).MustSucceed();
        Assert.Contains($"{topic}\t5\t", (await broker.Run("topic", "list")).Output);
        Assert.Equal(2, (await broker.Run("topic", "delete", topic)).ExitCode);
        (await broker.Run("topic", "delete", topic, "--dry-run")).MustSucceed();
        CliRun deleted = (await broker.Run("topic", "delete", topic, "--yes", "-o", "json")).MustSucceed();
        Assert.Equal(topic, Json(deleted).RootElement.GetProperty("topics")[0].GetProperty("name").GetString());
        CliRun gone = await broker.Run("topic", "describe", topic);
        Assert.Equal(3, gone.ExitCode);
        Assert.Contains(topic, gone.Error);
        (await broker.Run("topic", "delete", topic, "--yes", "--if-exists")).MustSucceed();
    }

    [Theory]
    [InlineData("y\n", 0, "deleted 1 topic")]
    [InlineData("yes\n", 0, "deleted 1 topic")]
    [InlineData("n\n", 1, "nothing was changed")]
    [InlineData("", 1, "nothing was changed")]
    public async Task On_a_terminal_it_asks(string answer, int exitCode, string words)
    {
        string topic = await broker.NewTopic();
        CliRun run = await CliRun.With(["topic", "delete", topic], answer, isTerminal: true, environment: broker.Environment);
        Assert.Equal(exitCode, run.ExitCode);
        Assert.Contains($"delete topic {topic} for good? [y/N]", run.Error);
        Assert.Contains(words, run.Error);
        Assert.Equal(exitCode == 0 ? 3 : 0, (await broker.Run("topic", "describe", topic)).ExitCode);
    }

    [Fact]
    public async Task Creating_again_is_a_conflict_unless_it_may_exist()
    {
        string topic = await broker.NewTopic(2);
        CliRun again = await broker.Run("topic", "create", topic);
        Assert.Equal(4, again.ExitCode);
        Assert.Contains("exists already", again.Error);
        Assert.Contains("2 partitions", (await broker.Run("topic", "create", topic, "-p", "9", "--if-not-exists")).MustSucceed().Error);
        (await broker.Run("topic", "create", topic + "-dry", "--dry-run")).MustSucceed();
        Assert.Equal(3, (await broker.Run("topic", "describe", topic + "-dry")).ExitCode);
    }

    [Theory]
    [InlineData("Row 1", 2, "name is empty", "topic", "create", "")]
    [InlineData("Row 2", 2, "not allowed", "topic", "create", "..")]
    [InlineData("Row 3", 2, "\"/\" at position", "topic", "create", "../../etc/passwd")]
    [InlineData("Row 3", 2, "position", "topic", "create", "a\\b")]
    [InlineData("Row 3", 2, "position", "topic", "create", "a\nb")]
    [InlineData("Row 5", 2, "position", "topic", "create", "größe")]
    [InlineData("Row 6", 5, "__", "topic", "create", "__mine")]
    [InlineData("Row 8", 2, "10000", "topic", "create", "row-8", "-p", "2147483647")]
    [InlineData("Row 9", 2, "replication", "topic", "create", "row-9", "-r", "3")]
    [InlineData("Row 11", 2, "did you mean retention.ms", "topic", "create", "row-11", "-c", "retention.m=1", "-c", "segment.bytes=1")]
    [InlineData("Row 12", 3, "does not exist", "topic", "add-partitions", "row-12", "3", "--yes")]
    public async Task Rows_1_to_12_bad_topics(string row, int exitCode, string words, params string[] args)
    {
        CliRun run = await broker.Run(args);
        Assert.True(run.ExitCode == exitCode, $"{row}: exit code {run.ExitCode}: {run.Error}");
        Assert.Contains(words, run.Error);
        Assert.Empty(run.Output);
    }

    [Fact]
    public async Task Row_4_a_name_of_250_characters()
    {
        CliRun run = await broker.Run("topic", "create", new string('x', 250));
        Assert.Equal(2, run.ExitCode);
        Assert.Contains("250 > 249", run.Error);
    }

    [Theory]
    [InlineData("row7.a_b", "row7_a.b")]
    [InlineData("row7_c_d", "row7.c.d")]
    public async Task Row_7_a_name_that_differs_only_in_dots_and_underscores(string first, string second)
    {
        (await broker.Run("topic", "create", first)).MustSucceed();
        CliRun run = await broker.Run("topic", "create", second);
        Assert.Equal(4, run.ExitCode);
        Assert.Empty(run.Output);
        Assert.Contains(first, run.Error);
        Assert.Contains(second, run.Error);
        Assert.Equal(3, (await broker.Run("topic", "describe", second)).ExitCode);
    }

    [Fact]
    public async Task Row_10_an_existing_topic_is_named_and_stays_as_it_is()
    {
        string topic = await broker.NewTopic(2);
        CliRun run = await broker.Run("topic", "create", topic, "-p", "5");
        Assert.Equal(4, run.ExitCode);
        Assert.Empty(run.Output);
        Assert.Contains(topic, run.Error);
        Assert.Contains("exists already", run.Error);
        Assert.Contains($"{topic}\t2\t1\t0\t", (await broker.Run("topic", "list")).MustSucceed().Output);
    }

    [Fact]
    public async Task The_status_is_a_sentence_and_facts()
    {
        using JsonDocument status = Json(await broker.Run("cluster", "status", "-o", "json"));
        Assert.True(status.RootElement.GetProperty("healthy").GetBoolean());
        Assert.Equal(broker.Server.GrpcAddress, status.RootElement.GetProperty("nodes")[0].GetProperty("grpcAddress").GetString());
        Assert.Contains("healthy\ttrue\n", (await broker.Run("cluster", "status")).MustSucceed().Output);
        Assert.Contains("healthy", (await broker.Run("cluster", "status", "-o", "table")).MustSucceed().Output);
    }

    [Fact]
    public async Task Configuration_is_listed_and_explained()
    {
        Assert.Contains($"Storage:DataDirectory\t{broker.Server.DataDirectory}\tflag\t", (await broker.Run("config", "list")).MustSucceed()
            .Output);
        using JsonDocument ofTopics = Json(await broker.Run("config", "explain", "retention.ms", "-o", "json"));
        Assert.Equal("604800000", ofTopics.RootElement.GetProperty("value").GetString());
        Assert.NotEmpty(ofTopics.RootElement.GetProperty("documentation").GetString()!);
        string topic = await broker.NewTopic();
        (await broker.Run("topic", "alter", topic, "--set", "retention.ms=70000", "--yes")).MustSucceed();
        Assert.Contains("value\t70000\norigin\ttopic\n", (await broker.Run("config", "explain", "retention.ms", "-t", topic)).MustSucceed()
            .Output);
        CliRun unknown = await broker.Run("config", "explain", "retenton.ms");
        Assert.Equal(3, unknown.ExitCode);
        Assert.Contains("did you mean 'retention.ms'?", unknown.Error);
    }

    [Theory]
    [InlineData("topic", "list")]
    [InlineData("topic", "list", "--internal")]
    [InlineData("cluster", "status")]
    [InlineData("cluster", "health")]
    [InlineData("cluster", "nodes")]
    [InlineData("cluster", "partitions")]
    [InlineData("config", "list")]
    [InlineData("config", "explain", "retention.ms", "segment.bytes")]
    [InlineData("version")]
    public async Task Every_look_is_json_when_asked(params string[] args)
    {
        Json(await broker.Run([.. args, "-o", "json"])).Dispose();
        CliRun lines = (await broker.Run([.. args, "-o", "jsonl"])).MustSucceed();
        Assert.All(lines.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries), line => JsonDocument.Parse(line).Dispose());
        Assert.Empty(lines.Error);
    }

    private static JsonDocument Json(CliRun run) => JsonDocument.Parse(run.MustSucceed().Output);
}
