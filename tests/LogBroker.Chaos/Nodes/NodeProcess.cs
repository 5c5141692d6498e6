using System.Diagnostics;

namespace LogBroker.Chaos;

/// <summary>
/// One run of logbrokerd. Its output goes line by line into a file and, the last lines, into memory. Killed by its id at the end.
/// </summary>
internal sealed class NodeProcess : IAsyncDisposable
{
    private const int LinesKept = 40;
    private static readonly TimeSpan EndTime = TimeSpan.FromSeconds(30);

    private readonly Lock _gate = new();
    private readonly Process _process;
    private readonly StreamWriter _log;
    private readonly Queue<string> _lines = [];
    private readonly TaskCompletionSource<string> _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _isLogClosed;

    private NodeProcess(Process process, StreamWriter log)
    {
        _process = process;
        _log = log;
    }

    public int Id { get; private set; }

    /// <summary>True while it is stopped by SIGSTOP.</summary>
    public bool IsPaused { get; private set; }

    /// <summary>True when its end was asked for; otherwise an end is a finding.</summary>
    public bool IsEndExpected { get; set; }

    public bool HasEnded => _process.HasExited;

    public int ExitCode => _process.ExitCode;

    /// <summary>Completes with the ready line.</summary>
    public Task<string> Ready => _ready.Task;

    public string LastLines
    {
        get
        {
            lock (_gate)
                return string.Join('\n', _lines);
        }
    }

    public static NodeProcess Start(string[] words, IReadOnlyDictionary<string, string> environment, string logPath)
    {
        var start = new ProcessStartInfo(words[0], words[1..])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Path.GetDirectoryName(logPath)!,
        };
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        var log = new StreamWriter(new FileStream(logPath, FileMode.Append, FileAccess.Write, FileShare.ReadWrite)) { AutoFlush = true };
        var node = new NodeProcess(new Process { StartInfo = start, EnableRaisingEvents = true }, log);
        node.Begin();
        return node;
    }

    public void Signal(int signal)
    {
        if (HasEnded)
            return;
        Shell.Signal(Id, signal);
        IsPaused = signal == Shell.Sigstop || (IsPaused && signal != Shell.Sigcont);
    }

    /// <summary>kill -9, also of a stopped one, and waits until it is gone.</summary>
    public async Task KillAsync()
    {
        IsEndExpected = true;
        Signal(Shell.Sigkill);
        await WaitForEndAsync();
    }

    /// <summary>SIGTERM, and its exit code.</summary>
    public async Task<int> StopAsync()
    {
        IsEndExpected = true;
        Signal(Shell.Sigterm);
        await WaitForEndAsync();
        return ExitCode;
    }

    public Task<int> WaitForEndAsync() => WaitForEndAsync(EndTime);

    public async Task<int> WaitForEndAsync(TimeSpan deadline)
    {
        using var timeout = new CancellationTokenSource(deadline);
        try
        {
            await _process.WaitForExitAsync(timeout.Token);
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException($"process {Id} still runs after {deadline.TotalSeconds:0} s:\n{LastLines}");
        }

        return ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        IsEndExpected = true;
        if (!HasEnded)
        {
            _process.Kill();
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
        lock (_gate)
        {
            _isLogClosed = true;
            _log.Dispose();
        }
    }

    private void Begin()
    {
        _process.OutputDataReceived += (_, line) => Take(line.Data);
        _process.ErrorDataReceived += (_, line) => Take(line.Data);
        _process.Exited += (_, _) => _ready.TrySetException(new InvalidOperationException($"logbrokerd ended:\n{LastLines}"));
        _ = _ready.Task.ContinueWith(t => _ = t.Exception, TaskScheduler.Default);
        _process.Start();
        Id = _process.Id;
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        _process.StandardInput.Close();
    }

    private void Take(string? line)
    {
        if (line is null)
            return;
        lock (_gate)
        {
            if (!_isLogClosed)
                _log.WriteLine($"{DateTime.UtcNow:HH:mm:ss.fff} [{Id}] {line}");
            _lines.Enqueue(line);
            if (_lines.Count > LinesKept)
                _lines.Dequeue();
        }

        if (line.StartsWith("LogBroker ready: ", StringComparison.Ordinal))
            _ready.TrySetResult(line);
    }
}
