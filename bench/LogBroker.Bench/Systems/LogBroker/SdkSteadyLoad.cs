using LogBroker.Bench.Load;
using LogBroker.Bench.Results;
using LogBroker.Bench.Systems.Nodes;

namespace LogBroker.Bench.Systems.LogBroker;

/// <summary>The load program as a process that runs until SIGTERM, and then writes down every acknowledgement.</summary>
internal sealed class SdkSteadyLoad : ISteadyLoad
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(20);

    private readonly IRunningProcess _process;
    private readonly string _acksFile;

    private SdkSteadyLoad(IRunningProcess process, string acksFile)
    {
        _process = process;
        _acksFile = acksFile;
    }

    /// <exception cref="BenchException">It ended at once, or nothing was acknowledged.</exception>
    public static async Task<SdkSteadyLoad> StartAsync(
        string loadFile, IReadOnlyList<string> arguments, string acksFile, IProcessStarter processes, CancellationToken cancellationToken)
    {
        var steady = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        IRunningProcess process = processes.Start(
            loadFile, arguments, onLine: line => _ = line == SteadyLoad.Steady && steady.TrySetResult());
        var load = new SdkSteadyLoad(process, acksFile);
        try
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            limit.CancelAfter(StartLimit);
            while (!steady.Task.IsCompleted)
            {
                if (process.HasExited || limit.IsCancellationRequested)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    throw new BenchException($"the load did not get under way: {process.OutputTail}");
                }

                await Task.WhenAny(steady.Task, Task.Delay(PollInterval, CancellationToken.None));
            }

            return load;
        }
        catch
        {
            await load.DisposeAsync();
            throw;
        }
    }

    public async Task<SteadyResult> StopAsync(CancellationToken cancellationToken)
    {
        if (_process.HasExited)
        {
            throw new BenchException($"the load ended by itself: {_process.OutputTail}");
        }

        await _process.StopAsync();
        ClientResult client = LoadJson.ReadLastLine<ClientResult>(_process.OutputTail);
        AckLog acks = AckLog.Read(_acksFile);
        if (acks.Count != client.RecordsAcknowledged)
        {
            throw new BenchException($"{acks.Count} of {client.RecordsAcknowledged} acknowledgements are in the log of the load");
        }

        File.Delete(_acksFile);
        return new SteadyResult(
            client with { CommandLine = "LogBroker.Bench load --topic bench --acks-file acks, until SIGTERM" },
            acks.LongestGap,
            acks.AckP99);
    }

    public ValueTask DisposeAsync() => _process.DisposeAsync();
}
