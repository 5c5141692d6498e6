using System.Diagnostics;
using LogBroker.Bench.Plan;
using LogBroker.Bench.Results;
using LogBroker.Bench.Systems.Nodes;

namespace LogBroker.Bench.Load;

/// <summary>
/// An open loop at a fixed rate, partitions in turn, until it is told to stop; each acknowledgement goes into a log, from which the harness
/// reads what happened while it ended nodes.
/// </summary>
internal static class SteadyLoad
{
    /// <summary>What is printed when each partition has acknowledged a record.</summary>
    public const string Steady = "steady";

    private static readonly TimeSpan Lead = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(20);
    private static readonly TimeSpan FlushLimit = TimeSpan.FromMinutes(2);

    /// <param name="target">The topic.</param>
    /// <param name="acksFile">Where the log goes.</param>
    /// <param name="stop">Ends the loop; what was handed over is waited for.</param>
    /// <exception cref="Client.LogBrokerException">A record was not acknowledged.</exception>
    public static async Task<ClientResult> RunAsync(LoadTarget target, string acksFile, CancellationToken stop)
    {
        Scenario scenario = target.Scenario;
        long start = Stopwatch.GetTimestamp() + MeasuredSpan.TicksOf(Lead);
        var acks = new AckLog();
        var isSteady = new SteadyWatch(scenario.Partitions);
        var producer = new PacedProducer(target, new Schedule(start, scenario.RecordsPerSecond, 0, 1), 0)
        {
            PublishDelay = new LatencyRecorder(start, Longest),
            Ack = new LatencyRecorder(start, Longest),
            Span = new MeasuredSpan(scenario, start),
            MeasuredFromTicks = start,
            OnAcknowledged = entry =>
            {
                acks.Add(entry);
                isSteady.Saw(entry.Partition);
            },
        };
        using var flushLimit = new CancellationTokenSource();
        await using CancellationTokenRegistration stopped = stop.Register(() => flushLimit.CancelAfter(FlushLimit));
        await producer.RunAsync(stop, flushLimit.Token);
        acks.Write(acksFile);
        return new ClientResult
        {
            Client = LoadProgram.ClientName,
            RecordsAcknowledged = producer.Records,
            ValuesChecksum = producer.Checksum,
        };
    }

    /// <summary>Says once that all partitions have acknowledged.</summary>
    private sealed class SteadyWatch(int partitions)
    {
        private readonly bool[] _seen = new bool[partitions];
        private readonly Lock _lock = new();
        private int _missing = partitions;

        public void Saw(int partition)
        {
            if (Volatile.Read(ref _missing) == 0)
            {
                return;
            }

            lock (_lock)
            {
                if (!_seen[partition])
                {
                    _seen[partition] = true;
                    if (--_missing == 0)
                    {
                        Console.WriteLine(Steady);
                    }
                }
            }
        }
    }
}
