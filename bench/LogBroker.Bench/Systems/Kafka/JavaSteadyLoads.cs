using System.Diagnostics;
using LogBroker.Bench.Plan;
using LogBroker.Bench.Results;
using LogBroker.Bench.Systems.Nodes;

namespace LogBroker.Bench.Systems.Kafka;

/// <summary>
/// Kafka's own producer tool at a rate, while nodes come and go. It tells the longest latency of each half second: with the record that was
/// due when acknowledgements stopped, that is how long they stopped.
/// </summary>
internal sealed class JavaSteadyLoads(string topic, JavaTools tools, KgoLoads? kgo, JavaLoads java) : ISteadyLoads
{
    private const long RecordsEnough = 1_000_000_000;
    private static readonly TimeSpan FirstLimit = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(50);

    public async Task<ISteadyLoad> StartAsync(Scenario scenario, CancellationToken cancellationToken)
    {
        IReadOnlyList<string> arguments =
            tools.ProducerArguments(topic, scenario, RecordsEnough, recordsPerSecond: scenario.RecordsPerSecond);
        var load = new Load(tools.CommandLine("kafka-producer-perf-test", arguments));
        load.Process = tools.StartPacedProducer(arguments, load.OnLine);
        var clock = Stopwatch.StartNew();
        while (load.Records == 0)
        {
            if (load.Process.HasExited || clock.Elapsed > FirstLimit)
            {
                string output = load.Process.OutputTail;
                await load.DisposeAsync();
                throw new BenchException($"kafka-producer-perf-test reported nothing: {output}");
            }

            await Task.Delay(PollInterval, cancellationToken);
        }

        return load;
    }

    public Task<ClientResult> WriteAsync(Scenario scenario, CancellationToken cancellationToken) =>
        kgo is null ? java.PreloadAsync(topic, scenario, cancellationToken) : kgo.PreloadAsync(scenario, cancellationToken);

    private sealed class Load(string commandLine) : ISteadyLoad
    {
        private readonly Lock _lock = new();
        private readonly List<(long AtTicks, double LatencyMaxMs)> _windows = [];

        public IRunningProcess Process { get; set; } = null!;

        public long Records { get; private set; }

        public void OnLine(string line)
        {
            if (ProducerPerfOutput.Window(line) is { } window)
            {
                lock (_lock)
                {
                    Records += window.Records;
                    _windows.Add((Stopwatch.GetTimestamp(), window.LatencyMaxMs));
                }
            }
        }

        public async Task<SteadyResult> StopAsync(CancellationToken cancellationToken)
        {
            if (Process.HasExited)
            {
                throw new BenchException($"kafka-producer-perf-test failed: {Process.OutputTail}");
            }

            await Process.StopAsync();
            var client = new ClientResult
            {
                Client = JavaLoads.Client,
                RecordsAcknowledged = Records,
                CommandLine = commandLine,
                Remark = "unavailable: the longest latency of a record from its send, in whole ms; what the tool had not reported when it "
                    + "was stopped is not counted as acknowledged",
            };
            return new SteadyResult(client, LongestLatency, (_, _) => null);
        }

        public async ValueTask DisposeAsync() => await Process.DisposeAsync();

        private TimeSpan? LongestLatency(long afterTicks)
        {
            double[] longest = [.. _windows.Where(w => w.AtTicks > afterTicks).Select(w => w.LatencyMaxMs)];
            return longest.Length == 0 ? null : TimeSpan.FromMilliseconds(longest.Max());
        }
    }
}
