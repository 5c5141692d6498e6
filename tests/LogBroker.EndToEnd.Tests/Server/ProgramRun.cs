using System.Diagnostics;
using System.Globalization;

namespace LogBroker.EndToEnd.Tests;

/// <summary>How a program ended, and what it wrote.</summary>
public sealed record ProgramResult(int ExitCode, string Output, string Error);

/// <summary>A started program whose output is collected line by line; killed by its process id at the end.</summary>
public sealed class ProgramRun : IAsyncDisposable
{
    private static readonly TimeSpan RunTime = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly LineCollector _output = new();
    private readonly LineCollector _error = new();

    private ProgramRun(Process process)
    {
        _process = process;
        process.OutputDataReceived += (_, line) => _output.Add(line.Data);
        process.ErrorDataReceived += (_, line) => _error.Add(line.Data);
        process.Start();
        ProcessId = process.Id;
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        process.StandardInput.Close();
    }

    public int ProcessId { get; }

    public IReadOnlyList<string> OutputLines => _output.Lines;

    public IReadOnlyList<string> ErrorLines => _error.Lines;

    public static ProgramRun Start(
        string program, string[] arguments, Dictionary<string, string>? environment = null, string? workingDirectory = null)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = workingDirectory ?? System.IO.Path.GetTempPath(),
        };
        foreach (var (name, value) in environment ?? [])
            start.Environment[name] = value;
        return new ProgramRun(new Process { StartInfo = start });
    }

    public static async Task<ProgramResult> RunAsync(
        string program, string[] arguments, Dictionary<string, string>? environment = null, string? workingDirectory = null)
    {
        await using var run = Start(program, arguments, environment, workingDirectory);
        int code = await run.WaitForExitAsync(RunTime);
        return new ProgramResult(code, string.Join('\n', run.OutputLines), string.Join('\n', run.ErrorLines));
    }

    /// <summary>Waits for the end, until all output was read.</summary>
    public async Task<int> WaitForExitAsync(TimeSpan deadline)
    {
        using var timeout = new CancellationTokenSource(deadline);
        try
        {
            await _process.WaitForExitAsync(timeout.Token);
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException($"{_process.StartInfo.FileName} still runs after {deadline}. {Written()}");
        }

        return _process.ExitCode;
    }

    public Task<string> WaitForOutputAsync(Func<string, bool> isIt, TimeSpan deadline) => WaitForLineAsync(_output, isIt, deadline);

    public Task<string> WaitForErrorAsync(Func<string, bool> isIt, TimeSpan deadline) => WaitForLineAsync(_error, isIt, deadline);

    /// <summary>The first child of a process, or null.</summary>
    public int? ChildOf(int processId)
    {
        string path = $"/proc/{processId}/task/{processId}/children";
        string[] children = File.Exists(path) ? File.ReadAllText(path).Split(' ', StringSplitOptions.RemoveEmptyEntries) : [];
        return children.Length == 0 ? null : int.Parse(children[0], CultureInfo.InvariantCulture);
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            try
            {
                _process.Kill(entireProcessTree: true);
            }
            catch (InvalidOperationException)
            {
                // It has just ended by itself.
            }

            await _process.WaitForExitAsync();
        }

        _process.Dispose();
    }

    private async Task<string> WaitForLineAsync(LineCollector lines, Func<string, bool> isIt, TimeSpan deadline)
    {
        try
        {
            return await lines.WaitForAsync(isIt).WaitAsync(deadline)
                ?? throw new InvalidOperationException($"{_process.StartInfo.FileName} ended without the line. {Written()}");
        }
        catch (TimeoutException)
        {
            throw new TimeoutException($"{_process.StartInfo.FileName} did not write the line within {deadline}. {Written()}");
        }
    }

    private string Written() => $"Output: [{string.Join(" | ", OutputLines)}] Error: [{string.Join(" | ", ErrorLines.TakeLast(30))}]";

    private sealed class LineCollector
    {
        private readonly Lock _lock = new();
        private readonly List<string> _lines = [];
        private readonly List<(Func<string, bool> IsIt, TaskCompletionSource<string?> Found)> _waiting = [];
        private bool _isEnded;

        public IReadOnlyList<string> Lines
        {
            get
            {
                lock (_lock)
                    return [.. _lines];
            }
        }

        public void Add(string? line)
        {
            lock (_lock)
            {
                _isEnded |= line is null;
                if (line is not null)
                    _lines.Add(line);
                foreach (var (isIt, found) in _waiting)
                {
                    if (line is null || isIt(line))
                        found.TrySetResult(line);
                }
            }
        }

        public Task<string?> WaitForAsync(Func<string, bool> isIt)
        {
            lock (_lock)
            {
                if (_lines.FirstOrDefault(isIt) is { } line)
                    return Task.FromResult<string?>(line);
                if (_isEnded)
                    return Task.FromResult<string?>(null);
                var found = new TaskCompletionSource<string?>(TaskCreationOptions.RunContinuationsAsynchronously);
                _waiting.Add((isIt, found));
                return found.Task;
            }
        }
    }
}
