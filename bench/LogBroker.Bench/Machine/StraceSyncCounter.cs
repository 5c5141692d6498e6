using System.Globalization;
using LogBroker.Bench.Systems;

namespace LogBroker.Bench.Machine;

/// <summary>
/// Counts a system's calls of fsync and its kin with <c>strace -c</c>. It slows every system call of the traced processes down:
/// only for counting, never beside numbers that are compared.
/// </summary>
public sealed class StraceSyncCounter : IAsyncDisposable
{
    private static readonly TimeSpan AttachTimeout = TimeSpan.FromSeconds(10);
    private readonly IRunningProcess _strace;
    private readonly string _summaryFile;

    private StraceSyncCounter(IRunningProcess strace, string summaryFile)
    {
        _strace = strace;
        _summaryFile = summaryFile;
    }

    /// <summary>One line that says why nothing can be counted here, or null.</summary>
    public static string? WhyAbsent() =>
        ProgramPath.Find("strace") is null ? "syncs are not counted: strace is not on the PATH" : null;

    /// <summary>
    /// Attaches to all threads of the processes, and returns when it is attached to each process. The summary that strace writes into
    /// <paramref name="directory"/> is deleted with the counter.
    /// </summary>
    /// <exception cref="BenchException">strace is absent, or may not attach.</exception>
    public static async Task<StraceSyncCounter> AttachAsync(
        IReadOnlyList<int> processIds, string directory, IProcessStarter processes, CancellationToken cancellationToken)
    {
        string program = ProgramPath.Find("strace") ?? throw new BenchException(WhyAbsent()!);
        string summaryFile = Path.Combine(directory, $"strace-{Environment.ProcessId}");
        string[] arguments =
        [
            "-c", "-f", "-e", "trace=fsync,fdatasync,sync_file_range,syncfs,msync", "-o", summaryFile,
            .. processIds.SelectMany(id => new[] { "-p", id.ToString(CultureInfo.InvariantCulture) }),
        ];
        var attached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        int attachedCount = 0;
        IRunningProcess strace = processes.Start(program, arguments, onLine: line =>
        {
            if (IsAttached(line, processIds) && Interlocked.Increment(ref attachedCount) == processIds.Count)
            {
                attached.TrySetResult();
            }
        });
        var counter = new StraceSyncCounter(strace, summaryFile);
        try
        {
            await attached.Task.WaitAsync(AttachTimeout, cancellationToken);
            return counter;
        }
        catch (Exception e) when (e is TimeoutException or OperationCanceledException)
        {
            string output = strace.OutputTail;
            await counter.DisposeAsync();
            if (e is OperationCanceledException)
            {
                throw;
            }

            throw new BenchException("strace did not attach: " + output, e);
        }
    }

    /// <summary>Detaches and returns the number of calls since it was attached; null when strace left no summary.</summary>
    public async Task<long?> StopAsync()
    {
        await _strace.StopAsync();
        return File.Exists(_summaryFile) ? Calls(await File.ReadAllTextAsync(_summaryFile)) : null;
    }

    public async ValueTask DisposeAsync()
    {
        await _strace.DisposeAsync();
        File.Delete(_summaryFile);
    }

    /// <summary>Adds up the calls in a summary; one without a row stands for no call.</summary>
    internal static long Calls(string summary) => summary.Split('\n')
        .Select(l => l.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        .Where(f => f.Length >= 5 && char.IsAsciiDigit(f[0][0]) && f[^1] != "total")
        .Sum(f => long.Parse(f[3], CultureInfo.InvariantCulture));

    /// <summary>"strace: Process 9366 attached with 9 threads"; threads that are born later have lines of their own.</summary>
    internal static bool IsAttached(string line, IReadOnlyList<int> processIds)
    {
        string[] words = line.Split(' ');
        return words is [_, "Process", _, "attached", ..]
            && int.TryParse(words[2], CultureInfo.InvariantCulture, out int id)
            && processIds.Contains(id);
    }
}
