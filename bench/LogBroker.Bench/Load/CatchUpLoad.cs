using System.Diagnostics;
using LogBroker.Bench.Plan;
using LogBroker.Bench.Results;
using LogBroker.Client;

namespace LogBroker.Bench.Load;

/// <summary>
/// Readers that share the partitions and read them from the start to the end. The throughput is from the first to the last record of
/// all; values are counted, not hashed. Before it they read a smaller topic of the same shape, so that neither their code nor the broker's
/// is compiled in the measured part, while what is measured has not been touched.
/// </summary>
internal static class CatchUpLoad
{
    private const long WarmupBytes = 300_000_000;

    /// <summary>Writes what is measured, and in front of it what warms up.</summary>
    public static async Task<ClientResult> PrepareAsync(LoadTarget target, CancellationToken cancellationToken)
    {
        LoadTarget warmup = WarmupOf(target);
        await using (LogBrokerClient client = target.Connect())
        {
            await client.Topics.EnsureAsync(
                warmup.Topic,
                topic =>
                {
                    topic.Partitions = target.Scenario.Partitions;
                    foreach ((string key, string value) in LoadTarget.TopicConfig(target.Scenario.Class))
                    {
                        topic.Config[key] = value;
                    }
                },
                cancellationToken);
        }

        await IngestLoad.PreloadAsync(warmup, cancellationToken);
        return await IngestLoad.PreloadAsync(target, cancellationToken);
    }

    public static async Task<ClientResult> RunAsync(LoadTarget target, CancellationToken cancellationToken)
    {
        Scenario scenario = target.Scenario;
        Pass[] warmup = await ReadAllAsync(WarmupOf(target), cancellationToken);
        var span = new MeasuredSpan(scenario, Stopwatch.GetTimestamp());
        long begin = span.Begin(Stopwatch.GetTimestamp());
        Pass[] passes = await ReadAllAsync(target, cancellationToken);
        double cpuSeconds = span.CpuSeconds();
        Pass[] read = [.. passes.Where(p => p.Records > 0)];
        long records = read.Sum(p => p.Records);
        long bytes = read.Sum(p => p.Bytes);
        if (records == 0)
        {
            throw new Systems.BenchException($"{scenario.Name}: the topic {target.Topic} is empty");
        }

        double seconds = Stopwatch.GetElapsedTime(read.Min(p => p.FirstTicks), read.Max(p => p.LastTicks)).TotalSeconds;
        return new ClientResult
        {
            Client = LoadProgram.ClientName,
            Consumed = new Throughput(records, bytes, seconds),
            CpuSeconds = cpuSeconds,
            CpuBytes = bytes,
            WarmupBytesConsumed = warmup.Sum(p => p.Bytes),
            Remark = FormattableString.Invariant(
                $"{Stopwatch.GetElapsedTime(begin, read.Max(p => p.LastTicks)).TotalSeconds:F3} s in all, connecting included"),
        };
    }

    private static LoadTarget WarmupOf(LoadTarget target) => target with
    {
        Topic = target.Topic + "-warmup",
        Scenario = target.Scenario with { PreloadBytes = WarmupBytes },
    };

    private static Task<Pass[]> ReadAllAsync(LoadTarget target, CancellationToken cancellationToken) => Task.WhenAll(
        Enumerable.Range(0, target.ReaderCount)
            .Select(i => Task.Run(() => ReadAsync(target, target.PartitionsOf(i), cancellationToken), cancellationToken)));

    private static async Task<Pass> ReadAsync(LoadTarget target, int[] partitions, CancellationToken cancellationToken)
    {
        long records = 0;
        long bytes = 0;
        long firstTicks = 0;
        await using LogBrokerClient client = target.Connect();
        await foreach (ConsumedRecord record in client.ReadAsync(
            target.Topic, Position.Start, until: Position.End, partitions, cancellationToken: cancellationToken))
        {
            if (records++ == 0)
            {
                firstTicks = Stopwatch.GetTimestamp();
            }

            bytes += record.Value!.Value.Length;
        }

        return new Pass(records, bytes, firstTicks, Stopwatch.GetTimestamp());
    }

    private readonly record struct Pass(long Records, long Bytes, long FirstTicks, long LastTicks);
}
