using System.Diagnostics;
using LogBroker.Bench.Results;

namespace LogBroker.Bench.Systems.Kafka;

/// <summary>
/// A tool that reports windows while it runs, and is stopped when enough of them were seen: so that a load lasts a time and not a
/// count, and its start and its own warm-up stay out of the figures.
/// </summary>
internal sealed class WindowedTool : IAsyncDisposable
{
    private static readonly TimeSpan FirstWindowLimit = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(50);

    /// <summary>The last window ends after the duration is over.</summary>
    private static readonly TimeSpan LastWindowTime = TimeSpan.FromMilliseconds(700);

    private readonly Lock _lock = new();
    private readonly List<TimedWindow> _windows = [];
    private readonly Func<string, (long Records, double Seconds)?> _parse;
    private readonly string _endsWith;
    private IRunningProcess? _process;

    private WindowedTool(Func<string, (long Records, double Seconds)?> parse, string endsWith)
    {
        _parse = parse;
        _endsWith = endsWith;
    }

    /// <summary>Seconds on the clock that windows are timed by.</summary>
    public static double NowSeconds => Stopwatch.GetTimestamp() / (double)Stopwatch.Frequency;

    /// <summary>All records of all windows, warm-up included.</summary>
    public long RecordsReported
    {
        get
        {
            lock (_lock)
            {
                return _windows.Sum(w => w.Records);
            }
        }
    }

    public bool HasExited => Process.HasExited;

    public string OutputTail => Process.OutputTail;

    private IRunningProcess Process => _process ?? throw new InvalidOperationException("The tool is not started");

    /// <param name="processes">Ends the tool whatever happens.</param>
    /// <param name="file">The program.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="environment">Its environment.</param>
    /// <param name="parse">The window of a line, or null.</param>
    /// <param name="endsWith">What its output holds when it ended by itself and all was well.</param>
    public static WindowedTool Start(
        IProcessStarter processes,
        string file,
        IReadOnlyList<string> arguments,
        IReadOnlyDictionary<string, string> environment,
        Func<string, (long Records, double Seconds)?> parse,
        string endsWith)
    {
        var tool = new WindowedTool(parse, endsWith);
        tool._process = processes.Start(file, arguments, environment, tool.OnLine);
        return tool;
    }

    /// <summary>Returns when each has reported once; the time of that is where the warm-up begins.</summary>
    /// <exception cref="BenchException">One ended, or said nothing for a minute.</exception>
    public static async Task<double> WaitForFirstWindowsAsync(IReadOnlyList<WindowedTool> tools, CancellationToken cancellationToken)
    {
        double limit = NowSeconds + FirstWindowLimit.TotalSeconds;
        while (tools.FirstOrDefault(t => t.RecordsReported == 0) is { } silent)
        {
            if (silent.HasExited || NowSeconds > limit)
            {
                throw new BenchException($"A load program of Kafka reported nothing: {silent.OutputTail}");
            }

            await Task.Delay(PollInterval, cancellationToken);
        }

        return NowSeconds;
    }

    /// <summary>Returns when the span is over, or all have ended before because they reached their number of records.</summary>
    /// <exception cref="BenchException">One failed.</exception>
    public static async Task WaitAsync(
        IReadOnlyList<WindowedTool> tools, double startSeconds, TimeSpan span, CancellationToken cancellationToken)
    {
        double end = startSeconds + (span + LastWindowTime).TotalSeconds;
        while (NowSeconds < end && tools.Any(t => !t.HasExited))
        {
            await Task.Delay(PollInterval, cancellationToken);
        }

        foreach (WindowedTool tool in tools)
        {
            if (tool.HasExited && !tool.OutputTail.Contains(tool._endsWith, StringComparison.Ordinal))
            {
                throw new BenchException($"A load program of Kafka failed: {tool.OutputTail}");
            }
        }
    }

    /// <summary>The tools ran side by side: their rates add up.</summary>
    public static (Throughput Throughput, double? CpuSeconds) Sum(
        IReadOnlyList<WindowedTool> tools, double startSeconds, TimeSpan warmup, TimeSpan duration, int valueBytes)
    {
        MeasuredWindows[] measured = [.. tools.Select(t => MeasuredWindows.Of(t.Windows(), startSeconds, warmup, duration))];
        long records = measured.Sum(m => m.Records);
        double rate = measured.Sum(m => m.Records / m.Seconds);
        double? cpu = measured.Aggregate((double?)0, (sum, m) => sum + m.CpuSeconds);
        return (new Throughput(records, records * valueBytes, rate > 0 ? records / rate : 0), cpu);
    }

    public static async Task StopAllAsync(IReadOnlyList<WindowedTool> tools) =>
        await Task.WhenAll(tools.Select(t => t.DisposeAsync().AsTask()));

    public async ValueTask DisposeAsync()
    {
        if (_process is { } process)
        {
            await process.StopAsync();
            await process.DisposeAsync();
        }
    }

    private TimedWindow[] Windows()
    {
        lock (_lock)
        {
            return [.. _windows];
        }
    }

    private void OnLine(string line)
    {
        if (_parse(line) is not { } window)
        {
            return;
        }

        double? cpuSeconds = _process is { } process ? ProcessCpu.Seconds(process.Id) : null;
        lock (_lock)
        {
            _windows.Add(new TimedWindow(NowSeconds, window.Records, window.Seconds, cpuSeconds));
        }
    }
}
