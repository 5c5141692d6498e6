using LogBroker.Bench.Machine;
using LogBroker.Bench.Plan;

namespace LogBroker.Bench.Systems.Redis;

/// <summary>Redis streams with an append-only file, loaded by <c>redis-benchmark</c>; both from the PATH.</summary>
public sealed class RedisSystem : IBenchedSystem
{
    public const string BenchmarkClient = "redis-benchmark";
    private const string ServerProgram = "redis-server";

    public string Name => "redis";

    public string? WhyAbsent() =>
        ProgramPath.Find(ServerProgram) is null ? "redis is left out: redis-server is not on the PATH"
        : ProgramPath.Find(BenchmarkClient) is null ? "redis is left out: redis-benchmark is not on the PATH"
        : null;

    /// <summary>
    /// Writing only: <c>redis-benchmark</c> has no consumer that goes through a stream, and no open loop. One node: its replicas have no
    /// say in an acknowledgement.
    /// </summary>
    public IReadOnlyList<string> ClientsFor(Scenario scenario) =>
        scenario is { Kind: LoadKind.Ingest or LoadKind.Singles, PreloadBytes: 0, Nodes: 1 } ? [BenchmarkClient] : [];

    public async Task<IRunningSystem> StartAsync(
        string dataDirectory, Scenario scenario, IProcessStarter processes, CancellationToken cancellationToken)
    {
        var server = new RedisServer(ProgramPath.Find(ServerProgram)!, dataDirectory, scenario.Class, processes);
        try
        {
            TimeSpan startTime = await server.StartAsync(cancellationToken);
            return new RedisRun(server, ProgramPath.Find(BenchmarkClient)!, processes, startTime);
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }
}
