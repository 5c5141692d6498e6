using System.Globalization;
using LogBroker.Bench.Processes;
using LogBroker.Bench.Systems;

namespace LogBroker.Bench.Tests.Processes;

public sealed class ProcessStarterTests : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly ProcessStarter _starter = new(TimeSpan.FromMilliseconds(200));

    public ValueTask InitializeAsync() => default;

    public ValueTask DisposeAsync() => _starter.DisposeAsync();

    [Fact]
    public async Task A_process_leads_a_group_of_its_own_and_keeps_its_id()
    {
        var first = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        await using IRunningProcess process = _starter.Start(
            "sh", ["-c", "echo $$; exec sleep 1000"], onLine: line => first.TrySetResult(line));

        Assert.Equal(process.Id.ToString(CultureInfo.InvariantCulture), await first.Task.WaitAsync(Patience));
        Assert.Equal(process.Id, ProcessGroup.Read(process.Id)!.Value.GroupId);
        Assert.False(process.HasExited);
    }

    [Fact]
    public async Task Stopping_ends_everything_that_the_process_has_started()
    {
        var child = new TaskCompletionSource<int>(TaskCreationOptions.RunContinuationsAsynchronously);
        IRunningProcess process = _starter.Start(
            "sh",
            ["-c", "sleep 1000 & echo $!; wait"],
            onLine: line => child.TrySetResult(int.Parse(line, CultureInfo.InvariantCulture)));
        int childId = await child.Task.WaitAsync(Patience);

        await process.StopAsync();

        Assert.True(process.HasExited);
        Assert.False(ProcessGroup.IsAlive(process.Id));
        Assert.True(ProcessGroup.Read(childId) is null or { State: 'Z' or 'X' });
        Assert.Equal(0, _starter.RunningCount);
    }

    [Fact]
    public async Task A_process_that_ignores_the_polite_signal_is_killed()
    {
        var ready = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        IRunningProcess process = _starter.Start(
            "sh", ["-c", "trap '' TERM; echo ready; while :; do sleep 1; done"], onLine: _ => ready.TrySetResult());
        await ready.Task.WaitAsync(Patience);

        await process.StopAsync().WaitAsync(Patience);

        Assert.True(process.HasExited);
    }

    [Fact]
    public async Task A_polite_signal_lets_the_process_say_goodbye()
    {
        var ready = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var patient = new ProcessStarter(Patience);
        IRunningProcess process = patient.Start(
            "sh", ["-c", "trap 'echo bye; exit 0' TERM; echo ready; while :; do sleep 0.05; done"], onLine: _ => ready.TrySetResult());
        await ready.Task.WaitAsync(Patience);

        await process.StopAsync().WaitAsync(Patience);

        Assert.Equal("ready\nbye\n", process.OutputTail);
    }

    [Fact]
    public async Task The_end_of_a_long_output_is_kept()
    {
        var last = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        IRunningProcess process = _starter.Start(
            "sh",
            ["-c", "seq 1 50000; echo last; exec sleep 1000"],
            onLine: line => _ = line == "last" && last.TrySetResult());
        await last.Task.WaitAsync(Patience);
        await process.StopAsync();

        Assert.EndsWith("50000\nlast\n", process.OutputTail, StringComparison.Ordinal);
        Assert.Equal(64 * 1024, process.OutputTail.Length);
    }

    [Fact]
    public async Task A_run_returns_both_streams_and_the_cpu_time_of_its_children_too()
    {
        FinishedProcess finished = await _starter.RunAsync(
            "sh",
            ["-c", "echo \"$WORD\"; echo err >&2; sh -c 'i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done'"],
            new Dictionary<string, string> { ["WORD"] = "out" },
            TestContext.Current.CancellationToken);

        Assert.Equal("out\n", finished.StandardOutput);
        Assert.Equal("err\n", finished.StandardError);
        Assert.InRange(finished.CpuSeconds, 0.02, 60);
    }

    [Fact]
    public async Task A_failed_run_says_which_program_its_code_and_what_it_printed()
    {
        BenchException e = await Assert.ThrowsAsync<BenchException>(
            () => _starter.RunAsync("sh", ["-c", "echo no luck >&2; exit 3"], null, TestContext.Current.CancellationToken));
        Assert.Equal("sh exited with code 3: no luck", e.Message);
    }

    [Fact]
    public async Task A_program_that_is_not_there_is_named()
    {
        BenchException e = await Assert.ThrowsAsync<BenchException>(
            () => _starter.RunAsync("no-such-program", [], null, TestContext.Current.CancellationToken));
        Assert.Equal("no-such-program is not there (looked for on the PATH)", e.Message);
        Assert.Throws<BenchException>(() => _starter.Start("/no/such/program", []));
    }

    [Fact]
    public async Task A_cancelled_run_leaves_no_process()
    {
        using var cancel = new CancellationTokenSource();
        Task<FinishedProcess> run = _starter.RunAsync("sh", ["-c", "sleep 1000 & wait"], null, cancel.Token);
        Assert.Equal(1, _starter.RunningCount);
        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run);
        Assert.Equal(0, _starter.RunningCount);
    }

    [Fact]
    public async Task Disposing_the_starter_kills_what_still_runs()
    {
        var starter = new ProcessStarter(Patience);
        IRunningProcess process = starter.Start("sleep", ["1000"]);

        await starter.DisposeAsync();

        Assert.True(process.HasExited);
        Assert.False(ProcessGroup.IsAlive(process.Id));
    }
}
