using System.Globalization;
using LogBroker.Bench.Processes;
using LogBroker.Bench.Systems;

namespace LogBroker.Bench.Tests.Processes;

/// <summary>Closing the guard's standard input is what the death of the harness does.</summary>
public sealed class ProcessGuardTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly DirectoryInfo _parent = Directory.CreateTempSubdirectory("guard tests ");

    public void Dispose() => _parent.Delete(recursive: true);

    [Fact]
    public async Task The_end_of_the_harness_kills_groups_and_removes_directories()
    {
        await using var starter = new ProcessStarter();
        IRunningProcess kept = starter.Start("sleep", ["1000"]);
        IRunningProcess known = starter.Start("sleep", ["1000"]);
        string removed = NewDirectory("logbroker-bench-removed");
        string forgotten = NewDirectory("logbroker-bench-forgotten");

        ProcessGuard guard = ProcessGuard.Start();
        guard.AddGroup(kept.Id);
        guard.AddGroup(known.Id);
        guard.AddDirectory(forgotten);
        guard.AddDirectory(removed);
        guard.RemoveGroup(kept.Id);
        guard.RemoveDirectory(forgotten);
        await guard.DisposeAsync();

        await ((RunningProcess)known).Exit.WaitAsync(Patience, TestContext.Current.CancellationToken);
        Assert.NotNull(ProcessGroup.Read(kept.Id));
        Assert.False(Directory.Exists(removed));
        Assert.True(Directory.Exists(forgotten));
    }

    [Fact]
    public async Task A_process_that_left_its_group_is_found_by_its_mark()
    {
        var starter = new ProcessStarter();
        var stray = new TaskCompletionSource<int>(TaskCreationOptions.RunContinuationsAsynchronously);
        IRunningProcess process = starter.Start(
            "sh",
            ["-c", "setsid sh -c 'echo $$; exec sleep 1000' & wait"],
            onLine: line => stray.TrySetResult(int.Parse(line, CultureInfo.InvariantCulture)));
        int strayId = await stray.Task.WaitAsync(Patience, TestContext.Current.CancellationToken);
        Assert.NotEqual(process.Id, ProcessGroup.Read(strayId)!.Value.GroupId);

        await starter.Guard.DisposeAsync();

        Assert.True(SpinWait.SpinUntil(() => ProcessGroup.Read(strayId) is null or { State: 'Z' or 'X' }, Patience));
        await starter.DisposeAsync();
    }

    [Fact]
    public async Task Only_directories_of_the_bench_are_taken()
    {
        await using ProcessGuard guard = ProcessGuard.Start();
        Assert.Throws<ArgumentException>(() => guard.AddDirectory(_parent.FullName));
    }

    private string NewDirectory(string name)
    {
        string directory = _parent.CreateSubdirectory(name).FullName;
        File.WriteAllText(Path.Combine(directory, "file"), "x");
        return directory;
    }
}
