using LogBroker.Bench.Plan;

namespace LogBroker.Bench.Systems.Nats;

/// <summary>NATS JetStream with file storage, loaded by <c>nats bench js</c>.</summary>
/// <param name="natsServerFile">The server; null when none was given.</param>
/// <param name="natsFile">Its command line client, which is the load program; null when none was given.</param>
public sealed class NatsSystem(string? natsServerFile, string? natsFile) : IBenchedSystem
{
    /// <summary>Publishes of single messages, acknowledged one by one, many of them in flight.</summary>
    public const string CliClient = "nats-cli";

    /// <summary>The server's newer batched publish, acknowledged by flow control; it writes to one stream only.</summary>
    public const string FastClient = "nats-cli-fast";

    /// <summary>
    /// A publisher of the harness, for what <c>nats bench</c> cannot do: an open loop, and going on when a server is lost.
    /// </summary>
    public const string HarnessClient = "harness";

    public string Name => "nats";

    public string? WhyAbsent() =>
        Missing(natsServerFile, "nats-server", "--nats-server") ?? Missing(natsFile, "nats", "--nats");

    /// <summary>
    /// Nothing with a fixed rate on one node: <c>nats bench</c> has no open loop, and measures no time from publisher to consumer in
    /// JetStream. On a cluster, where it is failover that counts, the harness publishes and has no reader.
    /// </summary>
    public IReadOnlyList<string> ClientsFor(Scenario scenario) => scenario.Kind switch
    {
        LoadKind.Ingest when scenario is { Partitions: 1, Nodes: 1 } => [CliClient, FastClient],
        LoadKind.FixedRate when scenario.Nodes == 1 => [],
        LoadKind.FixedRate or LoadKind.Failover or LoadKind.Rejoin => [HarnessClient],
        _ => [CliClient],
    };

    public async Task<IRunningSystem> StartAsync(
        string dataDirectory, Scenario scenario, IProcessStarter processes, CancellationToken cancellationToken)
    {
        var cluster = new NatsCluster(natsServerFile!, dataDirectory, scenario, processes);
        try
        {
            TimeSpan startTime = await cluster.StartAllAsync(cancellationToken);
            return new NatsRun(cluster, new NatsBench(natsFile!, dataDirectory, processes), startTime, processes);
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    private static string? Missing(string? file, string program, string option) =>
        file is null ? $"nats is left out: no {program}, give {option} FILE"
        : File.Exists(file) ? null
        : $"nats is left out: {option} {file} is not there";
}
