using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using LogBroker.Cli;

namespace LogBroker.EndToEnd.Tests.Cli;

/// <summary>Row 52 of the bad input table, and the help: what happens without a broker.</summary>
public sealed class CliUsageTests
{
    [Theory]
    [InlineData("--partitions", "topic", "create", "orders", "--partitons", "3")]
    [InlineData("--follow", "consume", "orders", "--folow")]
    [InlineData("create", "topic", "crate", "orders")]
    [InlineData("consume", "consum", "orders")]
    [InlineData("json", "version", "-o", "jsn")]
    public async Task Row_52_a_wrong_word_is_answered_with_the_right_one(string meant, params string[] args)
    {
        CliRun run = await CliRun.Of(args);
        Assert.Equal(2, run.ExitCode);
        Assert.Empty(run.Output);
        Assert.Contains($"did you mean '{meant}'?", run.Error);
        Assert.Contains("usage: logbroker ", run.Error);
    }

    [Theory]
    [InlineData("consume")]
    [InlineData("topic", "create")]
    [InlineData("topic", "create", "a", "b")]
    [InlineData("topic", "create", "a", "-p", "six")]
    [InlineData("topic", "create", "a", "-p")]
    [InlineData("topic", "create", "a", "-p", "0")]
    [InlineData("topic", "create", "a", "-p", "1", "-p", "2")]
    [InlineData("topic", "create", "a", "-c", "nothing")]
    [InlineData("topic", "alter", "a")]
    [InlineData("topic", "trim", "a")]
    [InlineData("topic", "trim", "a", "--before", "yesterday")]
    [InlineData("topic", "add-partitions", "a", "many")]
    [InlineData("consume", "a", "--from", "nowhere")]
    [InlineData("consume", "a", "-f", "%z")]
    [InlineData("consume", "a", "-f", "%v", "-o", "json")]
    [InlineData("consume", "a", "--follow", "--until", "end")]
    [InlineData("consume", "a", "-n", "0")]
    [InlineData("produce", "a", "-D", "")]
    [InlineData("produce", "a", "-H", "nothing")]
    [InlineData("produce", "a", "--rate", "fast")]
    [InlineData("produce", "a", "-k", "x", "-K", ",")]
    [InlineData("produce", "a", "-i", "jsonl", "-D", ",")]
    [InlineData("produce", "a", "--acks", "all")]
    [InlineData("produce", "a", "--key-regex", "(")]
    [InlineData("topic", "list", "--timeout", "soon")]
    [InlineData("topic", "list", "-s", "not a host")]
    [InlineData("topic", "list", "-s", "host:99999")]
    [InlineData("group", "describe")]
    [InlineData("group", "reset", "g")]
    [InlineData("group", "reset", "g", "--to", "nowhere")]
    [InlineData("group", "reset", "g", "--to", "end", "--to-group", "h")]
    [InlineData("group", "describe", "a\nb")]
    [InlineData("group", "describe", "g", "--watch", "-o", "json")]
    [InlineData("consume", "a", "-g", "g", "--until", "end")]
    [InlineData("consume", "a", "-g", "g", "-p", "0")]
    [InlineData("consume", "a", "-g", "g", "--from", "47")]
    [InlineData("consume", "a", "-g", "g", "--session-timeout", "5s")]
    [InlineData("consume", "a", "--session-timeout", "10s")]
    [InlineData("table", "get", "a")]
    [InlineData("table", "get", "a", "k", "--linearizable", "--from-followers")]
    [InlineData("topic")]
    [InlineData]
    public async Task Row_52_a_wrong_command_line_ends_with_2_and_writes_no_data(params string[] args)
    {
        CliRun run = await CliRun.Of(args);
        Assert.Equal(2, run.ExitCode);
        Assert.Empty(run.Output);
        Assert.NotEmpty(run.Error);
    }

    [Theory]
    [InlineData("topic", "list")]
    [InlineData("topic", "create", "a")]
    [InlineData("topic", "describe", "a")]
    [InlineData("topic", "alter", "a", "--set", "retention.ms=1")]
    [InlineData("topic", "add-partitions", "a", "3")]
    [InlineData("topic", "trim", "a", "--before", "end")]
    [InlineData("topic", "delete", "a")]
    [InlineData("produce", "a")]
    [InlineData("consume", "a")]
    [InlineData("consume", "a", "--follow")]
    [InlineData("consume", "a", "-g", "g")]
    [InlineData("group", "list")]
    [InlineData("group", "describe", "g")]
    [InlineData("group", "reset", "g", "--to", "start")]
    [InlineData("group", "delete", "g")]
    [InlineData("group", "export", "g")]
    [InlineData("table", "get", "a", "k")]
    [InlineData("table", "scan", "a")]
    [InlineData("cluster", "status")]
    [InlineData("cluster", "health")]
    [InlineData("cluster", "nodes")]
    [InlineData("cluster", "partitions")]
    [InlineData("cluster", "transfer-leader", "a/0")]
    [InlineData("cluster", "drain", "1")]
    [InlineData("config", "list")]
    [InlineData("config", "explain", "retention.ms")]
    public async Task Row_52_without_a_broker_the_address_and_the_reason_are_named(params string[] args)
    {
        string address = UnusedAddress();
        CliRun run = await CliRun.With([.. args, "-s", address, "--timeout", "1s"], input: "record\n");
        Assert.Equal(6, run.ExitCode);
        Assert.Empty(run.Output);
        Assert.Contains($"cannot reach {address}: Connection refused", run.Error);
    }

    [Fact]
    public async Task The_environment_names_the_servers()
    {
        string address = UnusedAddress();
        CliRun run = await CliRun.With(
            ["topic", "list"], environment: new() { ["LOGBROKER_SERVERS"] = address, ["LOGBROKER_TIMEOUT"] = "1s" });
        Assert.Equal(6, run.ExitCode);
        Assert.Contains(address, run.Error);
    }

    [Fact]
    public async Task Every_command_has_help_with_examples_first()
    {
        foreach (string[] path in Leaves())
        {
            CliRun run = (await CliRun.Of([.. path, "--help"])).MustSucceed();
            Assert.Empty(run.Error);
            int examples = run.Output.IndexOf("Examples:", StringComparison.Ordinal);
            int usage = run.Output.IndexOf("Usage:", StringComparison.Ordinal);
            Assert.True(examples > 0 && usage > examples, string.Join(' ', path));
            Assert.Contains($"logbroker {string.Join(' ', path)}", run.Output[examples..usage]);
            Assert.All(run.Output.Split('\n'), line => Assert.True(line.Length <= 130, line));
        }
    }

    [Fact]
    public async Task Every_command_takes_every_shape()
    {
        foreach (string[] path in Leaves())
        {
            CliRun run = await CliRun.Of([.. path, "-o", "yaml"]);
            Assert.Equal(2, run.ExitCode);
            Assert.Contains("table, tsv, json, jsonl", run.Error);
        }
    }

    [Fact]
    public void The_reference_names_every_command_and_option()
    {
        string reference = File.ReadAllText(Path.Combine(RepositoryRoot.Path, "docs", "cli.md"));
        var tree = new CommandTree();
        foreach (System.CommandLine.Command command in HelpWriter.Leaves(tree.Root))
        {
            Assert.Contains($"`{HelpWriter.Path(command, tree.Root)}", reference);
            Assert.All(command.Options.Where(o => !o.Hidden), option => Assert.Contains($"`{option.Name}", reference));
        }

        Assert.All(tree.Globals.All, option => Assert.Contains($"`{option.Name}", reference));
    }

    [Fact]
    public async Task The_version_is_one_line_or_json()
    {
        Assert.Matches("^logbroker [0-9.]+\n$", (await CliRun.Of("version")).MustSucceed().Output);
        using JsonDocument json = JsonDocument.Parse((await CliRun.Of("version", "-o", "json")).MustSucceed().Output);
        Assert.Equal(VersionCommand.Version, json.RootElement.GetProperty("version").GetString());
    }

    [Fact]
    public void Colours_are_not_wanted_by_everybody()
    {
        Assert.True(CliHost.ColorIsWelcome(_ => null));
        Assert.False(CliHost.ColorIsWelcome(name => name == "NO_COLOR" ? "1" : null));
        Assert.False(CliHost.ColorIsWelcome(name => name == "TERM" ? "dumb" : null));
    }

    private static IEnumerable<string[]> Leaves()
    {
        var tree = new CommandTree();
        return HelpWriter.Leaves(tree.Root).Select(c => HelpWriter.Path(c, tree.Root).Split(' '));
    }

    /// <summary>A port that was free a moment ago.</summary>
    private static string UnusedAddress()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return listener.LocalEndpoint.ToString()!;
    }

}
