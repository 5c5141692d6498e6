using System.Text.Json;

namespace LogBroker.EndToEnd.Tests.Cli;

/// <summary>Records through <c>produce</c> and <c>consume</c> and a real broker.</summary>
public sealed class CliDataTests(CliBroker broker) : IClassFixture<CliBroker>
{
    [Fact]
    public async Task Lines_go_in_and_come_out()
    {
        string topic = await broker.NewTopic();
        CliRun produced = (await broker.RunWith("one\n\nthree", "produce", topic)).MustSucceed();
        Assert.Empty(produced.Output);
        Assert.StartsWith("acknowledged 3 records (8 B)", produced.Error);
        CliRun consumed = (await broker.Run("consume", topic)).MustSucceed();
        Assert.Equal("one\n\nthree\n", consumed.Output);
        Assert.Empty(consumed.Error);
    }

    [Fact]
    public async Task Delimiters_are_the_same_both_ways()
    {
        string topic = await broker.NewTopic();
        const string Stanzas = "a=1\nmore\n\nb=2\n\na=3\n\n";
        (await broker.RunWith(Stanzas, "produce", topic, "-D", "\\n\\n", "-K", "=")).MustSucceed();
        Assert.Equal(Stanzas, (await broker.Run("consume", topic, "-D", "\\n\\n", "-K", "=")).MustSucceed().Output);
        Assert.Equal("a:6 b:1 a:1 ", (await broker.Run("consume", topic, "-f", "%k:%s \\c")).MustSucceed().Output);
    }

    [Fact]
    public async Task Jsonl_copies_a_topic_exactly()
    {
        const string Records =
            """
            {"timestampMs":1000,"key":"k","value":"v","headers":[{"key":"h","value":"1"},{"key":"h","value":null}]}
            {"timestampMs":1000,"key":"k","value":"v","headers":[{"key":"","valueBase64":"/w=="}]}
            {"timestampMs":1001,"key":"k","value":null}
            {"timestampMs":1002,"key":null,"value":""}
            {"timestampMs":1003,"key":"","valueBase64":"AP8="}
            """;
        string first = await broker.NewTopic();
        string second = await broker.NewTopic();
        (await broker.RunWith(Records, "produce", first, "-i", "jsonl")).MustSucceed();
        string exported = (await broker.Run("consume", first, "-o", "jsonl")).MustSucceed().Output;
        (await broker.RunWith(exported, "produce", second, "-i", "jsonl")).MustSucceed();
        string again = (await broker.Run("consume", second, "-o", "jsonl")).MustSucceed().Output;
        Assert.Equal(exported, again.Replace($"\"{second}\"", $"\"{first}\""));
        string[] expected = Records.Split('\n', StringSplitOptions.TrimEntries);
        Assert.Equal(
            expected.Select((r, i) => "{\"topic\":\"" + first + "\",\"partition\":0,\"offset\":" + i + "," + r[1..]),
            exported.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(r => r.Replace("\\u0000", "\0")));
        using JsonDocument document = JsonDocument.Parse((await broker.Run("consume", first, "-o", "json")).MustSucceed().Output);
        Assert.Equal(5, document.RootElement.GetProperty("records").GetArrayLength());
    }

    [Fact]
    public async Task Keys_headers_partitions_and_tombstones_come_from_flags()
    {
        string topic = await broker.NewTopic(3);
        (await broker.RunWith("v\n", "produce", topic, "-k", "key", "-H", "a:1", "-H", "b:x:y", "-p", "2")).MustSucceed();
        (await broker.Run("produce", topic, "-k", "key", "--tombstone", "-p", "2")).MustSucceed();
        (await broker.RunWith("gone\n", "produce", topic, "--tombstone", "-p", "2")).MustSucceed();
        Assert.Equal(
            "2 0 key=v [a=1,b=x:y]\n2 1 key= []\n2 2 gone= []\n",
            (await broker.Run("consume", topic, "-f", "%p %o %k=%v [%h]")).MustSucceed().Output);
        Assert.Contains("\"key\":\"gone\",\"value\":null", (await broker.Run("consume", topic, "-p", "2", "--from", "2", "-o", "jsonl"))
            .Output);
        Assert.Empty((await broker.Run("consume", topic, "-p", "0,1")).MustSucceed().Output);
    }

    [Fact]
    public async Task Keys_are_found_by_a_pattern()
    {
        string topic = await broker.NewTopic();
        (await broker.RunWith(
            "Package: abc\nSize: 1\n\nPackage: def\nSize: 2\n\n",
            "produce",
            topic,
            "-D",
            "\\n\\n",
            "--key-regex",
            "^Package: (.*)$")).MustSucceed();
        Assert.Equal("abc\ndef\n", (await broker.Run("consume", topic, "-f", "%k")).MustSucceed().Output);
    }

    [Theory]
    [InlineData("1 2 3 4 5 6 7 8 9 10")]
    [InlineData("3 4 5 6 7 8 9 10", "--from", "+2")]
    [InlineData("9 10", "--from", "-2")]
    [InlineData("8 9 10", "--offset", "7")]
    [InlineData("3 4", "--from", "2:4")]
    [InlineData("1 2", "--until", "2")]
    [InlineData("1 2 3", "-n", "3")]
    [InlineData("", "--from", "end")]
    [InlineData("", "--from", "@2999-01-01")]
    [InlineData("1 2 3 4 5 6 7 8 9 10", "--from", "@-1h", "--until", "end")]
    [InlineData("6 7", "--from", "0=5", "-n", "2")]
    public async Task Positions_choose_the_records(string expected, params string[] options)
    {
        string topic = await broker.NewTopic();
        (await broker.RunWith(string.Join('\n', Enumerable.Range(1, 10)), "produce", topic)).MustSucceed();
        CliRun run = (await broker.Run(["consume", topic, "-f", "%v \\c", .. options])).MustSucceed();
        Assert.Equal(expected, run.Output.TrimEnd());
    }

    [Fact]
    public async Task Several_topics_and_offsets_by_partition()
    {
        string first = await broker.NewTopic(2);
        string second = await broker.NewTopic();
        foreach (string partition in new[] { "0", "1" })
        {
            (await broker.RunWith("a\nb\nc\n", "produce", first, "-p", partition)).MustSucceed();
        }

        (await broker.RunWith("z\n", "produce", second)).MustSucceed();
        CliRun both = (await broker.Run("consume", first, second, "-f", "%t %p %v")).MustSucceed();
        Assert.Equal(7, both.Output.Count(c => c == '\n'));
        CliRun resumed = (await broker.Run("consume", first, "--from", "0=2,end", "-f", "%p %v")).MustSucceed();
        Assert.Equal("0 c\n", resumed.Output);
    }

    [Fact]
    public async Task Receipts_and_summaries_are_data()
    {
        string topic = await broker.NewTopic();
        CliRun receipts = (await broker.RunWith("a\nb\n", "produce", topic, "-o", "jsonl", "-q")).MustSucceed();
        Assert.Empty(receipts.Error);
        string[] lines = receipts.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(2, lines.Length);
        using JsonDocument receipt = JsonDocument.Parse(lines[1]);
        Assert.Equal((1, "quorum-fsync"), (
            receipt.RootElement.GetProperty("offset").GetInt64(), receipt.RootElement.GetProperty("durability").GetString()));
        CliRun summary = (await broker.RunWith("c\n", "produce", topic, "-o", "json", "-q", "-z", "gzip")).MustSucceed();
        using JsonDocument sum = JsonDocument.Parse(summary.Output);
        Assert.Equal(1, sum.RootElement.GetProperty("recordsAcknowledged").GetInt64());
        Assert.Equal(2, sum.RootElement.GetProperty("partitions")[0].GetProperty("firstOffset").GetInt64());
        Assert.Equal("a\nb\nc\n", (await broker.Run("consume", topic)).MustSucceed().Output);
        Assert.Contains("sent 1 record", (await broker.RunWith("d\n", "produce", topic, "--acks", "none")).MustSucceed().Error);
    }

    [Fact]
    public async Task Row_16_a_record_that_is_too_large_fails_alone()
    {
        string topic = await broker.NewTopic();
        string large = new('x', 2_000_000);
        CliRun some = await broker.RunWith($"a\n{large}\nb\n", "produce", topic);
        Assert.Equal(8, some.ExitCode);
        Assert.Contains("acknowledged 2 records", some.Error);
        Assert.Contains("1 of 3 records failed; the first was record 2", some.Error);
        Assert.Equal("a\nb\n", (await broker.Run("consume", topic)).MustSucceed().Output);
        CliRun none = await broker.RunWith(large, "produce", topic);
        Assert.Equal(2, none.ExitCode);
        Assert.Contains("max.message.bytes", none.Error);
    }

    [Fact]
    public async Task Bad_input_in_the_middle_keeps_what_came_before()
    {
        string topic = await broker.NewTopic();
        CliRun run = await broker.RunWith("{\"value\":\"a\"}\nnonsense\n{\"value\":\"b\"}\n", "produce", topic, "-i", "jsonl");
        Assert.Equal(8, run.ExitCode);
        Assert.Contains("line 2 is no record", run.Error);
        Assert.Equal("a\n", (await broker.Run("consume", topic)).MustSucceed().Output);
    }

    [Theory]
    [InlineData("produce", "no-such-topic")]
    [InlineData("consume", "no-such-topic")]
    [InlineData("consume", "no-such-topic", "--follow")]
    public async Task Row_12_the_error_names_the_command_that_creates_the_topic(params string[] args)
    {
        CliRun run = await broker.RunWith("x\n", args);
        Assert.Equal(3, run.ExitCode);
        Assert.Contains("logbroker topic create no-such-topic", run.Error);
        Assert.Empty(run.Output);
    }

    [Fact]
    public async Task Rows_12_and_33_places_that_are_not_there()
    {
        string topic = await broker.NewTopic();
        Assert.Equal(3, (await broker.Run("consume", topic, "-p", "7")).ExitCode);
        Assert.Equal(3, (await broker.RunWith("x\n", "produce", topic, "-p", "7")).ExitCode);
        CliRun beyond = await broker.Run("consume", topic, "--from", "5");
        Assert.Equal(4, beyond.ExitCode);
        Assert.Contains("0 to 0", beyond.Error);
        Assert.Equal(3, (await broker.Run("produce", topic, "/no/such/file")).ExitCode);
    }

    [Fact]
    public async Task Trimming_deletes_from_the_front()
    {
        string topic = await broker.NewTopic(2);
        (await broker.RunWith("a\nb\nc\n", "produce", topic, "-p", "0")).MustSucceed();
        Assert.Equal(2, (await broker.Run("topic", "trim", topic, "--before", "2")).ExitCode);
        CliRun dry = (await broker.Run("topic", "trim", topic, "--before", "2", "--dry-run")).MustSucceed();
        Assert.Contains("- partition 0: offsets 0 to 1", dry.Error);
        Assert.Equal("a\nb\nc\n", (await broker.Run("consume", topic)).Output);
        (await broker.Run("topic", "trim", topic, "--before", "2", "--yes")).MustSucceed();
        Assert.Equal("c\n", (await broker.Run("consume", topic)).Output);
        CliRun deleted = await broker.Run("consume", topic, "-p", "0", "--from", "0");
        Assert.Equal(4, deleted.ExitCode);
        Assert.Contains("offset 0", deleted.Error);
        Assert.Contains("deleted", deleted.Error);
        Assert.Equal(4, (await broker.Run("topic", "trim", topic, "-p", "0", "--before", "99", "--yes")).ExitCode);
        (await broker.Run("topic", "trim", topic, "--before", "end", "--yes")).MustSucceed();
        Assert.Empty((await broker.Run("consume", topic)).MustSucceed().Output);
        Assert.Contains("nothing to delete", (await broker.Run("topic", "trim", topic, "--before", "end", "--yes")).MustSucceed().Error);
    }

    [Theory]
    [InlineData("-5")]
    [InlineData("253402300799000")]
    [InlineData("4102444800000")]
    public async Task Row_26_a_time_that_cannot_be(string timestampMs)
    {
        string topic = await broker.NewTopic();
        CliRun run = await broker.RunWith(
            $"{{\"value\":\"x\",\"timestampMs\":{timestampMs}}}\n", "produce", topic, "-i", "jsonl");
        Assert.Equal(2, run.ExitCode);
        Assert.Empty(run.Output);
        Assert.Contains($"Timestamp: {timestampMs} ms is outside [0, ", run.Error);
        Assert.Empty((await broker.Run("consume", topic)).MustSucceed().Output);
    }

    [Fact]
    public async Task Row_34_an_offset_that_was_trimmed_names_the_earliest()
    {
        string topic = await broker.NewTopic();
        (await broker.RunWith("a\nb\nc\nd\n", "produce", topic)).MustSucceed();
        (await broker.Run("topic", "trim", topic, "--before", "3", "--yes")).MustSucceed();
        foreach (string from in new[] { "0", "2" })
        {
            CliRun run = await broker.Run("consume", topic, "--from", from);
            Assert.Equal(4, run.ExitCode);
            Assert.Empty(run.Output);
            Assert.Contains($"offset {from} of partition {topic}/0 was deleted; the earliest is 3", run.Error);
        }

        Assert.Equal("d\n", (await broker.Run("consume", topic, "--from", "3")).MustSucceed().Output);
    }

    [Fact]
    public async Task On_a_terminal_records_are_a_table()
    {
        string topic = await broker.NewTopic();
        (await broker.RunWith("va\tlue\n", "produce", topic, "-k", "key")).MustSucceed();
        CliRun run = (await CliRun.With(["consume", topic], isTerminal: true, environment: broker.Environment)).MustSucceed();
        string[] lines = run.Output.Split('\n');
        Assert.StartsWith("PART     OFFSET  TIME", lines[0]);
        Assert.EndsWith("key                   va\\tlue", lines[1]);
    }
}
