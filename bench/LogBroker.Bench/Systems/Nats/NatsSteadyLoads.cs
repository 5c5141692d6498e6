using System.Diagnostics;
using LogBroker.Bench.Load;
using LogBroker.Bench.Plan;
using LogBroker.Bench.Results;
using LogBroker.Bench.Systems.Nodes;

namespace LogBroker.Bench.Systems.Nats;

/// <summary>An open loop against JetStream, by the harness itself, in its own process.</summary>
/// <param name="cluster">The servers.</param>
/// <param name="bench">Writes much at once.</param>
/// <param name="streams">A stream for each partition.</param>
/// <param name="multiple">Of the records that are written at once.</param>
internal sealed class NatsSteadyLoads(NatsCluster cluster, NatsBench bench, NatsStreams streams, int multiple) : ISteadyLoads
{
    private const string Remark =
        "the harness publishes, each record for itself with an id, and sends it again when it is not acknowledged; CPU is that of the "
        + "harness";

    private static readonly TimeSpan FirstLimit = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan FlushLimit = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan Lead = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(5);

    public async Task<ISteadyLoad> StartAsync(Scenario scenario, CancellationToken cancellationToken)
    {
        var load = new Load(cluster.Ports, streams, scenario);
        var clock = Stopwatch.StartNew();
        while (load.Acks.Count < scenario.Partitions)
        {
            if (clock.Elapsed > FirstLimit)
            {
                await load.DisposeAsync();
                throw new BenchException($"JetStream acknowledged nothing within {FirstLimit.TotalSeconds:0} s");
            }

            await Task.Delay(PollInterval, cancellationToken);
        }

        return load;
    }

    public async Task<ClientResult> WriteAsync(Scenario scenario, CancellationToken cancellationToken)
    {
        long records = NatsRun.RoundUp(scenario.PreloadBytes / scenario.ValueBytes, multiple);
        NatsBenchRun run = await bench.PublishAsync(cluster.Address, streams, scenario, isFast: false, records, cancellationToken);
        return new ClientResult { Client = NatsSystem.CliClient, RecordsAcknowledged = run.Records, CommandLine = run.CommandLine };
    }

    /// <summary>The scenario's warm-up and duration.</summary>
    public async Task<ClientResult> FixedRateAsync(Scenario scenario, CancellationToken cancellationToken)
    {
        TimeSpan cpuBefore = Environment.CpuUsage.TotalTime;
        await using var load = new Load(cluster.Ports, streams, scenario);
        await Task.Delay(Lead + scenario.Warmup + scenario.Duration, cancellationToken);
        SteadyResult seen = await load.StopAsync(cancellationToken);
        Latency? ack = load.Latency.ToLatency();
        long measured = ack?.Count ?? 0;
        long all = seen.Client.RecordsAcknowledged ?? 0;
        return seen.Client with
        {
            Produced = new Throughput(measured, measured * scenario.ValueBytes, scenario.Duration.TotalSeconds),
            Ack = ack,
            CpuSeconds = (Environment.CpuUsage.TotalTime - cpuBefore).TotalSeconds,
            CpuBytes = all * scenario.ValueBytes,
            Remark = Remark + "; no reader attached",
        };
    }

    private sealed class Load : ISteadyLoad
    {
        private readonly NatsStreams _streams;
        private readonly Scenario _scenario;
        private readonly NatsPublisher _publisher;
        private readonly Schedule _schedule;
        private readonly Thread _pace;
        private readonly string[] _subjects;
        private volatile bool _isStopping;

        public Load(IReadOnlyList<int> ports, NatsStreams streams, Scenario scenario)
        {
            _streams = streams;
            _scenario = scenario;
            _subjects = [.. Enumerable.Range(0, scenario.Partitions).Select(_streams.Subject)];
            long start = Stopwatch.GetTimestamp() + MeasuredSpan.TicksOf(Lead);
            _schedule = new Schedule(start, scenario.RecordsPerSecond, 0, 1);
            Latency = new LatencyRecorder(start + MeasuredSpan.TicksOf(scenario.Warmup), scenario.Duration);
            _publisher = new NatsPublisher(ports, Acknowledged);
            _pace = new Thread(Pace) { IsBackground = true, Name = "nats-pace" };
            _pace.Start();
        }

        public AckLog Acks { get; } = new();

        public LatencyRecorder Latency { get; }

        public async Task<SteadyResult> StopAsync(CancellationToken cancellationToken)
        {
            _isStopping = true;
            var clock = Stopwatch.StartNew();
            while (_pace.IsAlive || _publisher.PendingCount > 0)
            {
                if (clock.Elapsed > FlushLimit)
                {
                    throw new BenchException($"JetStream did not acknowledge {_publisher.PendingCount} messages");
                }

                await Task.Delay(PollInterval, cancellationToken);
            }

            var client = new ClientResult { Client = NatsSystem.HarnessClient, RecordsAcknowledged = Acks.Count, Remark = Remark };
            return new SteadyResult(client, Acks.LongestGap, Acks.AckP99);
        }

        public ValueTask DisposeAsync()
        {
            _isStopping = true;
            _pace.Join();
            _publisher.Dispose();
            return ValueTask.CompletedTask;
        }

        private void Acknowledged(NatsPublisher.PendingMessage message)
        {
            long now = Stopwatch.GetTimestamp();
            Acks.Add(new AckEntry(message.Partition, message.DueTicks, now));
            Latency.Record(message.DueTicks, now);
        }

        private void Pace()
        {
            PreciseSleep.Sharpen();
            var values = new ValueSource(_scenario.ValueBytes, 0);
            for (long record = 0; !_isStopping; record++)
            {
                long due = _schedule.DueTicks(record);
                if (due > Stopwatch.GetTimestamp())
                {
                    PreciseSleep.Until(due);
                }

                int partition = (int)(record % _scenario.Partitions);
                _publisher.Publish(_subjects[partition], partition, due, values.Next(due));
            }
        }
    }
}
