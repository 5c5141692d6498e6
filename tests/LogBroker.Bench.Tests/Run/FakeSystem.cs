using LogBroker.Bench.Plan;
using LogBroker.Bench.Results;
using LogBroker.Bench.Systems;

namespace LogBroker.Bench.Tests.Run;

/// <summary>A system whose load takes no time; it starts one real process, so that it shows when one is left behind.</summary>
internal sealed class FakeSystem(string name, params string[] clients) : IBenchedSystem
{
    public string Name => name;

    public string? Absence { get; init; }

    /// <summary>Called with the data directory at the place of the load.</summary>
    public Func<Scenario, string, CancellationToken, Task> OnLoad { get; init; } = (_, _, _) => Task.CompletedTask;

    /// <summary>Added to the records that were acknowledged.</summary>
    public int RecordsLost { get; init; }

    public bool LeavesProcess { get; init; }

    public List<string> DataDirectories { get; } = [];

    public List<string> Steps { get; } = [];

    public IRunningProcess? LastProcess { get; private set; }

    public string? WhyAbsent() => Absence;

    public IReadOnlyList<string> ClientsFor(Scenario scenario) => clients;

    public Task<IRunningSystem> StartAsync(
        string dataDirectory, Scenario scenario, IProcessStarter processes, CancellationToken cancellationToken)
    {
        Assert.Empty(Directory.EnumerateFileSystemEntries(dataDirectory));
        File.WriteAllText(Path.Combine(dataDirectory, "log"), "x");
        DataDirectories.Add(dataDirectory);
        Steps.Add("start");
        LastProcess = processes.Start("sleep", ["1000"]);
        return Task.FromResult<IRunningSystem>(new Running(this, dataDirectory, LastProcess));
    }

    private sealed class Running(FakeSystem system, string dataDirectory, IRunningProcess process) : IRunningSystem
    {
        private long _syncs = 5;

        public IReadOnlyList<int> ProcessIds => [process.Id];

        public TimeSpan StartTime => TimeSpan.FromMilliseconds(300);

        public string Version => "1.0";

        public string Configuration => "defaults";

        public Task<ClientResult?> PrepareAsync(string client, Scenario scenario, CancellationToken cancellationToken)
        {
            system.Steps.Add("prepare");
            return Task.FromResult<ClientResult?>(null);
        }

        public async Task<ClientResult> RunAsync(string client, Scenario scenario, CancellationToken cancellationToken)
        {
            system.Steps.Add("load");
            await system.OnLoad(scenario, dataDirectory, cancellationToken);
            _syncs += 2;
            return new ClientResult { Client = client, Produced = new Throughput(100, 102_400, 1), RecordsAcknowledged = 200 };
        }

        public Task<VerifyResult?> VerifyAsync(string client, Scenario scenario, ClientResult written, CancellationToken cancellationToken)
        {
            system.Steps.Add("verify");
            long records = written.RecordsAcknowledged!.Value;
            return Task.FromResult<VerifyResult?>(new VerifyResult(records, records - system.RecordsLost, null));
        }

        public Task<TimeSpan> RestartAsync(bool isKilled, Scenario scenario, CancellationToken cancellationToken)
        {
            system.Steps.Add(isKilled ? "kill" : "restart");
            return Task.FromResult(TimeSpan.FromSeconds(2));
        }

        public Task<long?> SyncsAsync(CancellationToken cancellationToken) => Task.FromResult<long?>(_syncs);

        public async ValueTask DisposeAsync()
        {
            system.Steps.Add("stop");
            if (!system.LeavesProcess)
            {
                await process.StopAsync();
            }
        }
    }
}
