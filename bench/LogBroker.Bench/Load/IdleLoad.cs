using System.Diagnostics;
using LogBroker.Bench.Results;
using LogBroker.Client;

namespace LogBroker.Bench.Load;

/// <summary>Attaches readers at the tail of all partitions and waits.</summary>
internal static class IdleLoad
{
    public static async Task<ClientResult> RunAsync(LoadTarget target, CancellationToken cancellationToken)
    {
        await using TailReaders readers = await TailReaders.StartAsync(target, Position.End, cancellationToken);
        await Task.Delay(target.Scenario.Warmup, cancellationToken);
        var span = new MeasuredSpan(target.Scenario, Stopwatch.GetTimestamp());
        span.Begin(Stopwatch.GetTimestamp());
        await Task.Delay(target.Scenario.Duration, cancellationToken);
        return new ClientResult { Client = LoadProgram.ClientName, CpuSeconds = span.CpuSeconds(), CpuBytes = 0 };
    }
}
