using System.Diagnostics;
using LogBroker.Client;

namespace LogBroker.Bench.Systems.LogBroker;

/// <summary>A logbrokerd on free loopback ports that has answered.</summary>
internal sealed class BrokerProcess : IAsyncDisposable
{
    private static readonly TimeSpan StartTimeout = TimeSpan.FromMinutes(3);
    private static readonly TimeSpan RetryPeriod = TimeSpan.FromMilliseconds(1);

    private readonly IRunningProcess _process;

    private BrokerProcess(IRunningProcess process, ReadyLine ready, TimeSpan startTime)
    {
        _process = process;
        Ready = ready;
        StartTime = startTime;
    }

    public int Id => _process.Id;

    public bool HasExited => _process.HasExited;

    public ReadyLine Ready { get; }

    /// <summary>From the start of the process to its first answer; with a topic, to the answer of its last partition.</summary>
    public TimeSpan StartTime { get; }

    /// <param name="serverFile">The program.</param>
    /// <param name="dataDirectory">Its data; made when it does not exist.</param>
    /// <param name="arguments">Where it listens, and its cluster.</param>
    /// <param name="topic">A topic of which every partition must answer; null asks for the nodes alone.</param>
    /// <param name="processes">Starts it.</param>
    /// <param name="cancellationToken">Ends the wait, and the process.</param>
    /// <exception cref="BenchException">It did not start; the message carries the end of its output.</exception>
    public static async Task<BrokerProcess> StartAsync(
        string serverFile,
        string dataDirectory,
        IReadOnlyList<string> arguments,
        string? topic,
        IProcessStarter processes,
        CancellationToken cancellationToken)
    {
        await WarmUpClientAsync(cancellationToken);
        var readyLine = new TaskCompletionSource<ReadyLine>(TaskCreationOptions.RunContinuationsAsynchronously);
        long begin = Stopwatch.GetTimestamp();
        IRunningProcess process = processes.Start(
            serverFile,
            ["--data-dir", dataDirectory, .. arguments],
            onLine: line => _ = ReadyLine.TryParse(line) is { } parsed && readyLine.TrySetResult(parsed));
        try
        {
            ReadyLine ready = await UntilReadyAsync(process, readyLine.Task, begin, cancellationToken);
            await UntilAnsweredAsync(process, ready, topic, begin, cancellationToken);
            return new BrokerProcess(process, ready, Stopwatch.GetElapsedTime(begin));
        }
        catch
        {
            await process.DisposeAsync();
            throw;
        }
    }

    /// <summary>Stops it the ordinary way, or by SIGKILL, and waits until it is gone.</summary>
    public Task EndAsync(bool isKilled) => isKilled ? _process.KillAsync() : _process.StopAsync();

    public ValueTask DisposeAsync() => _process.DisposeAsync();

    private static async Task<ReadyLine> UntilReadyAsync(
        IRunningProcess process, Task<ReadyLine> ready, long begin, CancellationToken cancellationToken)
    {
        while (!ready.IsCompleted)
        {
            ThrowIfHopeless(process, begin);
            await Task.WhenAny(ready, Task.Delay(TimeSpan.FromMilliseconds(100), cancellationToken));
            cancellationToken.ThrowIfCancellationRequested();
        }

        return await ready;
    }

    private static async Task UntilAnsweredAsync(
        IRunningProcess process, ReadyLine ready, string? topic, long begin, CancellationToken cancellationToken)
    {
        await using var client = new LogBrokerClient(new LogBrokerClientOptions
        {
            Servers = ready.Grpc,
            RetryBackoff = RetryPeriod,
            RetryBackoffMax = RetryPeriod,
        });
        while (true)
        {
            try
            {
                if (topic is null)
                {
                    await client.Cluster.GetMetadataAsync(cancellationToken: cancellationToken);
                }
                else
                {
                    await client.ListOffsetsAsync(topic, Position.End, cancellationToken: cancellationToken);
                }

                return;
            }
            catch (LogBrokerException)
            {
                ThrowIfHopeless(process, begin);
                await Task.Delay(RetryPeriod, cancellationToken);
            }
        }
    }

    private static void ThrowIfHopeless(IRunningProcess process, long begin)
    {
        if (process.HasExited)
        {
            throw new BenchException($"logbrokerd ended at once: {process.OutputTail}");
        }

        if (Stopwatch.GetElapsedTime(begin) > StartTimeout)
        {
            throw new BenchException($"logbrokerd did not serve within {StartTimeout.TotalSeconds} s: {process.OutputTail}");
        }
    }

    /// <summary>
    /// Has the SDK compiled before the clock runs, by one call to a port where nobody listens: what the first call costs this process is
    /// not the broker's.
    /// </summary>
    private static async Task WarmUpClientAsync(CancellationToken cancellationToken)
    {
        await using var client = new LogBrokerClient(new LogBrokerClientOptions
        {
            Servers = "127.0.0.1:1",
            ConnectTimeout = TimeSpan.Zero,
        });
        try
        {
            await client.Cluster.GetMetadataAsync(cancellationToken: cancellationToken);
        }
        catch (LogBrokerException)
        {
            // As it should be.
        }
    }
}
