using System.Diagnostics;
using LogBroker.Bench.Plan;
using LogBroker.Bench.Results;
using LogBroker.Client;

namespace LogBroker.Bench.Load;

/// <summary>
/// Producers as fast as they can, alone or with readers at the tail. Bytes are bounded by the producer's own memory limit. The
/// measured part ends with the acknowledgement of the last record, while what was in flight when it began is not counted: the error
/// is at most the bytes in flight, and never in favour.
/// </summary>
internal static class IngestLoad
{
    /// <summary>A lag of the readers behind the producers that is told.</summary>
    private const double LagSecondsTold = 1;

    public static async Task<ClientResult> RunAsync(LoadTarget target, CancellationToken cancellationToken)
    {
        Scenario scenario = target.Scenario;
        bool hasReaders = scenario.Kind == LoadKind.Tail;
        await using TailReaders? readers = hasReaders ? await TailReaders.StartAsync(target, Position.Start, cancellationToken) : null;
        var span = new MeasuredSpan(scenario, Stopwatch.GetTimestamp());
        readers?.Observe(span, null);
        UnthrottledProducer[] producers = await ProduceAsync(target, span, cancellationToken);
        long records = producers.Sum(p => p.Records);
        string? missing = readers is null ? null : await readers.WaitForAsync(records, cancellationToken);
        double cpuSeconds = span.CpuSeconds();
        long recordsMeasured = producers.Sum(p => p.RecordsMeasured);
        Throughput? consumed = readers?.Measured();
        return Result(producers) with
        {
            Produced = new Throughput(
                recordsMeasured, recordsMeasured * scenario.ValueBytes, span.SecondsUntil(producers.Max(p => p.EndTicks))),
            Consumed = consumed,
            CpuSeconds = cpuSeconds,
            CpuBytes = (recordsMeasured * scenario.ValueBytes) + (consumed?.Bytes ?? 0),
            Remark = missing ?? LagRemark(readers),
        };
    }

    /// <summary>Writes the scenario's preload, not measured.</summary>
    public static async Task<ClientResult> PreloadAsync(LoadTarget target, CancellationToken cancellationToken)
    {
        // Many partitions would make small batches of few bytes in flight.
        Scenario preload = target.Scenario with
        {
            BytesWrittenMax = target.Scenario.PreloadBytes,
            Warmup = TimeSpan.Zero,
            Duration = TimeSpan.FromHours(1),
            InFlightBytesMax = Math.Max(target.Scenario.InFlightBytesMax, 32 * 1024 * 1024),
        };
        var span = new MeasuredSpan(preload, Stopwatch.GetTimestamp());
        return Result(await ProduceAsync(target with { Scenario = preload }, span, cancellationToken));
    }

    private static async Task<UnthrottledProducer[]> ProduceAsync(
        LoadTarget target, MeasuredSpan span, CancellationToken cancellationToken)
    {
        UnthrottledProducer[] producers =
            [.. Enumerable.Range(0, target.Scenario.Producers).Select(i => new UnthrottledProducer(target, span, i))];
        await Task.WhenAll(producers.Select(p => Task.Run(() => p.RunAsync(cancellationToken), cancellationToken)));
        return producers;
    }

    private static ClientResult Result(UnthrottledProducer[] producers) => new()
    {
        Client = LoadProgram.ClientName,
        RecordsAcknowledged = producers.Sum(p => p.Records),
        ValuesChecksum = producers.Aggregate(0UL, (sum, p) => sum + p.Checksum),
    };

    private static string? LagRemark(TailReaders? readers) => readers is { LagSecondsMax: > LagSecondsTold }
        ? FormattableString.Invariant($"the readers lagged by up to {readers.LagSecondsMax:F1} s")
        : null;
}
