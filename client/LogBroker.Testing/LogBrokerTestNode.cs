using System.Globalization;
using LogBroker.Client;
using LogBroker.Protocol;
using LogBroker.Server;
using LogBroker.Storage;

namespace LogBroker.Testing;

/// <summary>
/// One node of a <see cref="LogBrokerTestServer"/>, and the faults that can be asked of it. Methods are called one at a time; properties
/// may be read at any time.
/// </summary>
public sealed class LogBrokerTestNode
{
    private readonly LogBrokerTestServerOptions _options;
    private readonly string _dataDirectory;
    private readonly string _peers;
    private readonly MemoryDisk? _memory;
    private readonly MemoryStateStore? _memoryState;
    private readonly SemaphoreSlim _changes = new(1, 1);
    private volatile EmbeddedNode? _node;
    private NodeDisk? _disk;
    private NodeState? _state;
    private int _port;
    private bool _isDiskFull;
    private volatile string? _failure;
    private TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal LogBrokerTestNode(int id, LogBrokerTestServerOptions options, string? directory, string peers)
    {
        Id = id;
        _options = options;
        _peers = peers;
        _dataDirectory = (directory ?? "/memory") + "/node-" + id.ToString(CultureInfo.InvariantCulture);
        if (directory is null)
        {
            _memory = new MemoryDisk();
            _memoryState = new MemoryStateStore();
        }
    }

    /// <summary>Its id, from 1.</summary>
    public int Id { get; }

    /// <summary>HOST:PORT, the same through restarts; empty before the first start.</summary>
    public string Server => _port == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{_port}");

    /// <summary>True from a start to the next stop, kill or failure.</summary>
    public bool IsRunning => _node is not null;

    /// <summary>What ended it by itself, such as a failed fsync; null when nothing did.</summary>
    public string? Failure => _failure;

    /// <summary>Completes when the node has ended, by whatever.</summary>
    public Task Ended => _ended.Task;

    /// <summary>
    /// True to refuse every write to the disk for want of room: producers get <see cref="ErrorCode.DiskFull"/> until it is false again.
    /// Stays so through restarts.
    /// </summary>
    public bool IsDiskFull
    {
        get => _isDiskFull;
        set
        {
            _isDiskFull = value;
            if (_disk is { } disk)
            {
                disk.IsFull = value;
            }
        }
    }

    internal bool IsReady => _node is { } node && node.Broker is { IsFormed: true, NotReady: null } broker
        && broker.Status.PartitionsLeaderless == 0
        && (_peers.Length == 0 || broker.DescribeCluster().Nodes.All(n => n.Registered is not null));

    internal string Condition => _node is not { } node ? $"has ended{(_failure is null ? "" : ": " + _failure)}"
        : !node.Broker.IsFormed ? "waits for its cluster to be formed"
        : node.Broker.NotReady?.Message ?? $"has {node.Broker.Status.PartitionsLeaderless} partitions without a leader";

    /// <summary>Starts it, on what an earlier life has left; nothing happens when it runs.</summary>
    /// <exception cref="LogBrokerException">It cannot start.</exception>
    public async Task StartAsync(CancellationToken cancellationToken = default)
    {
        await _changes.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (_node is null)
            {
                await StartOnceAsync(cancellationToken).ConfigureAwait(false);
            }
        }
        finally
        {
            if (_node is null)
            {
                LetGo();
            }

            _changes.Release();
        }
    }

    /// <summary>Ends it in good order, as SIGTERM does: leaderships go to others first.</summary>
    public Task StopAsync() => EndAsync(static async node => await node.DisposeAsync().ConfigureAwait(false), isKill: false);

    /// <summary>
    /// Ends it as SIGKILL does: connections break, nothing is finished, and nothing that it had begun is written any more. What it had
    /// written is there at the next start.
    /// </summary>
    public Task KillAsync() => EndAsync(static node => node.KillAsync(), isKill: true);

    /// <summary>Breaks the connections of clients and accepts none; the node goes on beside that, and leads what it leads.</summary>
    public async Task RefuseConnectionsAsync()
    {
        if (_node is { } node)
        {
            await node.CloseDoorAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Accepts connections again, on the same port.</summary>
    public async Task AcceptConnectionsAsync()
    {
        if (_node is { } node)
        {
            await node.OpenDoorAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Lets every access to the disk wait until <see cref="ResumeDisk"/>: nothing is acknowledged meanwhile.</summary>
    public void PauseDisk() => _disk?.Pause();

    /// <summary>Ends <see cref="PauseDisk"/>.</summary>
    public void ResumeDisk() => _disk?.Resume();

    /// <summary>
    /// The next fsync fails. The broker never trusts a disk after that: it acknowledges nothing and ends, see <see cref="Ended"/> and
    /// <see cref="Failure"/>. <see cref="StartAsync"/> starts it again.
    /// </summary>
    public void FailNextFsync() => _disk?.FailNextSync();

    /// <summary>The broker asked for the end of its process; the rest is done elsewhere, for the caller is one of its threads.</summary>
    internal void Fail(string what, NodeDisk of)
    {
        if (!of.IsCut && _failure is null)
        {
            _failure = what;
            of.Cut();
            _ = Task.Run(KillAsync);
        }
    }

    /// <summary>Ends it quickly and in order: nobody waits for what is in flight.</summary>
    internal Task CloseAsync()
    {
        _disk?.Resume();
        return EndAsync(static node => node.KillAsync(), isKill: false);
    }

    private async Task StartOnceAsync(CancellationToken cancellationToken)
    {
        _failure = null;
        _ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _disk = new NodeDisk(_memory is null ? new OsDisk() : _memory) { IsFull = _isDiskFull };
        _state = new NodeState(_memoryState is null ? OpenState() : _memoryState);
        var settings = new EmbeddedNodeSettings
        {
            Configuration = Configuration(),
            Disk = _disk,
            State = _state,
            Fatal = new NodeFailure(this, _disk),
            Time = new WallClock(_options.TimeProvider),
            Loggers = _options.LoggerFactory,
        };
        Result<EmbeddedNode> started = await EmbeddedNode.StartAsync(settings, cancellationToken).ConfigureAwait(false);
        if (!started.IsOk)
        {
            throw new LogBrokerException(started.Error.Code, $"node {Id} cannot start: {started.Error.Message}");
        }

        _port = started.Value.EndPoint.Port;
        _node = started.Value;
    }

    private async Task EndAsync(Func<EmbeddedNode, Task> end, bool isKill)
    {
        if (isKill)
        {
            _disk?.Cut();
            _state?.Cut();
        }

        await _changes.WaitAsync().ConfigureAwait(false);
        try
        {
            if (_node is { } node)
            {
                _node = null;
                await end(node).ConfigureAwait(false);
                LetGo();
            }
        }
        finally
        {
            _changes.Release();
        }
    }

    private void LetGo()
    {
        _disk?.Cut();
        _disk?.Dispose();
        _state?.Cut();
        _state?.Dispose();
        (_disk, _state) = (null, null);
        _ended.TrySetResult();
    }

    private RocksStateStore OpenState()
    {
        Directory.CreateDirectory(_dataDirectory);
        return RocksStateStore.Open(_dataDirectory + "/state");
    }

    private Dictionary<string, string> Configuration()
    {
        var configuration = new Dictionary<string, string>(_options.Configuration, StringComparer.OrdinalIgnoreCase)
        {
            ["Node:Id"] = Id.ToString(CultureInfo.InvariantCulture),
            ["Listen:Grpc"] = string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{_port}"),
            ["Listen:Http"] = "127.0.0.1:0",
            ["Storage:DataDirectory"] = _dataDirectory,
        };
        if (_peers.Length > 0)
        {
            configuration["Cluster:Peers"] = _peers;
        }

        return configuration;
    }

    private sealed class NodeFailure(LogBrokerTestNode node, NodeDisk disk) : IFatalFailure
    {
        public void Fail(string what, Exception cause) => node.Fail($"{what}: {cause.Message}", disk);
    }
}
