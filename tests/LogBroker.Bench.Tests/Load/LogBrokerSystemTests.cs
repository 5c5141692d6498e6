using LogBroker.Bench.Plan;
using LogBroker.Bench.Processes;
using LogBroker.Bench.Results;
using LogBroker.Bench.Systems;
using LogBroker.Bench.Systems.LogBroker;

namespace LogBroker.Bench.Tests.Load;

/// <summary>Small loads, bounded by bytes, against a real broker: what is counted and verified, not how fast it is.</summary>
public sealed class LogBrokerSystemTests : IAsyncDisposable
{
    private const string Client = "sdk";

    private static readonly TimeSpan Short = TimeSpan.FromMilliseconds(300);

    private readonly ProcessStarter _processes = new();
    private readonly string _directory = Directory.CreateTempSubdirectory("logbroker-bench-").FullName;

    [Theory]
    [InlineData(LoadKind.Ingest)]
    [InlineData(LoadKind.Tail)]
    [InlineData(LoadKind.FixedRate)]
    [InlineData(LoadKind.Singles)]
    public async Task What_a_load_wrote_is_found_again(LoadKind kind)
    {
        Scenario scenario = Shape(kind);
        await using IRunningSystem running = await StartAsync(scenario);
        Assert.Null(await running.PrepareAsync(Client, scenario, CancellationToken.None));
        ClientResult result = await running.RunAsync(Client, scenario, CancellationToken.None);
        Assert.NotNull(result.Produced);
        Assert.True(result.RecordsAcknowledged > 0);
        Assert.Equal(kind is LoadKind.FixedRate, result.EndToEnd is not null);
        Assert.Equal(kind is LoadKind.FixedRate or LoadKind.Tail, result.Consumed is not null);
        VerifyResult? verified = await running.VerifyAsync(Client, scenario, result, CancellationToken.None);
        Assert.Equal(new VerifyResult(result.RecordsAcknowledged!.Value, result.RecordsAcknowledged.Value, true), verified);
        Assert.NotNull(await running.SyncsAsync(CancellationToken.None));
        Assert.True(running.StartTime > TimeSpan.Zero);
    }

    [Fact]
    public async Task What_was_acknowledged_while_a_leader_was_killed_is_found_again()
    {
        Scenario scenario = Shape(LoadKind.Failover) with
        {
            Nodes = 3,
            NodeEnd = RestartKind.Kill,
            NodeEnds = 1,
            InFlightBytesMax = 64 << 20,
        };
        await using IRunningSystem running = await StartAsync(scenario);
        Assert.Null(await running.PrepareAsync(Client, scenario, CancellationToken.None));
        ClientResult result = await running.RunAsync(Client, scenario, CancellationToken.None);
        NodeLoss loss = Assert.Single(result.NodeLosses!);
        Assert.True(loss is { UnavailableSeconds: > 0, LeadersMovedSeconds: > 0, InSyncSeconds: > 0 });
        VerifyResult? verified = await running.VerifyAsync(Client, scenario, result, CancellationToken.None);
        Assert.Equal(new VerifyResult(result.RecordsAcknowledged!.Value, result.RecordsAcknowledged.Value, true), verified);
        Assert.Equal(3, running.ProcessIds.Count);
    }

    [Fact]
    public async Task A_catch_up_reads_its_preload_which_survives_a_kill()
    {
        Scenario scenario = Shape(LoadKind.CatchUp) with { PreloadBytes = 2_000_000 };
        await using IRunningSystem running = await StartAsync(scenario);
        ClientResult written = (await running.PrepareAsync(Client, scenario, CancellationToken.None))!;
        ClientResult result = await running.RunAsync(Client, scenario, CancellationToken.None);
        Assert.Equal(written.RecordsAcknowledged, result.Consumed!.Records);
        int firstId = Assert.Single(running.ProcessIds);
        Assert.True(await running.RestartAsync(isKilled: true, scenario, CancellationToken.None) > TimeSpan.Zero);
        Assert.NotEqual(firstId, Assert.Single(running.ProcessIds));
        VerifyResult? verified = await running.VerifyAsync(Client, scenario, written, CancellationToken.None);
        Assert.Equal(new VerifyResult(written.RecordsAcknowledged!.Value, written.RecordsAcknowledged.Value, true), verified);
    }

    [Fact]
    public async Task An_idle_run_moves_nothing()
    {
        Scenario scenario = Shape(LoadKind.Idle) with { Duration = TimeSpan.Zero };
        await using IRunningSystem running = await StartAsync(scenario);
        await running.PrepareAsync(Client, scenario, CancellationToken.None);
        ClientResult result = await running.RunAsync(Client, scenario, CancellationToken.None);
        Assert.Null(result.Produced);
        Assert.NotNull(result.CpuSeconds);
    }

    [Fact]
    public void A_broker_that_is_not_built_is_absent()
    {
        var system = new LogBrokerSystem(Path.Combine(_directory, "logbrokerd"));
        Assert.Contains("does not exist", system.WhyAbsent(), StringComparison.Ordinal);
    }

    public async ValueTask DisposeAsync()
    {
        await _processes.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }

    private static Scenario Shape(LoadKind kind) => new()
    {
        Name = $"T-{kind}",
        Workload = "T",
        Class = DurabilityClass.A,
        Kind = kind,
        Partitions = 3,
        Producers = 2,
        Consumers = 2,
        RecordsPerSecond = 1_000,
        RecordsInFlight = 4,
        Linger = TimeSpan.Zero,
        Warmup = kind is LoadKind.CatchUp or LoadKind.Idle ? TimeSpan.Zero : Short,
        Duration = Short,
        BytesWrittenMax = 3_000_000,
    };

    private async Task<IRunningSystem> StartAsync(Scenario scenario)
    {
        var system = new LogBrokerSystem(BuiltBroker());
        Assert.Null(system.WhyAbsent());
        return await system.StartAsync(_directory, scenario, _processes, CancellationToken.None);
    }

    /// <summary>The broker of the same configuration as these tests, which the bench's project has built.</summary>
    private static string BuiltBroker()
    {
        var output = new DirectoryInfo(AppContext.BaseDirectory);
        string configuration = output.Parent!.Name;
        DirectoryInfo root = output.Parent.Parent!.Parent!.Parent!.Parent!;
        return Path.Combine(root.FullName, "broker", "LogBroker.Server", "bin", configuration, output.Name, "logbrokerd");
    }
}
