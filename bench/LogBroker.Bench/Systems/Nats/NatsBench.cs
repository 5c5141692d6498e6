using System.Globalization;
using LogBroker.Bench.Plan;
using LogBroker.Bench.Results;

namespace LogBroker.Bench.Systems.Nats;

/// <summary>A run of <c>nats bench js</c>.</summary>
internal sealed record NatsBenchRun(long Records, double Seconds, double CpuSeconds, Latency? Ack, string CommandLine)
    : CountedRun(Records, Seconds, CpuSeconds);

/// <summary>Calls <c>nats bench js</c>.</summary>
internal sealed class NatsBench(string program, string directory, IProcessStarter processes)
{
    // Its library gives up when more than 4,000 publishes wait for 200 ms, so a batch must stay well below.
    private const int AsyncBatchMax = 2000;

    // With sync_interval: always each message is synced by itself, and a larger batch only waits longer.
    private const int AsyncBatchMaxSynced = 500;
    private const int FastBatches = 2;
    private const int FastBatchMax = 10_000;

    // More than the default 500 buffered messages let the drain run a tenth faster.
    private const int ReadAheadRecords = 4000;

    /// <summary>Records that one publisher sends before it waits for their acknowledgements.</summary>
    public static int BatchRecords(Scenario scenario, bool isFast)
    {
        int inFlight = scenario.InFlightBytesMax / scenario.ValueBytes;
        return isFast ? Math.Clamp(inFlight / FastBatches, 1, FastBatchMax)
            : Math.Clamp(inFlight, 1, scenario.Class == DurabilityClass.B ? AsyncBatchMaxSynced : AsyncBatchMax);
    }

    public async Task<NatsBenchRun> PublishAsync(
        string servers, NatsStreams streams, Scenario scenario, bool isFast, long records, CancellationToken cancellationToken)
    {
        List<string> arguments = PublishArguments(streams, scenario, isFast, records, await PayloadAsync(scenario, cancellationToken));
        long operations = scenario.Kind == LoadKind.Singles ? records : records / BatchRecords(scenario, isFast);
        return await RunAsync(servers, arguments, records, operations, cancellationToken);
    }

    /// <summary>Reads a stream from its start with an ordered consumer.</summary>
    public Task<NatsBenchRun> ReadAsync(
        string servers, string stream, Scenario scenario, long records, CancellationToken cancellationToken) =>
        RunAsync(
            servers,
            ["ordered", "--stream", stream, "--batch", Text(ReadAheadRecords), .. Sizes(scenario, 1, records)],
            records,
            records,
            cancellationToken);

    internal static List<string> PublishArguments(
        NatsStreams streams, Scenario scenario, bool isFast, long records, string payloadFile)
    {
        List<string> arguments = ["pub"];
        if (scenario.Kind == LoadKind.Singles)
        {
            arguments.AddRange(["sync", .. Sizes(scenario, scenario.RecordsInFlight, records)]);
        }
        else
        {
            string batch = Text(BatchRecords(scenario, isFast));
            string[] batches = isFast ? ["fast", "--max-outstanding-acks", Text(FastBatches)] : ["async"];
            arguments.AddRange([.. batches, "--batch", batch, .. Sizes(scenario, scenario.Producers, records)]);
        }

        if (streams.Subjects > 1)
        {
            arguments.AddRange(["--multisubject", "--multisubjectmax", Text(streams.Subjects)]);
        }

        arguments.AddRange(["--payload", payloadFile, "--stream", streams.Name(0), streams.PublishSubject]);
        return arguments;
    }

    private static string[] Sizes(Scenario scenario, int clients, long records) =>
        ["--clients", Text(clients), "--msgs", Text(records), "--size", Text(scenario.ValueBytes)];

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);

    private async Task<NatsBenchRun> RunAsync(
        string servers, IReadOnlyList<string> benchArguments, long records, long operations, CancellationToken cancellationToken)
    {
        string[] arguments =
        [
            "--no-context", "--server", servers, "--timeout", "60s",
            "bench", "js", .. benchArguments, "--no-progress",
        ];
        FinishedProcess finished = await processes.RunAsync(program, arguments, null, cancellationToken);
        var output = NatsBenchOutput.Parse(finished.StandardOutput + "\n" + finished.StandardError, operations);
        string commandLine = "nats bench js " + string.Join(' ', benchArguments).Replace(directory + "/", "", StringComparison.Ordinal);
        return new NatsBenchRun(records, records / output.RecordsPerSecond, finished.CpuSeconds, output.Ack, commandLine);
    }

    /// <summary>The one value that all records carry: half random, half not.</summary>
    private async Task<string> PayloadAsync(Scenario scenario, CancellationToken cancellationToken)
    {
        string file = Path.Combine(directory, $"payload-{Text(scenario.ValueBytes)}");
        if (!File.Exists(file))
        {
            byte[] value = new byte[scenario.ValueBytes];
            Random.Shared.NextBytes(value.AsSpan(0, value.Length / 2));
            await File.WriteAllBytesAsync(file, value, cancellationToken);
        }

        return file;
    }
}
