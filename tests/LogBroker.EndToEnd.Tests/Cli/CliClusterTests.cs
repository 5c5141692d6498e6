using System.Text.Json;

namespace LogBroker.EndToEnd.Tests.Cli;

/// <summary>The commands below <c>cluster</c> against three nodes that say what they are told to say.</summary>
public sealed class CliClusterTests : IAsyncLifetime
{
    private StubCluster _cluster = null!;

    public async ValueTask InitializeAsync() => _cluster = await StubCluster.StartAsync();

    public ValueTask DisposeAsync() => _cluster.DisposeAsync();

    [Fact]
    public async Task All_nodes_are_found_from_any_one_and_the_leaders_word_is_shown()
    {
        CliRun partitions = (await Run("cluster", "partitions")).MustSucceed();
        Assert.Equal(
            "__cluster_metadata\t0\t1\t3\t1,2,3\t1,2,3\t3\t3\tonline\t\n"
            + "orders\t0\t1\t3\t1,2,3\t1,2,3\t3\t3\tonline\t\n"
            + "orders\t1\t2\t3\t1,2,3\t1,2\t3\t3\tonline\t\n",
            partitions.Output);
        Assert.Empty(partitions.Error);
        Assert.StartsWith("orders\t1\t", (await Run("cluster", "partitions", "--under-replicated")).MustSucceed().Output);
        Assert.Empty((await Run("cluster", "partitions", "--leaderless")).MustSucceed().Output);
        CliRun nodes = (await Run("cluster", "nodes")).MustSucceed();
        Assert.Equal(3, nodes.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        Assert.StartsWith($"1\tonline\tcontroller\tfalse\t2\t3\t{_cluster.Nodes[0].Address}\t127.0.0.1:7101\tr\t", nodes.Output);
        Assert.Equal(3, (await Run("cluster", "partitions", "-t", "nope")).ExitCode);
    }

    [Fact]
    public async Task The_health_is_a_sentence_and_an_exit_code()
    {
        CliRun warning = await Run("cluster", "health");
        Assert.Equal(10, warning.ExitCode);
        Assert.Equal(
            "WARNING: 1 partition is under-replicated, behind on node 3: orders/1; see: logbroker cluster partitions --under-replicated\n",
            warning.Output);
        _cluster[1] = 0;
        CliRun critical = await Run("cluster", "health");
        Assert.Equal(11, critical.ExitCode);
        Assert.StartsWith("CRITICAL: 1 partition has no leader: orders/1; see: ", critical.Output);
        Assert.Contains("critical\t1 partition has no leader", (await Run("cluster", "status")).MustSucceed().Output);
        CliRun vain = await Run("cluster", "health", "--wait-healthy", "--timeout", "1s");
        Assert.Equal(7, vain.ExitCode);
        Assert.Contains("still is not healthy: 1 partition has no leader", vain.Error);
        _cluster[1] = 1;
        CliRun healthy = (await Run("cluster", "health")).MustSucceed();
        Assert.Equal("healthy: 3 nodes, 1 topic, 2 partitions, all with a leader and in sync\n", healthy.Output);
        Assert.Equal(healthy.Output, (await Run("cluster", "health", "--wait-healthy")).MustSucceed().Output);
    }

    [Fact]
    public async Task Waiting_ends_when_it_is_healthy()
    {
        Task<CliRun> waiting = Run("cluster", "health", "--wait-healthy", "--timeout", "60s");
        _cluster[1] = 1;
        Assert.StartsWith("healthy: ", (await waiting).MustSucceed().Output);
    }

    [Fact]
    public async Task A_node_that_does_not_answer_is_said_so()
    {
        await _cluster.Nodes[1].DisposeAsync();
        _cluster.Nodes[0].Broker.Cluster = Deaf(_cluster.Nodes[0].Broker.Cluster);
        _cluster.Nodes[2].Broker.Cluster = Deaf(_cluster.Nodes[2].Broker.Cluster);
        CliRun health = await RunAt([2, 3], "cluster", "health", "-o", "json");
        Assert.Equal(11, health.ExitCode);
        using JsonDocument json = JsonDocument.Parse(health.Output);
        string[] sentences =
            [.. json.RootElement.GetProperty("problems").EnumerateArray().Select(p => p.GetProperty("sentence").GetString()!)];
        Assert.Equal(
            ["1 partition has no leader: orders/1", $"node 2 is silent for 3.0s ({_cluster.Nodes[1].Address}: Connection refused)"],
            sentences);
        CliRun partitions = await RunAt([1], "cluster", "partitions", "-l");
        Assert.Contains("orders\t1\t0\t3\t1,2,3\t\t\t\tleaderless\tnode 2 led it and does not answer\n", partitions.Output);
        Assert.Contains($"no answer from node 2 ({_cluster.Nodes[1].Address}: Connection refused)", partitions.Error);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_transfer_finds_the_leader_wherever_it_went(bool tellsAddresses)
    {
        _cluster.TellsAddresses = tellsAddresses;

        // Node 3 still believes what was true before: that node 1 leads.
        _cluster[0] = 2;
        _cluster.Nodes[2].Broker.Cluster = _cluster.Nodes[2].Broker.Cluster with
        {
            Partitions = [.. _cluster.Nodes[2].Broker.Cluster.Partitions.Select(p => p with { Leader = new(1) })],
        };
        CliRun moved = (await RunAt([3], "cluster", "transfer-leader", "orders/0", "--to", "3")).MustSucceed();
        Assert.Equal("node 3 leads orders/0\n", moved.Error);
        Assert.Equal(3, _cluster[0]);
        CliRun back = (await RunAt([3], "cluster", "transfer-leader", "orders/0", "-o", "json")).MustSucceed();
        Assert.Equal(1, JsonDocument.Parse(back.Output).RootElement.GetProperty("leaderNodeId").GetInt32());
    }

    [Fact]
    public async Task A_topic_is_described_in_the_words_of_the_leaders_of_its_partitions()
    {
        // Each leader knows of 100 records, all others of 90.
        using JsonDocument topic = JsonDocument.Parse((await RunAt([3], "topic", "describe", "orders", "-o", "json")).MustSucceed().Output);
        JsonElement[] partitions = [.. topic.RootElement.GetProperty("partitions").EnumerateArray()];
        Assert.Equal([100, 100], partitions.Select(p => p.GetProperty("highWatermark").GetInt32()));
        Assert.Equal([1, 2], partitions.Select(p => p.GetProperty("leaderNodeId").GetInt32()));
        Assert.Equal("1,2,3", string.Join(',', partitions[1].GetProperty("replicaNodeIds").EnumerateArray()));
        await _cluster.Nodes[1].DisposeAsync();
        CliRun late = (await RunAt([3], "topic", "describe", "orders")).MustSucceed();
        Assert.Contains("partitions\t1\t2\t3\t1,2,3\t0\t90\t", late.Output);
    }

    [Fact]
    public async Task Without_a_leader_a_transfer_gives_up_in_time()
    {
        _cluster[0] = 0;
        CliRun run = await Run("cluster", "transfer-leader", "orders/0", "--timeout", "1s");
        Assert.Equal(6, run.ExitCode);
        Assert.Contains("no leader of orders/0 is known", run.Error);
        Assert.Equal(3, (await Run("cluster", "transfer-leader", "orders/9", "--timeout", "1s")).ExitCode);
    }

    [Fact]
    public async Task Draining_is_told_to_the_controller_and_waits_until_the_node_leads_nothing()
    {
        CliRun drained = (await RunAt([3], "cluster", "drain", "2", "--wait")).MustSucceed();
        Assert.Equal("node 2 leads nothing\n", drained.Error);
        Assert.Equal(3, _cluster[1]);
        Assert.Contains("\ntrue\t", (await Run("cluster", "nodes")).MustSucceed().Output.Replace("2\tonline\t\ttrue", "\ntrue"));
        Assert.Contains("node 2 is draining and leads nothing", (await Run("cluster", "status")).MustSucceed().Output);
        Assert.Equal("node 2 may lead again\n", (await RunAt([2], "cluster", "undrain", "2")).MustSucceed().Error);
        Assert.DoesNotContain("draining and leads", (await Run("cluster", "status")).MustSucceed().Output);
    }

    [Fact]
    public async Task Nodes_of_two_clusters_are_told_apart()
    {
        await using StubNode other = await StubNode.StartAsync(1);
        other.Broker.Cluster = other.Broker.Cluster with { Cluster = new(Guid.Parse("00000000-0000-0000-0000-0000000000ff")) };
        CliRun health = await CliRun.Of("cluster", "health", "-s", $"{_cluster.ServersOf(1)},{other.Address}");
        Assert.Equal(11, health.ExitCode);
        Assert.Contains($"{other.Address} belongs to another cluster", health.Output);
    }

    [Theory]
    [InlineData("cluster", "transfer-leader", "orders")]
    [InlineData("cluster", "transfer-leader", "/0")]
    [InlineData("cluster", "transfer-leader", "orders/x")]
    [InlineData("cluster", "transfer-leader", "orders/0", "--to", "0")]
    [InlineData("cluster", "drain", "two")]
    [InlineData("cluster", "undrain", "0")]
    [InlineData("cluster", "health", "--watch", "--wait-healthy")]
    [InlineData("cluster", "status", "--watch", "-o", "json")]
    [InlineData("dev", "kill", "two", "--dir", "/nowhere")]
    [InlineData("dev", "up", "--nodes", "0")]
    public async Task What_makes_no_sense_is_refused(params string[] args)
    {
        CliRun run = await Run(args);
        Assert.True(run.ExitCode is 2 or 3, $"{run.ExitCode}: {run.Error}");
        Assert.Empty(run.Output);
    }

    [Fact]
    public async Task Watching_shows_what_changes_until_it_is_interrupted()
    {
        using var interrupted = new CancellationTokenSource();
        Task<CliRun> watching = CliRun.With(["cluster", "health", "-w", "-s", _cluster.ServersOf(1)], interrupted: interrupted.Token);
        interrupted.CancelAfter(TimeSpan.FromSeconds(2));
        CliRun run = await watching;
        Assert.Equal(130, run.ExitCode);
        Assert.True(run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length <= 1, run.Output);
    }

    [Theory]
    [InlineData("status")]
    [InlineData("health")]
    [InlineData("nodes")]
    [InlineData("partitions")]
    public async Task Every_shape_is_written(string command)
    {
        foreach (string format in (string[])["table", "tsv", "json", "jsonl"])
        {
            CliRun run = await Run("cluster", command, "-o", format);
            Assert.NotEmpty(run.Output);
            if (format == "json")
            {
                JsonDocument.Parse(run.Output).Dispose();
            }
        }
    }

    private static LogBroker.Cluster.ClusterDescription Deaf(LogBroker.Cluster.ClusterDescription cluster) => cluster with
    {
        Nodes = [.. cluster.Nodes.Select(n => n.Node.Value == 2 ? n with { IsHeard = false, SilentMs = 3_000 } : n)],
    };

    private Task<CliRun> Run(params string[] args) => RunAt([1], args);

    private Task<CliRun> RunAt(int[] nodes, params string[] args) =>
        CliRun.With(args, environment: new() { ["LOGBROKER_SERVERS"] = _cluster.ServersOf(nodes) });
}
