using System.Collections;
using System.Runtime.Versioning;
using LogBroker.Server;

namespace LogBroker.EndToEnd.Tests;

/// <summary>What the configuration says of the cluster, and what is said about the wrong kind.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class ClusterConfigurationTests : IDisposable
{
    private const string Three = "1@127.0.0.1:17071,2@127.0.0.1:17072,3@localhost:17073";

    private readonly TestDirectory _directory = new();

    public static TheoryData<string, string[], string> Faults => new()
    {
        { "a bad entry", ["--cluster", "1@127.0.0.1:17071,x"], "entry \"x\"" },
        { "no id", ["--cluster", "127.0.0.1:17071"], "does not begin with a node id" },
        { "node 0", ["--cluster", "0@127.0.0.1:17071"], "does not begin with a node id" },
        { "a bad address", ["--cluster", "1@127.0.0.1:17071,2@a b:1"], "does not end with HOST:PORT" },
        { "an empty entry", ["--cluster", "1@127.0.0.1:17071,"], "entry \"\"" },
        { "port 0", ["--cluster", "1@127.0.0.1:0"], "cannot be dialed" },
        { "a wildcard", ["--cluster", "1@0.0.0.0:17071"], "cannot be dialed" },
        { "a duplicate id", ["--cluster", "1@127.0.0.1:17071,1@127.0.0.1:17072"], "names node 1 twice" },
        { "a duplicate address", ["--cluster", "1@127.0.0.1:17071,2@127.0.0.1:17071"], "names 127.0.0.1:17071 twice" },
        { "itself missing", ["--cluster", Three, "--node-id", "4"], "does not name this node, 4" },
        { "too many", ["--cluster", string.Join(',', Enumerable.Range(1, 10).Select(i => $"{i}@127.0.0.1:{i}"))], "at most 9" },
        { "another machine without a secret", ["--cluster", "1@127.0.0.1:17071,2@192.0.2.1:17071"], "--peer-secret-file" },
        { "an open port without a secret", ["--cluster", Three, "--peer", "0.0.0.0:17071"], "--peer-secret-file" },
        { "a port without a cluster", ["--peer", "127.0.0.1:17071"], "name all nodes with --cluster" },
        { "a secret without a cluster", ["--peer-secret-file", "/dev/null"], "name all nodes with --cluster" },
        { "no secret file", ["--cluster", Three, "--peer-secret-file", "/no/such/file"], "cannot be read" },
        { "an empty secret file", ["--cluster", Three, "--peer-secret-file", "/dev/null"], "has 0 bytes, at least 16" },
        { "the port of clients", ["--cluster", Three, "--grpc", "127.0.0.1:17071"], "a port of its own" },
    };

    [Theory]
    [MemberData(nameof(Faults))]
    public void Row50_what_cannot_be_a_cluster_is_refused(string what, string[] flags, string said)
    {
        Assert.NotEmpty(what);
        Assert.Null(From(flags, out var faults));
        Assert.Contains(said, Assert.Single(faults).ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void The_own_entry_says_where_to_listen_unless_it_is_said_apart()
    {
        var two = From(["--cluster", Three, "--node-id", "2"], out _)!.Cluster!;
        Assert.Equal(["1", "2", "3"], two.Nodes.Select(n => n.Node.ToString()));
        Assert.Equal("127.0.0.1:17072", Assert.Single(two.EndPoints).ToString());
        Assert.Same(ConfigTable.ClusterPeers, two.EndPointsKey);
        Assert.Empty(two.Warnings);
        var apart = From(["--cluster", Three, "--peer", "127.0.0.1:0"], out _)!.Cluster!;
        Assert.Equal("127.0.0.1:0", Assert.Single(apart.EndPoints).ToString());
        Assert.Equal("127.0.0.1:7071", From(["--cluster", "1@127.0.0.1"], out _)!.Cluster!.Nodes[0].PeerAddress);
        Assert.Null(From([], out _)!.Cluster);
    }

    [Fact]
    public void Even_numbers_and_open_secrets_are_warned_about()
    {
        string file = Secret("  0123456789abcdef\n", UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherRead);
        string[] flags = ["--cluster", "1@192.0.2.1:17071,2@192.0.2.2:17071", "--peer", "0.0.0.0:17071", "--peer-secret-file", file];
        var cluster = From(flags, out _)!.Cluster!;
        Assert.Collection(
            cluster.Warnings,
            line => Assert.Contains("2 nodes survive no more failures than 1", line, StringComparison.Ordinal),
            line => Assert.Contains("chmod 600", line, StringComparison.Ordinal),
            line => Assert.Contains("not encrypted", line, StringComparison.Ordinal));
        string closed = Secret("0123456789abcdef", UnixFileMode.UserRead | UnixFileMode.UserWrite);
        Assert.Empty(From(["--cluster", Three, "--peer-secret-file", closed], out _)!.Cluster!.Warnings);
    }

    [Fact]
    public async Task The_secret_is_shown_nowhere()
    {
        string file = Secret("such a well kept secret", UnixFileMode.UserRead);
        var listed = await ServerProcess.RunAsync(["config", "list", "--cluster", Three, "--peer-secret-file", file]);
        Assert.Equal(0, listed.ExitCode);
        Assert.Contains(file, listed.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("well kept", listed.Output + listed.Error, StringComparison.Ordinal);
        var options = From(["--cluster", Three, "--peer-secret-file", file], out _)!;
        Assert.DoesNotContain("well kept", options.ToString() + options.Cluster, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Row50_a_peer_port_that_is_in_use()
    {
        using var taken = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        taken.Start();
        string address = taken.LocalEndpoint.ToString()!;
        var result = await ServerProcess.RunAsync(
        [
            "--cluster", $"1@{address},2@127.0.0.1:1", "--data-dir", _directory.File("data"),
            "--grpc", "127.0.0.1:0", "--http", "127.0.0.1:0", "--logging:level", "None",
        ]);
        Assert.Equal(1, result.ExitCode);
        Assert.Contains(address, result.Error, StringComparison.Ordinal);
        Assert.Contains("in use by another process", result.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_directory.File("data")));
    }

    public void Dispose() => _directory.Dispose();

    private static BrokerOptions? From(string[] flags, out IReadOnlyList<ConfigFault> faults)
    {
        var written = flags.Chunk(2).Select(pair => new WrittenValue(
            ConfigTable.All.Single(key => key.ShortFlag == pair[0] || key.Flag == pair[0]).Name,
            pair[1],
            ConfigOrigin.Flag,
            "flag " + pair[0]));
        var config = ConfigLoader.Load(null, new Hashtable(), written, out faults);
        Assert.NotNull(config);
        return BrokerOptions.From(config, null, out faults);
    }

    private string Secret(string content, UnixFileMode mode)
    {
        string path = _directory.File(Guid.NewGuid().ToString("N"));
        File.WriteAllText(path, content);
        File.SetUnixFileMode(path, mode);
        return path;
    }
}
