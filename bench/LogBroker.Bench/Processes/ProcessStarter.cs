using System.Collections.Concurrent;
using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using LogBroker.Bench.Systems;

namespace LogBroker.Bench.Processes;

/// <summary>
/// Starts each process as the leader of a session of its own: Ctrl-C of the terminal does not reach it, and with its group everything
/// that it has started can be ended. What still runs when the starter is disposed, or when this program dies, is killed.
/// </summary>
public sealed class ProcessStarter : IProcessStarter, IAsyncDisposable
{
    private const int TailCharsMax = 64 * 1024;
    private const int WholeOutputCharsMax = 32 * 1024 * 1024;
    private const int MessageCharsMax = 2_000;

    // The shell reports user and system time of the command and of everything that it waited for.
    private const string TimedCommand = "TIMEFORMAT=$0; time \"$@\"";
    private const string TimesMark = "\n@logbroker-bench-times ";

    private readonly ProcessGuard _guard = ProcessGuard.Start();
    private readonly ConcurrentDictionary<int, RunningProcess> _running = new();
    private readonly TimeSpan _stopGrace;

    /// <summary>Starts the guard.</summary>
    /// <exception cref="BenchException">The machine lacks <c>setsid</c> or <c>sh</c>.</exception>
    public ProcessStarter()
        : this(TimeSpan.FromSeconds(10))
    {
    }

    internal ProcessStarter(TimeSpan stopGrace) => _stopGrace = stopGrace;

    /// <summary>How many processes run.</summary>
    public int RunningCount => _running.Count;

    internal ProcessGuard Guard => _guard;

    /// <inheritdoc/>
    public IRunningProcess Start(
        string file,
        IReadOnlyList<string> arguments,
        IReadOnlyDictionary<string, string>? environment = null,
        Action<string>? onLine = null)
    {
        RequireFile(file);
        var tail = new OutputTail(TailCharsMax);
        return Launch([file, .. arguments], environment, tail, tail, onLine);
    }

    /// <inheritdoc/>
    public async Task<FinishedProcess> RunAsync(
        string file,
        IReadOnlyList<string> arguments,
        IReadOnlyDictionary<string, string>? environment = null,
        CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        RequireFile("bash");
        RequireFile(file);
        var output = new OutputTail(WholeOutputCharsMax);
        var errors = new OutputTail(WholeOutputCharsMax);
        string format = TimesMark + "%3U %3S";
        RunningProcess process = Launch(["bash", "-c", TimedCommand, format, file, .. arguments], environment, output, errors, null);
        try
        {
            await process.Exit.WaitAsync(cancellationToken);
        }
        finally
        {
            await process.KillAsync();
        }

        string errorText = errors.ToString();
        int mark = errorText.LastIndexOf(TimesMark, StringComparison.Ordinal);
        string withoutTimes = mark < 0 ? errorText : errorText[..mark];
        if (process.ExitCode != 0)
        {
            string said = withoutTimes.Trim() is { Length: > 0 } complaint ? complaint : output.ToString().Trim();
            throw new BenchException($"{Path.GetFileName(file)} exited with code {process.ExitCode}: {End(said)}");
        }

        if (mark < 0)
        {
            throw new BenchException($"{Path.GetFileName(file)} ended without its CPU time on stderr");
        }

        return new FinishedProcess(output.ToString(), withoutTimes, CpuSeconds(errorText.AsSpan(mark + TimesMark.Length)));
    }

    /// <summary>Kills every process that is still running, with its group.</summary>
    public Task KillAllAsync() => Task.WhenAll(_running.Values.Select(p => p.KillAsync()));

    /// <summary>Kills what is still running and ends the guard.</summary>
    public async ValueTask DisposeAsync()
    {
        await KillAllAsync();
        await _guard.DisposeAsync();
    }

    private RunningProcess Launch(
        string[] command,
        IReadOnlyDictionary<string, string>? environment,
        OutputTail output,
        OutputTail errors,
        Action<string>? onLine)
    {
        // As it leads no group when it is started, setsid becomes the command in place, and the process id stays.
        var start = new ProcessStartInfo("setsid", command)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach ((string name, string value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[name] = value;
        }

        start.Environment[ProcessGuard.MarkVariable] = _guard.Mark;
        Process process;
        try
        {
            process = Process.Start(start)!;
        }
        catch (Win32Exception e)
        {
            throw new BenchException($"{command[0]} cannot be started: {e.Message}", e);
        }

        _guard.AddGroup(process.Id);
        process.StandardInput.Close();
        var running = new RunningProcess(process, output, errors, onLine, _stopGrace, Forget);
        _running[running.Id] = running;
        return running;
    }

    private void Forget(RunningProcess process)
    {
        _running.TryRemove(KeyValuePair.Create(process.Id, process));
        _guard.RemoveGroup(process.Id);
    }

    private static void RequireFile(string file)
    {
        bool exists = file.Contains('/')
            ? File.Exists(file)
            : (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(d => d.Length > 0 && File.Exists(Path.Combine(d, file)));
        if (!exists)
        {
            throw new BenchException($"{file} is not there" + (file.Contains('/') ? "" : " (looked for on the PATH)"));
        }
    }

    // With some locales the shell writes a decimal comma.
    private static double CpuSeconds(ReadOnlySpan<char> times)
    {
        string[] parts = times.ToString().Replace(',', '.').Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        return double.Parse(parts[0], CultureInfo.InvariantCulture) + double.Parse(parts[1], CultureInfo.InvariantCulture);
    }

    private static string End(string text) => text.Length <= MessageCharsMax ? text : "… " + text[^MessageCharsMax..];
}
