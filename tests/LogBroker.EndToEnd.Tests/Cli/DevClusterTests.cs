using System.Diagnostics;
using System.Text.Json;
using LogBroker.Cli;

namespace LogBroker.EndToEnd.Tests.Cli;

/// <summary>A local cluster: its state file, its processes, and that no other process is ever touched.</summary>
public sealed class DevClusterTests : IDisposable
{
    private readonly TestDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void The_state_is_read_as_it_was_written()
    {
        var state = new DevState(
            ["dotnet", "/opt/logbrokerd.dll"],
            [new DevNode(1, 7000, 7001, 7002, new DevProcess(42, 4711, "boot")), new DevNode(2, 7010, 7011, 7012, null)]);
        state.Save(_directory.Path);
        DevState read = DevState.Load(_directory.Path)!;
        Assert.Equal(state.ServerCommand, read.ServerCommand);
        Assert.Equal(state.Nodes, read.Nodes);
        Assert.Equal("127.0.0.1:7000,127.0.0.1:7010", read.Servers);
        Assert.Null(DevState.Load(_directory.File("elsewhere")));
    }

    [Theory]
    [InlineData("")]
    [InlineData("{}")]
    [InlineData("{\"version\": 2, \"serverCommand\": [], \"nodes\": []}")]
    [InlineData("{\"version\": 1, \"serverCommand\": [], \"nodes\": [{}]}")]
    public void A_state_that_cannot_be_read_is_named(string text)
    {
        File.WriteAllText(DevState.PathIn(_directory.Path), text);
        CliException failure = Assert.Throws<CliException>(() => DevState.Load(_directory.Path));
        Assert.Equal(4, (int)failure.Exit);
        Assert.Contains(DevState.PathIn(_directory.Path), failure.Message);
    }

    [Theory]
    [InlineData("42 (sh) S 1 42 42 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 987654 0 0", 'S', 987654)]
    [InlineData("42 (a) b (c) T 1 42 42 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 5 0 0", 'T', 5)]
    public void The_start_of_a_process_is_read_behind_any_name(string stat, char state, long startTicks) =>
        Assert.Equal((state, startTicks), DevProcess.ParseStat(stat));

    [Fact]
    public void A_number_that_was_given_out_again_is_not_the_process_that_was_started()
    {
        using Process other = StartSleeper();
        try
        {
            DevProcess real = DevProcess.Of(other.Id)!;
            Assert.NotEqual(ProcessCondition.Gone, real.Condition);
            foreach (DevProcess reused in (DevProcess[])[real with { StartTicks = real.StartTicks - 1 }, real with { BootId = "another" }])
            {
                Assert.Equal(ProcessCondition.Gone, reused.Condition);
                Assert.False(reused.Signal(DevProcess.Kill));
            }

            Assert.False(other.HasExited);
            Assert.True(real.Signal(DevProcess.Kill));
            other.WaitForExit();
            Assert.False(real.Signal(DevProcess.Kill));
        }
        finally
        {
            other.Kill();
        }
    }

    [Fact]
    public async Task No_command_signals_a_process_whose_number_was_reused()
    {
        using Process other = StartSleeper();
        try
        {
            DevProcess reused = DevProcess.Of(other.Id)! with { StartTicks = 1 };
            new DevState(["/nowhere/logbrokerd"], [new DevNode(1, 7000, 7001, 7002, reused)]).Save(_directory.Path);
            Assert.Contains("nodes\t1\tgone\t\t", (await Dev("status")).MustSucceed().Output);
            Assert.All(
                [await Dev("kill", "1"), await Dev("pause", "1"), await Dev("resume", "1")],
                run => Assert.Equal((4, true), (run.ExitCode, run.Error.Contains("does not run", StringComparison.Ordinal))));
            Assert.Contains("stopped 0 nodes", (await Dev("down")).MustSucceed().Error);
            Assert.False(other.HasExited);
        }
        finally
        {
            other.Kill();
        }
    }

    [Fact]
    public async Task A_node_is_started_killed_paused_restarted_and_removed()
    {
        string foreign = Path.Combine(Directory.CreateDirectory(_directory.File("dev")).FullName, "notes.txt");
        File.WriteAllText(foreign, "mine");
        try
        {
            CliRun up = (await Dev("up", "-n", "1", "--server-path", ServerProcess.ProgramPath)).MustSucceed();
            Assert.Matches(@"^export LOGBROKER_SERVERS=127\.0\.0\.1:\d+\n$", up.Output);
            string servers = up.Output.Trim().Split('=')[1];
            int first = await ProcessOf(1);
            (await CliRun.Of("topic", "create", "t", "-p", "1", "-s", servers)).MustSucceed();
            Assert.Contains("started 0 nodes", (await Dev("up")).MustSucceed().Error);
            Assert.Equal(4, (await Dev("up", "-n", "3")).ExitCode);
            Assert.Equal(4, (await Dev("up", "--base-port", "1024")).ExitCode);

            (await Dev("pause", "1")).MustSucceed();
            Assert.Equal("paused", await StateOf(1));
            Assert.Equal(4, (await Dev("up")).ExitCode);
            (await Dev("resume", "1")).MustSucceed();
            Assert.Equal("running", await StateOf(1));

            (await Dev("kill", "1")).MustSucceed();
            Assert.Equal("gone", await StateOf(1));
            Assert.Equal(4, (await Dev("kill", "1")).ExitCode);
            Assert.Equal(3, (await Dev("kill", "2")).ExitCode);
            (await Dev("restart", "1")).MustSucceed();
            Assert.NotEqual(first, await ProcessOf(1));
            (await CliRun.Of("cluster", "health", "--wait-healthy", "-s", servers)).MustSucceed();
            (await CliRun.Of("topic", "describe", "t", "-s", servers)).MustSucceed();

            // One that is paused is stopped like any other.
            (await Dev("pause", "1")).MustSucceed();
            Assert.Contains("stopped 1 node;", (await Dev("down")).MustSucceed().Error);
            Assert.Equal("gone", await StateOf(1));
            (await Dev("up")).MustSucceed();
            (await CliRun.Of("topic", "describe", "t", "-s", servers)).MustSucceed();
        }
        finally
        {
            await Dev("down", "--wipe", "--timeout", "5s");
        }

        Assert.Equal([foreign], Directory.EnumerateFileSystemEntries(_directory.File("dev")));
        Assert.Equal(3, (await Dev("status")).ExitCode);
    }

    [Fact]
    public async Task A_node_that_cannot_start_is_named_with_the_end_of_its_log()
    {
        string program = _directory.File("logbrokerd");
        File.WriteAllText(program, "#!/bin/sh\necho 'logbrokerd: the moon is full'\nexit 78\n");
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        CliRun up = await Dev("up", "-n", "1", "--server-path", program);
        Assert.Equal(1, up.ExitCode);
        Assert.Contains("node 1 ended", up.Error);
        Assert.Contains("the moon is full", up.Error);
        (await Dev("down", "--wipe")).MustSucceed();
    }

    [Fact]
    public async Task Two_commands_do_not_change_one_cluster_at_a_time()
    {
        new DevState(["/nowhere/logbrokerd"], [new DevNode(1, 7000, 7001, 7002, null)]).Save(_directory.Path);
        using (DevCluster.Open(_directory.Path))
        {
            CliRun second = await Dev("down");
            Assert.Equal(4, second.ExitCode);
            Assert.Contains("another 'logbroker dev'", second.Error);
        }

        (await Dev("down")).MustSucceed();
    }

    [Fact]
    public void Ports_do_not_overlap_and_are_the_same_for_the_same_directory()
    {
        IReadOnlyList<DevNode> nodes = DevPorts.Choose(3, null, "/some/where");
        Assert.Equal(9, nodes.SelectMany(n => (int[])[n.GrpcPort, n.PeerPort, n.HttpPort]).Distinct().Count());
        Assert.All(nodes, n => Assert.InRange(n.GrpcPort, 17_070, 29_999));
        using var taken = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, nodes[1].PeerPort);
        taken.Start();
        Assert.DoesNotContain(nodes[0].GrpcPort, DevPorts.Choose(3, null, "/some/where").Select(n => n.GrpcPort));
        Assert.Contains(
            $"port {nodes[1].PeerPort} is taken", Assert.Throws<CliException>(() => DevPorts.Choose(3, nodes[0].GrpcPort, "")).Message);
    }

    [Fact]
    public void The_directory_follows_the_environment()
    {
        Assert.Equal("/state/logbroker-dev", DevCluster.DefaultDirectory(name => name == "XDG_STATE_HOME" ? "/state" : "/home"));
        Assert.Equal("/home/me/.local/state/logbroker-dev", DevCluster.DefaultDirectory(name => name == "HOME" ? "/home/me" : null));
    }

    private static Process StartSleeper() => Process.Start("sleep", "300");

    private Task<CliRun> Dev(params string[] args)
    {
        string directory = Directory.Exists(_directory.File("dev")) ? _directory.File("dev") : _directory.Path;
        return CliRun.Of(["dev", .. args, "--dir", directory]);
    }

    private async Task<JsonElement> Describe(int node)
    {
        using JsonDocument status = JsonDocument.Parse((await Dev("status", "-o", "json", "--timeout", "1s")).MustSucceed().Output);
        return status.RootElement.GetProperty("nodes")[node - 1].Clone();
    }

    private async Task<int> ProcessOf(int node) => (await Describe(node)).GetProperty("pid").GetInt32();

    private async Task<string> StateOf(int node) => (await Describe(node)).GetProperty("state").GetString()!;
}
