using LogBroker.Bench.Plan;
using LogBroker.Bench.Results;
using LogBroker.Bench.Systems;
using LogBroker.Bench.Systems.Nodes;

namespace LogBroker.Bench.Tests.Nodes;

public sealed class NodeLoadsTests
{
    private static readonly Scenario Failover = new()
    {
        Name = "W11-kill",
        Workload = "W11",
        Class = DurabilityClass.A,
        Kind = LoadKind.Failover,
        Nodes = 3,
        NodeEnd = RestartKind.Kill,
        Warmup = TimeSpan.Zero,
        Duration = TimeSpan.Zero,
    };

    [Fact]
    public async Task Each_end_has_a_load_of_its_own_and_the_node_comes_back_before_the_next()
    {
        var cluster = new FakeCluster();
        ClientResult result = await NodeLoads.FailoverAsync(cluster, cluster, Failover, 2, CancellationToken.None);

        string[] once = ["in sync", "load", "leader", "kill 1", "leaders without 1", "stop", "start 1", "in sync"];
        Assert.Equal([.. once, .. once], cluster.Steps);
        Assert.Equal(2, result.NodeLosses!.Count);
        Assert.All(result.NodeLosses, l => Assert.Equal(1.5, l.UnavailableSeconds));
        Assert.Equal((20L, 14UL), (result.RecordsAcknowledged, result.ValuesChecksum));
    }

    [Fact]
    public async Task A_node_that_does_not_lead_is_away_while_data_is_written()
    {
        var cluster = new FakeCluster();
        Scenario rejoin = Failover with { Kind = LoadKind.Rejoin, NodeEnd = RestartKind.Clean, ValueBytes = 100 };
        ClientResult result = await NodeLoads.RejoinAsync(cluster, cluster, rejoin, cluster, CancellationToken.None);

        Assert.Equal(
            [
                "in sync", "load", "stop", "leader", "term 2", "leaders without 2", "write", "sync", "load", "start 2", "in sync", "stop",
            ],
            cluster.Steps);
        Assert.Equal((100_000L, 300.0, 300.0), (
            result.NodeReturn!.Bytes, result.NodeReturn.AckP99BeforeMicroseconds, result.NodeReturn.AckP99DuringMicroseconds));
        Assert.Equal(1020, result.RecordsAcknowledged);
    }

    [Fact]
    public async Task A_client_without_a_checksum_leaves_the_sum_without_one()
    {
        var cluster = new FakeCluster { Checksum = null };
        ClientResult result = await NodeLoads.FailoverAsync(cluster, cluster, Failover, 2, CancellationToken.None);
        Assert.Equal((20L, null), (result.RecordsAcknowledged, result.ValuesChecksum));
    }

    private sealed class FakeCluster : INodes, ISteadyLoads, IProcessStarter
    {
        public List<string> Steps { get; } = [];

        public ulong? Checksum { get; init; } = 7;

        public int Count => 3;

        public Task<int> LeaderOfFirstPartitionAsync(CancellationToken cancellationToken) => Step("leader", 1);

        public Task WaitForLeadersWithoutAsync(int node, CancellationToken cancellationToken) => Step($"leaders without {node}", 0);

        public Task WaitInSyncAsync(CancellationToken cancellationToken) => Step("in sync", 0);

        public Task EndAsync(int node, bool isKilled, CancellationToken cancellationToken) =>
            Step($"{(isKilled ? "kill" : "term")} {node}", 0);

        public Task<TimeSpan> StartAsync(int node, CancellationToken cancellationToken) => Step($"start {node}", TimeSpan.Zero);

        public Task<ISteadyLoad> StartAsync(Scenario scenario, CancellationToken cancellationToken) =>
            Step<ISteadyLoad>("load", new FakeLoad(this));

        public Task<ClientResult> WriteAsync(Scenario scenario, CancellationToken cancellationToken) =>
            Step("write", new ClientResult { Client = "any", RecordsAcknowledged = 1000, ValuesChecksum = 1 });

        public IRunningProcess Start(
            string file, IReadOnlyList<string> arguments, IReadOnlyDictionary<string, string>? environment, Action<string>? onLine) =>
            throw new NotSupportedException();

        public Task<FinishedProcess> RunAsync(
            string file,
            IReadOnlyList<string> arguments,
            IReadOnlyDictionary<string, string>? environment,
            CancellationToken cancellationToken) =>
            Step(file, new FinishedProcess("", "", 0));

        private Task<T> Step<T>(string step, T result)
        {
            Steps.Add(step);
            return Task.FromResult(result);
        }

        private sealed class FakeLoad(FakeCluster cluster) : ISteadyLoad
        {
            public Task<SteadyResult> StopAsync(CancellationToken cancellationToken)
            {
                var client = new ClientResult { Client = "any", RecordsAcknowledged = 10, ValuesChecksum = cluster.Checksum };
                return cluster.Step("stop", new SteadyResult(client, _ => TimeSpan.FromSeconds(1.5), (_, _) => 300.0));
            }

            public ValueTask DisposeAsync() => ValueTask.CompletedTask;
        }
    }
}
