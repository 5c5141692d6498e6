using System.Collections;
using System.Text.Json;
using LogBroker.Server;

namespace LogBroker.EndToEnd.Tests;

/// <summary>Where configuration comes from, and what is said about the wrong kind.</summary>
public sealed class ConfigurationTests
{
    private static readonly Hashtable NoVariables = [];

    [Fact]
    public void The_reference_in_docs_is_current()
    {
        string path = Path.Combine(RepositoryRoot.Path, "docs", "configuration.md");
        Assert.Equal(ConfigDocument.Markdown(), File.ReadAllText(path));
    }

    [Fact]
    public void Every_default_is_valid_and_every_key_is_documented()
    {
        var config = ConfigLoader.Load(null, NoVariables, [], out var faults);
        Assert.Empty(faults);
        Assert.NotNull(BrokerOptions.From(config!, null, out _));
        Assert.All(ConfigTable.All, key => Assert.EndsWith(".", key.Documentation, StringComparison.Ordinal));
        Assert.Equal(ConfigTable.All.Count, ConfigTable.All.Select(key => key.Flag).Distinct().Count());
    }

    [Fact]
    public void A_flag_beats_the_environment_which_beats_the_file_which_beats_the_default()
    {
        using var directory = new TestDirectory();
        string file = directory.File("broker.json");
        File.WriteAllText(file, """
            { // comments are allowed
              "LogBroker": { "Limits": { "MaxCalls": 11, "MaxConnections": 12, "MaxHttpConnections": 13 } } }
            """);
        var variables = new Hashtable { ["LOGBROKER__LIMITS__MAXCONNECTIONS"] = "22", ["LOGBROKER__Limits__MaxHttpConnections"] = "23" };
        WrittenValue[] flags = [new("limits:maxhttpconnections", "33", ConfigOrigin.Flag, "flag --limits:maxhttpconnections")];
        var config = ConfigLoader.Load(file, variables, flags, out var faults);
        Assert.Empty(faults);
        Assert.Equal((11, ConfigOrigin.File), Of(ConfigTable.MaxCalls));
        Assert.Equal((22, ConfigOrigin.Environment), Of(ConfigTable.MaxConnections));
        Assert.Equal((33, ConfigOrigin.Flag), Of(ConfigTable.MaxHttpConnections));
        Assert.Equal((100, ConfigOrigin.Default), Of(ConfigTable.MaxStreamsPerConnection));

        (long, ConfigOrigin) Of(ConfigKey key) => (config![key].Number, config[key].Origin);
    }

    [Theory]
    [InlineData("Storage:SegmentBytes", "64MiB", true)]
    [InlineData("Storage:SegmentBytes", "1", false)]
    [InlineData("Storage:SegmentBytes", "5q", false)]
    [InlineData("Storage:SegmentAge", "36h", true)]
    [InlineData("TopicDefaults:RetentionTime", "-1", true)]
    [InlineData("TopicDefaults:RetentionTime", "-5", false)]
    [InlineData("TopicDefaults:retention.ms", "604800000", true)]
    [InlineData("TopicDefaults:Durability", "MEMORY", true)]
    [InlineData("TopicDefaults:Durability", "ram", false)]
    [InlineData("Limits:HandshakeTimeout", "2s", true)]
    [InlineData("Limits:HandshakeTimeout", "soon", false)]
    [InlineData("Limits:HandshakeTimeout", "99999999999999999999d", false)]
    [InlineData("Storage:DiskLowWatermark", "7%", true)]
    [InlineData("Storage:DiskLowWatermark", "99%", false)]
    [InlineData("Listen:Grpc", "[::1]:0", true)]
    [InlineData("Listen:Grpc", "7070", false)]
    [InlineData("Listen:Grpc", "127.0.0.1:70700", false)]
    [InlineData("Listen:Insecure", "yes", false)]
    [InlineData("Telemetry:OtlpEndpoint", "collector:4317", false)]
    [InlineData("Telemetry:OtlpEndpoint", "http://127.0.0.1:4317", true)]
    [InlineData("Node:Id", "0", false)]
    public void Values_are_read_with_units_and_checked(string key, string text, bool isGood)
    {
        ConfigLoader.Load(null, NoVariables, [new WrittenValue(key, text, ConfigOrigin.Flag, "flag --x")], out var faults);
        Assert.Equal(isGood, faults.Count == 0);
        if (!isGood)
            Assert.Contains($"= \"{text}\"", Assert.Single(faults).ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Row50_unknown_key_is_refused_with_the_nearest_known_one()
    {
        var variables = new Hashtable { ["LOGBROKER__Storage__DataDirektory"] = "x" };
        Assert.Null(ConfigLoader.Load(null, variables, [], out var faults));
        string line = Assert.Single(faults).ToString();
        Assert.Equal("environment variable LOGBROKER__Storage__DataDirektory: Storage:DataDirektory = \"x\": there is no such key; "
            + "did you mean Storage:DataDirectory?", line);
    }

    [Fact]
    public void Row50_every_fault_of_a_file_is_reported_at_once_with_file_key_and_value()
    {
        using var directory = new TestDirectory();
        string file = directory.File("broker.json");
        File.WriteAllText(file, """{ "Listen": { "Grcp": "x" }, "Storage": { "SegmentBytes": "1", "SegmentAge": [1] } }""");
        Assert.Null(ConfigLoader.Load(file, NoVariables, [], out var faults));
        Assert.Equal(3, faults.Count);
        Assert.All(faults, fault => Assert.StartsWith(file + ": ", fault.ToString(), StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("{ \"Listen\": ", "is not valid JSON at line 1")]
    [InlineData("[]", "is neither text, number nor true/false")]
    [InlineData("{ \"Node\": { \"Id\": 1, \"Id\": 2 } }", "is not valid JSON")]
    public void Row50_files_that_are_no_configuration_are_refused(string content, string said)
    {
        using var directory = new TestDirectory();
        string file = directory.File("broker.json");
        File.WriteAllText(file, content);
        Assert.Null(ConfigLoader.Load(file, NoVariables, [], out var faults));
        Assert.Contains(said, Assert.Single(faults).ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Listen:Grpc", "0.0.0.0:7070", "--insecure")]
    [InlineData("Listen:Http", "0.0.0.0:7080", "--insecure")]
    [InlineData("Node:AdvertisedGrpc", "0.0.0.0:7070", "wildcard")]
    [InlineData("Node:AdvertisedGrpc", "localhost:0", "port 0")]
    [InlineData("Listen:Http", "127.0.0.1:7070", "the address of Listen:Grpc as well")]
    [InlineData("Limits:MaxRequestBytes", "64KiB", "leaves no room")]
    [InlineData("Listen:Grpc", "no-such-host.invalid:7070", "cannot resolve")]
    public void Values_that_do_not_fit_together_are_refused(string key, string text, string said)
    {
        var config = ConfigLoader.Load(null, NoVariables, [new WrittenValue(key, text, ConfigOrigin.Flag, "flag --x")], out _);
        Assert.Null(BrokerOptions.From(config!, null, out var faults));
        Assert.Contains(faults, fault => fault.ToString().Contains(said, StringComparison.Ordinal));
    }

    [Fact]
    public void A_wildcard_with_insecure_still_needs_an_address_to_advertise()
    {
        WrittenValue[] flags =
        [
            new("Listen:Grpc", "0.0.0.0:7070", ConfigOrigin.Flag, "flag --grpc"),
            new("Listen:Insecure", "true", ConfigOrigin.Flag, "flag --insecure"),
        ];
        Assert.Null(BrokerOptions.From(ConfigLoader.Load(null, NoVariables, flags, out _)!, null, out var faults));
        Assert.Contains("--advertise", Assert.Single(faults).ToString(), StringComparison.Ordinal);
        WrittenValue[] advertised = [.. flags, new("Node:AdvertisedGrpc", "broker.example:7070", ConfigOrigin.Flag, "flag --advertise")];
        Assert.NotNull(BrokerOptions.From(ConfigLoader.Load(null, NoVariables, advertised, out _)!, null, out _));
    }

    [Fact]
    public async Task Wrong_flags_end_with_one_line_and_exit_code_2()
    {
        var result = await ServerProcess.RunAsync(["--dta-dir", "x"]);
        Assert.Equal(2, result.ExitCode);
        Assert.Equal("logbrokerd: unknown flag \"--dta-dir\"; did you mean --data-dir?; see logbrokerd --help", result.Error);
        Assert.Empty(result.Output);
        Assert.Equal(2, (await ServerProcess.RunAsync(["--grpc"])).ExitCode);
        Assert.Equal(2, (await ServerProcess.RunAsync(["serve"])).ExitCode);
    }

    [Fact]
    public async Task Help_and_version_go_to_stdout()
    {
        var help = await ServerProcess.RunAsync(["--help"]);
        Assert.Equal(0, help.ExitCode);
        Assert.All(ConfigTable.All, key => Assert.Contains(key.Flag, help.Output, StringComparison.Ordinal));
        var version = await ServerProcess.RunAsync(["--version"]);
        Assert.Equal((0, "logbrokerd " + ServerVersion.Text), (version.ExitCode, version.Output));
    }

    [Fact]
    public async Task Config_list_shows_values_with_their_origin()
    {
        var result = await ServerProcess.RunAsync(
            ["config", "list", "--json", "--Storage:SegmentBytes=2MiB"], new() { ["LOGBROKER__Node__Rack"] = "r1" });
        Assert.Equal(0, result.ExitCode);
        using var json = JsonDocument.Parse(result.Output);
        var byKey = json.RootElement.EnumerateArray().ToDictionary(e => e.GetProperty("key").GetString()!);
        Assert.Equal(ConfigTable.All.Count, byKey.Count);
        Assert.Equal("2MiB", byKey["Storage:SegmentBytes"].GetProperty("value").GetString());
        Assert.Equal("flag", byKey["Storage:SegmentBytes"].GetProperty("origin").GetString());
        Assert.Equal("environment", byKey["Node:Rack"].GetProperty("origin").GetString());
        Assert.Equal("default", byKey["Listen:Grpc"].GetProperty("origin").GetString());
    }

    [Fact]
    public async Task Config_explain_and_validate_say_what_is_wrong()
    {
        var explained = await ServerProcess.RunAsync(["config", "explain", "retention.ms"]);
        Assert.Equal(0, explained.ExitCode);
        Assert.StartsWith("TopicDefaults:RetentionTime", explained.Output, StringComparison.Ordinal);
        var unknown = await ServerProcess.RunAsync(["config", "explain", "Storage:SegmntBytes"]);
        Assert.Equal(2, unknown.ExitCode);
        Assert.Contains("did you mean Storage:SegmentBytes?", unknown.Error, StringComparison.Ordinal);
        Assert.Equal(0, (await ServerProcess.RunAsync(["config", "validate"])).ExitCode);
        var bad = await ServerProcess.RunAsync(["config", "validate", "--grpc", "0.0.0.0:7070", "--advertise", "a:1"]);
        Assert.Equal(78, bad.ExitCode);
        Assert.Contains("--insecure", bad.Error, StringComparison.Ordinal);
    }
}
