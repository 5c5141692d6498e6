using LogBroker.Bench.Load;
using LogBroker.Bench.Machine;
using LogBroker.Bench.Plan;

namespace LogBroker.Bench.Systems.LogBroker;

/// <summary>Our own broker, from the build output of this checkout, with its defaults; loads run through the public SDK.</summary>
public sealed class LogBrokerSystem : IBenchedSystem
{
    private const string ServerBelowRoot = "broker/LogBroker.Server/bin/Release/net10.0/logbrokerd";

    private readonly string? _serverFile;
    private readonly string _loadFile;
    private readonly Func<CancellationToken, Task> _dropPageCache;

    /// <param name="serverFile">The program logbrokerd; null is the Release build of the checkout that this program lies in.</param>
    /// <param name="loadFile">The program with the command <c>load</c>; null is this one.</param>
    /// <param name="dropPageCache">Empties the page cache of the machine before cold reads; null does it by /proc, as root.</param>
    public LogBrokerSystem(string? serverFile = null, string? loadFile = null, Func<CancellationToken, Task>? dropPageCache = null)
    {
        _serverFile = serverFile ?? FindServer();
        _loadFile = loadFile ?? Path.Combine(AppContext.BaseDirectory, "LogBroker.Bench");
        _dropPageCache = dropPageCache ?? PageCache.DropAsync;
    }

    /// <inheritdoc/>
    public string Name => "logbroker";

    /// <inheritdoc/>
    public string? WhyAbsent() => _serverFile switch
    {
        null => "no checkout lies above this program; name logbrokerd yourself",
        _ when !File.Exists(_serverFile) => $"{_serverFile} does not exist; build broker/LogBroker.Server with -c Release",
        _ when !File.Exists(_loadFile) => $"{_loadFile} does not exist",
        _ => null,
    };

    /// <inheritdoc/>
    public IReadOnlyList<string> ClientsFor(Scenario scenario) => [LoadProgram.ClientName];

    /// <inheritdoc/>
    public async Task<IRunningSystem> StartAsync(
        string dataDirectory, Scenario scenario, IProcessStarter processes, CancellationToken cancellationToken)
    {
        if (WhyAbsent() is { } why)
        {
            throw new BenchException(why);
        }

        LogBrokerNodes nodes = await LogBrokerNodes.StartAsync(_serverFile!, dataDirectory, scenario, processes, cancellationToken);
        return new RunningLogBroker(nodes, dataDirectory, scenario, processes) { LoadFile = _loadFile, DropPageCache = _dropPageCache };
    }

    private static string? FindServer()
    {
        for (string? at = AppContext.BaseDirectory; at is not null; at = Path.GetDirectoryName(at))
        {
            if (File.Exists(Path.Combine(at, "LogBroker.sln")))
            {
                return Path.Combine(at, ServerBelowRoot);
            }
        }

        return null;
    }
}
