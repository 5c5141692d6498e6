using LogBroker.Bench.Results;
using LogBroker.Bench.Run;
using LogBroker.Bench.Systems;

namespace LogBroker.Bench.Tests.Run;

/// <summary>The command line as a user meets it, with systems that take no time.</summary>
public sealed class BenchAppTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("logbroker-bench-tests").FullName;
    private readonly StringWriter _out = new();
    private readonly StringWriter _error = new();
    private readonly FakeProgress _progress = new();
    private readonly FakeInstruments _instruments = new();
    private ResultFile? _written;
    private ResultFile? _summarized;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task A_run_is_measured_verified_and_written()
    {
        var system = new FakeSystem("logbroker", "sdk");
        int exit = await RunAsync([system], "run", "--scenarios", "W1-B", "--rounds", "2");

        Assert.Equal(0, exit);
        Assert.Equal(["start", "prepare", "load", "verify", "stop"], system.Steps.Take(5));
        RunResult result = _written!.Runs[0];
        Assert.Null(result.Failure);
        Assert.Equal(new VerifyResult(200, 200, null), result.Verify);
        Assert.Equal(0.3, result.StartSeconds);
        Assert.Equal(2, result.Broker!.Syncs);
        Assert.Equal(204_800, result.Broker.CpuSecondsPerGigabyte);
        Assert.Equal(result.FsyncAfter, _written.Runs[1].FsyncBefore);
        Assert.Equal(3, _instruments.FsyncProbes);
        Assert.Equal(["W1-B#1", "W1-B#2"], _written.DiskProbes.Keys);
        Assert.Equal("--scenarios W1-B --rounds 2", _written.Arguments);
        Assert.Same(_written, _summarized);
        NothingIsLeft(system);
    }

    [Fact]
    public async Task A_restart_comes_between_the_load_and_the_check()
    {
        var system = new FakeSystem("logbroker", "sdk");
        await RunAsync([system], "run", "--scenarios", "W12-A-256", "--rounds", "1");

        Assert.Equal(["start", "prepare", "load", "kill", "verify", "stop"], system.Steps);
        Assert.Equal(2, _written!.Runs[0].RestartSeconds);
    }

    [Fact]
    public async Task A_failure_is_recorded_and_the_next_run_comes()
    {
        var bad = new FakeSystem("kafka", "java") { OnLoad = (_, _, _) => throw new BenchException("no\nluck"), LeavesProcess = true };
        var good = new FakeSystem("logbroker", "sdk");
        int exit = await RunAsync([bad, good], "run", "--scenarios", "W1-A", "--rounds", "1");

        Assert.Equal(1, exit);
        Assert.Equal(["no | luck", null], _written!.Runs.Select(r => r.Failure));
        Assert.Null(_written.Runs[0].Load);
        Assert.Contains("W1-A#1 kafka/java: FAILED: no | luck", _progress.Lines);
        NothingIsLeft(bad);
        NothingIsLeft(good);
    }

    [Fact]
    public async Task Records_that_are_lost_fail_the_run()
    {
        await RunAsync([new FakeSystem("logbroker", "sdk") { RecordsLost = 3 }], "run", "--scenarios", "W1-A", "--rounds", "1");
        Assert.Equal("3 of 200 acknowledged records are not there", Assert.Single(_written!.Runs).Failure);
        Assert.Null(_written.Runs[0].Load);
    }

    [Fact]
    public async Task Interrupting_stops_everything_and_keeps_what_is_measured()
    {
        using var interrupt = new CancellationTokenSource();
        var first = new FakeSystem("logbroker", "sdk");
        var second = new FakeSystem("kafka", "java")
        {
            LeavesProcess = true,
            OnLoad = async (_, _, ct) =>
            {
                await interrupt.CancelAsync();
                ct.ThrowIfCancellationRequested();
            },
        };
        int exit = await RunAsync([first, second], interrupt.Token, "run", "--scenarios", "W1-A");

        Assert.Equal(130, exit);
        Assert.Equal("logbroker", Assert.Single(_written!.Runs).System);
        Assert.Contains(_progress.Lines, l => l.StartsWith("warning: interrupted: 1 of 6 runs are in", StringComparison.Ordinal));
        NothingIsLeft(first);
        NothingIsLeft(second);
    }

    [Fact]
    public async Task A_complaint_of_a_system_that_is_stopped_under_its_load_is_no_failure()
    {
        using var interrupt = new CancellationTokenSource();
        var system = new FakeSystem("logbroker", "sdk")
        {
            OnLoad = async (_, _, _) =>
            {
                await interrupt.CancelAsync();
                throw new BenchException("connection lost");
            },
        };
        Assert.Equal(130, await RunAsync([system], interrupt.Token, "run", "--scenarios", "W1-A"));
        Assert.Empty(_written!.Runs);
    }

    [Fact]
    public async Task Resuming_does_what_is_missing_or_failed_with_the_options_of_the_file()
    {
        bool isBad = true;
        var ours = new FakeSystem("logbroker", "sdk");
        var theirs = new FakeSystem("kafka", "java") { OnLoad = (_, _, _) => isBad ? throw new BenchException("no") : Task.CompletedTask };
        await RunAsync([ours, theirs], "run", "--scenarios", "W1-A", "--rounds", "1", "--seconds", "3");
        isBad = false;
        string file = Path.Combine(_directory, "results.json");
        File.WriteAllText(file, "");
        int exit = await RunAsync([ours, theirs], "run", "--resume", file, "--rounds", "2");

        Assert.Equal(0, exit);
        Assert.Equal("--scenarios W1-A --rounds 2 --seconds 3", _written!.Arguments);
        Assert.Equal(
            ["logbroker#1", "kafka#1", "kafka#2", "logbroker#2"], _written.Runs.Select(r => $"{r.System}#{r.Round}"));
        Assert.Equal(2, ours.DataDirectories.Count);
        Assert.Equal(3, theirs.DataDirectories.Count);
    }

    [Fact]
    public async Task Resuming_with_other_times_is_refused()
    {
        await RunAsync([new FakeSystem("logbroker", "sdk")], "run", "--scenarios", "W1-A", "--rounds", "1");
        string file = Path.Combine(_directory, "results.json");
        File.WriteAllText(file, "");

        Assert.Equal(2, await RunAsync([new FakeSystem("logbroker", "sdk")], "run", "--resume", file, "--seconds", "1"));
        Assert.Contains("has W1-A with other times or sizes", _error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Kept_data_stays()
    {
        var system = new FakeSystem("logbroker", "sdk");
        await RunAsync([system], "run", "--scenarios", "W1-A", "--rounds", "1", "--keep-data");
        Assert.All(system.DataDirectories, d => Assert.True(File.Exists(Path.Combine(d, "log"))));
    }

    [Theory]
    [InlineData("--rounds: 'x' is no whole number from 1 to 100", "--rounds", "x")]
    [InlineData("--rounds: '0' is no whole number from 1 to 100", "--rounds", "0")]
    [InlineData("--seconds: '-1' is no whole number from 1 to 3600", "--seconds", "-1")]
    [InlineData("--classes: 'C' is none of A, B", "--classes", "A,C")]
    [InlineData("--systems: 'pulsar' is none of logbroker", "--systems", "pulsar")]
    [InlineData("--workloads: 'W99' is none of W1, W2, W3, W4, W5, W6, W7, W8, W10, W11, W12, START", "--workloads", "W1,W99")]
    [InlineData("--scenarios: 'W1-C' is none of W1-A, W1-B", "--scenarios", "W1-C")]
    [InlineData("--workloads and --scenarios: give one of them", "--workloads", "W1", "--scenarios", "W1-A")]
    [InlineData("--quick chooses the scenarios itself", "--quick", "--workloads", "W1")]
    [InlineData("--kafka-home: there is no directory '/no/such'", "--kafka-home", "/no/such")]
    [InlineData("--resume: there is no file '/no/such'", "--resume", "/no/such")]
    [InlineData("'--frobnicate'", "--frobnicate")]
    [InlineData("--classes: none of the chosen scenarios is of class B", "--workloads", "W4", "--classes", "B")]
    public async Task What_cannot_be_is_said_on_one_line(string expected, params string[] arguments)
    {
        int exit = await RunAsync([new FakeSystem("logbroker", "sdk")], ["run", .. arguments]);

        Assert.Equal(2, exit);
        Assert.StartsWith("bench: ", _error.ToString(), StringComparison.Ordinal);
        Assert.Contains(expected, _error.ToString(), StringComparison.Ordinal);
        Assert.Single(_error.ToString().TrimEnd().Split('\n'));
        Assert.Null(_written);
    }

    [Fact]
    public async Task List_names_every_workload_and_scenario()
    {
        Assert.Equal(0, await RunAsync([], "list"));
        Assert.All(Plan.WorkloadCatalogue.All, w =>
        {
            Assert.Contains(w.Question, _out.ToString(), StringComparison.Ordinal);
            Assert.All(w.Scenarios, s => Assert.Contains(s.Name, _out.ToString(), StringComparison.Ordinal));
        });
    }

    private static void NothingIsLeft(FakeSystem system)
    {
        Assert.True(system.LastProcess!.HasExited);
        Assert.All(system.DataDirectories, d => Assert.False(Directory.Exists(Path.GetDirectoryName(Path.GetDirectoryName(d)))));
    }

    private Task<int> RunAsync(IReadOnlyList<IBenchedSystem> systems, params string[] arguments) =>
        RunAsync(systems, TestContext.Current.CancellationToken, arguments);

    private Task<int> RunAsync(IReadOnlyList<IBenchedSystem> systems, CancellationToken cancellationToken, params string[] arguments)
    {
        var host = new BenchHost
        {
            Out = _out,
            Error = _error,
            Progress = _progress,
            Systems = _ => systems,
            Instruments = _instruments,
            ReadResults = _ => _written!,
            WriteResults = (_, file) => _written = file,
            Summarize = file => _summarized = file,
        };
        bool hasPlaces = arguments[0] == "run" && !arguments.Contains("--frobnicate");
        string[] places = hasPlaces ? ["--data-dir", _directory] : [];
        return BenchApp.RunAsync([.. arguments, .. places], host, cancellationToken);
    }
}
