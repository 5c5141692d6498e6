using System.Diagnostics;
using System.Text.Json;

namespace LogBroker.EndToEnd.Tests.Cli;

/// <summary>Three real brokers that the command line starts, breaks and mends.</summary>
public sealed class DevThreeNodesTests : IAsyncLifetime
{
    private readonly TestDirectory _directory = new();
    private string _servers = "";

    public async ValueTask InitializeAsync()
    {
        CliRun up = (await Dev("up", "--server-path", ServerProcess.ProgramPath, "--timeout", "3m")).MustSucceed();
        _servers = up.Output.Trim().Split('=')[1];
    }

    public async ValueTask DisposeAsync()
    {
        await Dev("down", "--wipe", "--timeout", "10s");
        _directory.Dispose();
    }

    [Fact]
    public async Task The_health_tells_the_truth_while_nodes_die_hang_drain_and_come_back()
    {
        (await Run("topic", "create", "orders", "-p", "3")).MustSucceed();
        (await Run("cluster", "health", "--wait-healthy", "--timeout", "2m")).MustSucceed();
        (await Run("cluster", "transfer-leader", "orders/1", "--to", "3", "--timeout", "1m")).MustSucceed();
        (await Run("cluster", "transfer-leader", "orders/1", "--timeout", "1m")).MustSucceed();
        CliRun drained = (await Run("cluster", "drain", "2", "--wait", "--timeout", "2m")).MustSucceed();
        Assert.Equal("node 2 leads nothing\n", drained.Error);
        Assert.Equal(0, (await Node(2)).GetProperty("leads").GetInt32());
        Assert.True((await Node(2)).GetProperty("draining").GetBoolean());
        (await Run("cluster", "undrain", "2")).MustSucceed();

        (await Dev("kill", "1")).MustSucceed();
        (await CliRun.With(["produce", "orders", "--timeout", "2m", "-s", _servers], "a\nb\nc\n")).MustSucceed();
        await UntilHealth(10, "WARNING: node 1 is silent");
        Assert.Equal("silent", (await Node(1)).GetProperty("state").GetString());
        (await Dev("restart", "1")).MustSucceed();
        (await Run("cluster", "health", "--wait-healthy", "--timeout", "2m")).MustSucceed();

        (await Dev("kill", "2")).MustSucceed();
        (await Dev("kill", "3")).MustSucceed();
        await UntilHealth(11, "CRITICAL: the cluster has no controller");
        Assert.Equal(6, (await Run("cluster", "drain", "1", "--timeout", "1s")).ExitCode);
        (await Dev("restart")).MustSucceed();
        (await Run("cluster", "health", "--wait-healthy", "--timeout", "2m")).MustSucceed();
        Assert.Equal(3, (await Run("consume", "orders")).MustSucceed().Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
    }

    [Fact]
    public async Task With_two_of_three_killed_a_produce_is_unavailable_in_time_and_each_replica_has_what_was_acknowledged()
    {
        const int Partitions = 3;
        string[] acknowledged = [.. Enumerable.Range(0, 300).Select(static n => $"record {n}").Order(StringComparer.Ordinal)];
        (await Run("topic", "create", "orders", "-p", $"{Partitions}", "-r", "3")).MustSucceed();
        (await Run("cluster", "health", "--wait-healthy", "--timeout", "2m")).MustSucceed();
        string[] produce = ["produce", "orders", "-s", _servers];
        (await CliRun.With(produce, string.Join('\n', acknowledged))).MustSucceed();

        (await Dev("kill", "2")).MustSucceed();
        (await Dev("kill", "3")).MustSucceed();
        await UntilHealth(11, "CRITICAL: the cluster has no controller");
        for (int partition = 0; partition < Partitions; partition++)
        {
            long startedAt = Stopwatch.GetTimestamp();
            CliRun refused = await CliRun.With([.. produce, "-p", $"{partition}", "--timeout", "3s"], "hopeless");
            Assert.InRange(Stopwatch.GetElapsedTime(startedAt), TimeSpan.FromSeconds(3), TimeSpan.FromSeconds(15));
            Assert.Equal((6, ""), (refused.ExitCode, refused.Output));
            Assert.StartsWith($"logbroker: not sent to orders/{partition} within 3 s: ", refused.Error, StringComparison.Ordinal);
            Assert.DoesNotContain("acknowledged", refused.Error, StringComparison.Ordinal);
        }

        (await Dev("restart")).MustSucceed();
        (await Run("cluster", "health", "--wait-healthy", "--timeout", "2m")).MustSucceed();
        Assert.Equal(acknowledged, Lines(await Run("consume", "orders")));
        Assert.Equal(acknowledged, Lines(await Run("consume", "orders", "--from-followers")));
        (await Dev("down")).MustSucceed();
        for (int node = 1; node <= 3; node++)
        {
            string data = _directory.File($"node-{node}");
            Assert.Equal(acknowledged, Lines(await Run("storage", "dump", data, "-t", "orders", "-r", "-f", "%v")));
        }
    }

    private static string[] Lines(CliRun run) =>
        [.. run.MustSucceed().Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal)];

    private Task<CliRun> Dev(params string[] args) => CliRun.Of(["dev", .. args, "--dir", _directory.Path]);

    private Task<CliRun> Run(params string[] args) => CliRun.Of([.. args, "-s", _servers]);

    private async Task<JsonElement> Node(int id)
    {
        using JsonDocument nodes = JsonDocument.Parse((await Run("cluster", "nodes", "-o", "json")).MustSucceed().Output);
        return nodes.RootElement.GetProperty("nodes")[id - 1].Clone();
    }

    /// <summary>What a majority's silence means is noticed after a moment, which a loaded machine stretches.</summary>
    private async Task UntilHealth(int exitCode, string words)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        CliRun health = await Run("cluster", "health");
        while (health.ExitCode != exitCode || !health.Output.StartsWith(words, StringComparison.Ordinal))
        {
            patience.Token.ThrowIfCancellationRequested();
            health = await Run("cluster", "health");
        }
    }
}
