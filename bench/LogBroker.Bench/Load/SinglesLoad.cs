using System.Diagnostics;
using LogBroker.Bench.Plan;
using LogBroker.Bench.Results;
using LogBroker.Client;

namespace LogBroker.Bench.Load;

/// <summary>
/// A closed loop: so many callers, each of which waits for the acknowledgement of its one record before it sends the next, with linger
/// 0. The latency is from the actual time.
/// </summary>
/// <remarks>
/// With one caller each record is a batch of its own. With many, the client does what it always does: up to five batches of a
/// partition are on the way, and records that come meanwhile go together, as they do in Kafka's clients at linger 0. What the callers
/// see is what counts; the number of records per fsync says how much was shared.
/// </remarks>
internal static class SinglesLoad
{
    public static async Task<ClientResult> RunAsync(LoadTarget target, CancellationToken cancellationToken)
    {
        Scenario scenario = target.Scenario;
        await using LogBrokerClient client = target.Connect();
        await using Producer producer = client.CreateProducer(target.ProducerOptions());
        long start = Stopwatch.GetTimestamp();
        long measuredFrom = start + MeasuredSpan.TicksOf(scenario.Warmup);
        var span = new MeasuredSpan(scenario, start);
        var ack = new LatencyRecorder(measuredFrom, scenario.Duration);
        Caller[] callers = [.. Enumerable.Range(0, scenario.RecordsInFlight).Select(i => new Caller(target, i))];
        await Task.WhenAll(callers.Select(c => Task.Run(() => c.RunAsync(producer, span, measuredFrom, ack, cancellationToken))));
        span.Begin(measuredFrom);
        double cpuSeconds = span.CpuSeconds();
        long records = callers.Sum(c => c.RecordsMeasured);
        return new ClientResult
        {
            Client = LoadProgram.ClientName,
            Produced = new Throughput(records, records * scenario.ValueBytes, span.SecondsUntil(callers.Max(c => c.EndTicks))),
            Ack = ack.ToLatency(),
            CpuSeconds = cpuSeconds,
            CpuBytes = records * scenario.ValueBytes,
            RecordsAcknowledged = callers.Sum(c => c.Records),
            ValuesChecksum = callers.Aggregate(0UL, (sum, c) => sum + c.Checksum),
        };
    }

    private sealed class Caller(LoadTarget target, int index)
    {
        public long Records { get; private set; }

        public long RecordsMeasured { get; private set; }

        public ulong Checksum { get; private set; }

        public long EndTicks { get; private set; }

        public async Task RunAsync(
            Producer producer, MeasuredSpan span, long measuredFrom, LatencyRecorder ack, CancellationToken cancellationToken)
        {
            var values = new ValueSource(target.Scenario.ValueBytes, index, poolBytes: 0);
            int partition = index % target.Scenario.Partitions;
            do
            {
                long begin = Stopwatch.GetTimestamp();
                if (begin >= measuredFrom && !span.HasStarted)
                {
                    span.Begin(measuredFrom);
                }

                var record = new ProducerRecord(values.Next(begin)) { Partition = partition };
                await producer.ProduceAsync(target.Topic, record, CancellationToken.None);
                EndTicks = Stopwatch.GetTimestamp();
                ack.Record(begin, EndTicks);
                Checksum += values.LastHash;
                Records++;
                RecordsMeasured += begin >= measuredFrom ? 1 : 0;
            }
            while (EndTicks < ack.EndTicks && !cancellationToken.IsCancellationRequested);
        }
    }
}
