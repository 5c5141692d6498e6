using System.Globalization;
using System.Security.Cryptography;
using LogBroker.Protocol;

namespace LogBroker.Cli;

/// <summary>
/// A local cluster: real processes, one directory. Owns the directory while a command changes something: a second command is refused
/// meanwhile. A process is signalled only when it is certainly one that was started here.
/// </summary>
internal sealed class DevCluster : IDisposable
{
    /// <summary>How long a node may take to end by SIGTERM before it is killed.</summary>
    public static readonly TimeSpan StopTimeMax = TimeSpan.FromSeconds(15);

    private static readonly TimeSpan KillTimeMax = TimeSpan.FromSeconds(5);

    private readonly FileStream _lock;

    private DevCluster(string directory, DevState state, FileStream @lock)
    {
        Root = directory;
        State = state;
        _lock = @lock;
    }

    /// <summary>Where everything of it is.</summary>
    public string Root { get; }

    /// <summary>What is known of it.</summary>
    public DevState State { get; private set; }

    /// <summary>The directory that is meant when none is named.</summary>
    public static string DefaultDirectory(Func<string, string?> environment)
    {
        string state = environment("XDG_STATE_HOME") is { Length: > 0 } xdg ? xdg
            : Path.Combine(environment("HOME") ?? Path.GetTempPath(), ".local", "state");
        return Path.Combine(state, "logbroker-dev");
    }

    /// <summary>Takes the cluster in a directory, or makes a new one where there is none.</summary>
    /// <exception cref="CliException">Another command has it.</exception>
    public static DevCluster OpenOrCreate(string directory, Func<DevState> create)
    {
        if (!OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        FileStream held = Lock(directory);
        try
        {
            DevState? state = DevState.Load(directory);
            if (state is null)
            {
                state = create();
                WriteSecret(SecretFile(directory));
                state.Save(directory);
            }

            return new DevCluster(directory, state, held);
        }
        catch
        {
            held.Dispose();
            throw;
        }
    }

    /// <summary>Takes the cluster in a directory.</summary>
    /// <exception cref="CliException">There is none, or another command has it.</exception>
    public static DevCluster Open(string directory)
    {
        if (DevState.Load(directory) is null)
        {
            throw NoCluster(directory);
        }

        return OpenOrCreate(directory, () => throw NoCluster(directory));
    }

    /// <summary>There is none.</summary>
    public static CliException NoCluster(string directory) =>
        new(ExitCode.NotFound, $"there is no local cluster in {directory}", "make one with: logbroker dev up");

    /// <summary>The log file of a node.</summary>
    public static string LogFile(string directory, int nodeId) => Path.Combine(directory, $"node-{nodeId}.log");

    /// <summary>The node with a number.</summary>
    /// <exception cref="CliException">There is none.</exception>
    public DevNode Node(int nodeId) => State.Nodes.FirstOrDefault(n => n.NodeId == nodeId)
        ?? throw new CliException(
            ExitCode.NotFound, $"there is no node {nodeId}: they are 1 to {State.Nodes.Count}", "see: logbroker dev status");

    /// <summary>Starts a node that does not run.</summary>
    public void Start(DevNode node)
    {
        string log = LogFile(Root, node.NodeId);
        var process = DevProcess.Start(log, Root, [.. State.ServerCommand, .. Flags(node)]);
        Keep(node with { Process = process });
    }

    /// <summary>From now on with another program.</summary>
    public void UseServer(IReadOnlyList<string> command)
    {
        State = State with { ServerCommand = command };
        State.Save(Root);
    }

    /// <summary>Sends SIGKILL and waits until the process is gone.</summary>
    public static async Task KillAsync(DevNode node, TimeProvider time, CancellationToken ct)
    {
        if (node.Process!.Signal(DevProcess.Kill) && !await node.Process.WaitForEndAsync(KillTimeMax, time, ct))
        {
            throw new CliException(ExitCode.Timeout, $"process {node.Process.ProcessId} of node {node.NodeId} does not go away");
        }
    }

    /// <summary>Ends nodes by SIGTERM, all at once; those that have not gone in time by SIGKILL. Returns these.</summary>
    public static async Task<IReadOnlyList<int>> StopAsync(
        IReadOnlyList<DevNode> nodes, TimeSpan limit, TimeProvider time, CancellationToken ct)
    {
        foreach (DevNode node in nodes)
        {
            node.Process!.Signal(DevProcess.Terminate);

            // One that is paused would not hear of it.
            node.Process.Signal(DevProcess.Continue);
        }

        var killed = new List<int>();
        long begin = time.GetTimestamp();
        foreach (DevNode node in nodes)
        {
            TimeSpan left = limit - time.GetElapsedTime(begin);
            if (!await node.Process!.WaitForEndAsync(left, time, ct))
            {
                await KillAsync(node, time, ct);
                killed.Add(node.NodeId);
            }
        }

        return killed;
    }

    /// <summary>Forgets the processes of nodes that do not run.</summary>
    public void ForgetEnded()
    {
        State = State with { Nodes = [.. State.Nodes.Select(n => n.Condition == ProcessCondition.Gone ? n with { Process = null } : n)] };
        State.Save(Root);
    }

    /// <summary>Removes everything that was made here, and nothing else; the directory too when it is empty then.</summary>
    public void Wipe()
    {
        foreach (DevNode node in State.Nodes)
        {
            if (Directory.Exists(DataDirectory(node)))
            {
                Directory.Delete(DataDirectory(node), recursive: true);
            }

            File.Delete(LogFile(Root, node.NodeId));
        }

        File.Delete(SecretFile(Root));
        File.Delete(DevState.PathIn(Root));
        File.Delete(LockFile(Root));
        if (!Directory.EnumerateFileSystemEntries(Root).Any())
        {
            Directory.Delete(Root);
        }
    }

    /// <summary>The last lines of a node's log.</summary>
    public static IReadOnlyList<string> LastLines(string directory, int nodeId, int count)
    {
        string log = LogFile(directory, nodeId);
        return File.Exists(log) ? [.. File.ReadLines(log).TakeLast(count)] : [];
    }

    /// <inheritdoc/>
    public void Dispose() => _lock.Dispose();

    private static string SecretFile(string directory) => Path.Combine(directory, "peer-secret");

    private static string LockFile(string directory) => Path.Combine(directory, "lock");

    private static FileStream Lock(string directory)
    {
        try
        {
            return new FileStream(LockFile(directory), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException)
        {
            throw new CliException(ExitCode.Conflict, $"another 'logbroker dev' is at work in {directory}", "try again when it is done");
        }
    }

    private static void WriteSecret(string path)
    {
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        using var file = new FileStream(path, options);
        file.Write(System.Text.Encoding.ASCII.GetBytes(Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32)) + "\n"));
    }

    private string DataDirectory(DevNode node) => Path.Combine(Root, $"node-{node.NodeId}");

    private List<string> Flags(DevNode node)
    {
        List<string> flags =
        [
            "--data-dir", DataDirectory(node),
            "--grpc", node.Address,
            "--http", $"127.0.0.1:{node.HttpPort}",
        ];
        if (State.Nodes.Count > 1)
        {
            flags.AddRange(
            [
                "--node-id", node.NodeId.ToString(CultureInfo.InvariantCulture),
                "--cluster", string.Join(',', State.Nodes.Select(n => $"{n.NodeId}@127.0.0.1:{n.PeerPort}")),
                "--peer-secret-file", SecretFile(Root),
            ]);
        }

        return flags;
    }

    private void Keep(DevNode node)
    {
        State = State.With(node);
        State.Save(Root);
    }
}
