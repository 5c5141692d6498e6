using LogBroker.Bench.Plan;
using LogBroker.Bench.Results;
using LogBroker.Bench.Systems.Nodes;

namespace LogBroker.Bench.Systems.Kafka;

/// <summary>
/// <c>kgo-bench</c> at a rate for a time that is long enough for one end of a node. It tells the longest latency of the whole run: with the
/// record that was due when acknowledgements stopped, that is how long they stopped.
/// </summary>
internal sealed class KgoSteadyLoads(KafkaBroker broker, KgoLoads kgo) : ISteadyLoads
{
    /// <summary>Kafka takes nine seconds to give a dead node up.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(20);

    /// <summary>The end of the node comes later than the end of its warm-up.</summary>
    private static readonly TimeSpan WarmupShorter = TimeSpan.FromMilliseconds(500);

    public async Task<ISteadyLoad> StartAsync(Scenario scenario, CancellationToken cancellationToken)
    {
        IReadOnlyList<string> before = await broker.TopicsAsync(cancellationToken);
        Scenario whole = scenario with
        {
            Warmup = scenario.Warmup > WarmupShorter ? scenario.Warmup - WarmupShorter : TimeSpan.Zero,
            Duration = Longest + scenario.Duration,
        };
        var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var load = new Load(kgo.AnyRateAsync(whole, stop.Token), stop);
        try
        {
            while ((await broker.TopicsAsync(cancellationToken)).Except(before).FirstOrDefault() is not { } topic
                || !await broker.TryWatchAsync(topic, scenario.Partitions, cancellationToken))
            {
                await load.ThrowIfEndedAsync();
                await Task.Delay(TimeSpan.FromMilliseconds(50), cancellationToken);
            }

            return load;
        }
        catch
        {
            await load.DisposeAsync();
            throw;
        }
    }

    public Task<ClientResult> WriteAsync(Scenario scenario, CancellationToken cancellationToken) =>
        kgo.PreloadAsync(scenario, cancellationToken);

    private sealed class Load(Task<ClientResult> run, CancellationTokenSource stop) : ISteadyLoad
    {
        public async Task ThrowIfEndedAsync()
        {
            if (run.IsCompleted)
            {
                await run;
                throw new BenchException("kgo-bench ended before its topic was seen");
            }
        }

        public async Task<SteadyResult> StopAsync(CancellationToken cancellationToken)
        {
            ClientResult result = await run;
            TimeSpan? longest = result.Ack is { } ack ? TimeSpan.FromMicroseconds(ack.Max) : null;
            var client = new ClientResult
            {
                Client = KgoLoads.Client,
                RecordsAcknowledged = result.RecordsAcknowledged,
                CommandLine = result.CommandLine,
                Remark = "unavailable: the longest latency of a record from its intended time",
            };
            return new SteadyResult(client, _ => longest, (_, _) => null);
        }

        public async ValueTask DisposeAsync()
        {
            await stop.CancelAsync();
            try
            {
                await run;
            }
            catch (Exception e) when (e is OperationCanceledException or BenchException)
            {
                // It was told to end, or its failure was thrown before.
            }

            stop.Dispose();
        }
    }
}
