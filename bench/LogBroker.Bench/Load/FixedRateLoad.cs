using System.Diagnostics;
using LogBroker.Bench.Plan;
using LogBroker.Bench.Results;
using LogBroker.Client;

namespace LogBroker.Bench.Load;

/// <summary>
/// An open loop at a fixed rate with readers at the tail, in one process, so that both use the same clock. What was due in the measured
/// part is measured, whenever it ended.
/// </summary>
internal static class FixedRateLoad
{
    /// <summary>Between the start of the threads and the first record.</summary>
    private static readonly TimeSpan Lead = TimeSpan.FromMilliseconds(50);

    public static async Task<ClientResult> RunAsync(LoadTarget target, CancellationToken cancellationToken)
    {
        Scenario scenario = target.Scenario;
        await using TailReaders? readers = scenario.Consumers > 0
            ? await TailReaders.StartAsync(target, Position.Start, cancellationToken)
            : null;
        long start = Stopwatch.GetTimestamp() + MeasuredSpan.TicksOf(Lead);
        long measuredFrom = start + MeasuredSpan.TicksOf(scenario.Warmup);
        var span = new MeasuredSpan(scenario, start);
        var publishDelay = new LatencyRecorder(measuredFrom, scenario.Duration);
        var ack = new LatencyRecorder(measuredFrom, scenario.Duration);
        var endToEnd = new LatencyRecorder(measuredFrom, scenario.Duration);
        readers?.Observe(span, endToEnd);
        PacedProducer[] producers =
        [
            .. Enumerable.Range(0, scenario.Producers).Select(i =>
                new PacedProducer(target, new Schedule(start, scenario.RecordsPerSecond, i, scenario.Producers), i)
                {
                    PublishDelay = publishDelay, Ack = ack, Span = span, MeasuredFromTicks = measuredFrom,
                }),
        ];
        await Task.WhenAll(producers.Select(p => p.RunAsync(cancellationToken)));
        string? missing = readers is null ? null : await readers.WaitForAsync(producers.Sum(p => p.Records), cancellationToken);
        double cpuSeconds = span.CpuSeconds();
        long records = producers.Sum(p => p.RecordsMeasured);
        Throughput? consumed = readers?.Measured();
        return new ClientResult
        {
            Client = LoadProgram.ClientName,
            Produced = new Throughput(records, records * scenario.ValueBytes, span.SecondsUntil(producers.Max(p => p.EndTicks))),
            Consumed = consumed,
            PublishDelay = publishDelay.ToLatency(),
            Ack = ack.ToLatency(),
            EndToEnd = endToEnd.ToLatency(),
            CpuSeconds = cpuSeconds,
            CpuBytes = (records * scenario.ValueBytes) + (consumed?.Bytes ?? 0),
            RecordsAcknowledged = producers.Sum(p => p.Records),
            ValuesChecksum = producers.Aggregate(0UL, (sum, p) => sum + p.Checksum),
            Remark = missing,
        };
    }
}
