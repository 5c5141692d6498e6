using System.Diagnostics;
using LogBroker.Bench.Systems;

namespace LogBroker.Bench.Processes;

/// <summary>A process that leads its own group, and whose output is read all the time.</summary>
internal sealed class RunningProcess : IRunningProcess
{
    private static readonly TimeSpan AfterKill = TimeSpan.FromSeconds(5);

    private readonly Process _process;
    private readonly Action<RunningProcess> _onGone;
    private readonly TimeSpan _grace;
    private readonly OutputTail _tail;
    private readonly Task _reading;
    private readonly Lock _gate = new();
    private Task? _stopping;

    public RunningProcess(
        Process process, OutputTail output, OutputTail errors, Action<string>? onLine, TimeSpan grace, Action<RunningProcess> onGone)
    {
        _process = process;
        _onGone = onGone;
        _grace = grace;
        _tail = output;
        Id = process.Id;
        Exit = process.WaitForExitAsync();
        _reading = Task.WhenAll(output.ReadAsync(process.StandardOutput, onLine), errors.ReadAsync(process.StandardError, onLine));
    }

    public int Id { get; }

    /// <summary>Ends with the process itself; others of its group may live on.</summary>
    public Task Exit { get; }

    public bool HasExited => Exit.IsCompleted;

    public string OutputTail => _tail.ToString();

    /// <summary>128 + signal when a shell saw it die of one; only after <see cref="Exit"/>.</summary>
    public int ExitCode { get; private set; } = -1;

    public Task StopAsync() => EndAsync(isPolite: true);

    public Task KillAsync() => EndAsync(isPolite: false);

    public ValueTask DisposeAsync() => new(StopAsync());

    private Task EndAsync(bool isPolite)
    {
        lock (_gate)
        {
            if (!isPolite && _stopping is { IsCompleted: false })
            {
                KillGroup();
            }

            return _stopping ??= EndOnceAsync(isPolite);
        }
    }

    private async Task EndOnceAsync(bool isPolite)
    {
        if (isPolite && !HasExited)
        {
            ProcessGroup.Signal(Id, ProcessGroup.Terminate);
            await Task.WhenAny(Exit, Task.Delay(_grace));
        }

        KillGroup();
        await Exit;

        // Whoever is left of the group holds the pipes open; SIGKILL is not instant.
        using var enough = new CancellationTokenSource(AfterKill);
        while (ProcessGroup.IsAlive(Id) && !enough.IsCancellationRequested)
        {
            await Task.Delay(5, CancellationToken.None);
        }

        await Task.WhenAny(_reading, Task.Delay(AfterKill, CancellationToken.None));
        ExitCode = _process.ExitCode;
        _process.Dispose();
        _onGone(this);
    }

    private void KillGroup()
    {
        // Right after its start the process may not have its group yet.
        ProcessGroup.SignalAll(Id, ProcessGroup.Kill);
        if (!HasExited)
        {
            ProcessGroup.Signal(Id, ProcessGroup.Kill);
        }
    }
}
