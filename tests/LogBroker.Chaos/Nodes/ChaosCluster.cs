using System.Security.Cryptography;

namespace LogBroker.Chaos;

/// <summary>
/// Three logbrokerd processes, on a network and disks that can be broken. Methods that change a node are not to run at the same time for
/// the same node; otherwise thread-safe. Ends all processes by their ids.
/// </summary>
internal sealed class ChaosCluster : IAsyncDisposable
{
    private static readonly TimeSpan StartTime = TimeSpan.FromSeconds(60);

    private readonly string _directory;
    private readonly ChaosNode[] _nodes;
    private readonly Func<int, IReadOnlyDictionary<string, string>> _environmentOf;
    private volatile bool _isDisposed;

    private ChaosCluster(
        string directory, NodeNetwork network, NodeDisks disks, Func<int, IReadOnlyDictionary<string, string>>? environmentOf)
    {
        _directory = directory;
        _environmentOf = environmentOf ?? (_ => new Dictionary<string, string>());
        Network = network;
        Disks = disks;
        _nodes = [.. Enumerable.Range(1, NodeNetwork.NodesCount).Select(id => new ChaosNode(id))];
        File.WriteAllText(SecretFile, Convert.ToHexString(RandomNumberGenerator.GetBytes(32)));
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(SecretFile, UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    public NodeNetwork Network { get; }

    public NodeDisks Disks { get; }

    public IReadOnlyList<ChaosNode> Nodes => _nodes;

    /// <summary>All client addresses, as the SDK takes them.</summary>
    public string Servers => string.Join(',', _nodes.Select(node => Network.ClientAddress(node.Id)));

    /// <summary>Ends that nobody asked for, a sentence each.</summary>
    public IReadOnlyList<string> UnexpectedEnds =>
        [.. _nodes.Where(node => node.Process is { HasEnded: true, IsEndExpected: false })
            .Select(node => $"node {node.Id} ended by itself with {node.Process!.ExitCode}:\n{node.Process.LastLines}")];

    private string SecretFile => Path.Combine(_directory, "peer.secret");

    /// <summary>Starts all three; returns when each has said that it serves. They may have no leader yet.</summary>
    /// <param name="directory">For logs, the secret and, where the disks are plain, data.</param>
    /// <param name="network">Owned by the cluster from here on.</param>
    /// <param name="disks">Owned by the cluster from here on.</param>
    /// <param name="environmentOf">Variables of a node's environment.</param>
    public static async Task<ChaosCluster> StartAsync(
        string directory, NodeNetwork network, NodeDisks disks, Func<int, IReadOnlyDictionary<string, string>>? environmentOf = null)
    {
        var cluster = new ChaosCluster(directory, network, disks, environmentOf);
        try
        {
            await Task.WhenAll(cluster._nodes.Select(node => cluster.StartAsync(node.Id)));
            return cluster;
        }
        catch (Exception)
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    public ChaosNode Node(int id) => _nodes[id - 1];

    /// <summary>Starts a node that does not run, and waits for its ready line.</summary>
    public async Task StartAsync(int id)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        var node = Node(id);
        if (node.Process is { HasEnded: false })
            return;
        if (node.Process is not null)
            await node.Process.DisposeAsync();
        Network.Opening(id);
        node.Process = NodeProcess.Start([.. Words(id)], _environmentOf(id), LogPath(id));
        node.Runs++;
        await node.Process.Ready.WaitAsync(StartTime);
    }

    /// <summary>kill -9.</summary>
    public async Task KillAsync(int id)
    {
        Network.Closing(id);
        if (Node(id).Process is { } process)
            await process.KillAsync();
    }

    /// <summary>SIGTERM; the exit code.</summary>
    public async Task<int> StopAsync(int id)
    {
        int code = await Node(id).Process!.StopAsync();
        Network.Closing(id);
        return code;
    }

    /// <summary>SIGSTOP.</summary>
    public void Pause(int id) => Node(id).Process!.Signal(Shell.Sigstop);

    /// <summary>SIGCONT.</summary>
    public void Resume(int id) => Node(id).Process?.Signal(Shell.Sigcont);

    /// <summary>The power of these nodes goes at the same moment: what was not synced is lost. They do not run afterwards.</summary>
    public async Task CutPowerAsync(params int[] ids)
    {
        foreach (int id in ids)
            Pause(id);
        await Disks.FreezeAsync(ids);
        foreach (int id in ids)
            await KillAsync(id);
        foreach (int id in ids)
            await Disks.ThawAsync(id);
    }

    /// <summary>Takes a node's disk away for good: it does not run afterwards, and starts on an empty one.</summary>
    public async Task WipeAsync(int id)
    {
        await KillAsync(id);
        await Disks.WipeAsync(id);
    }

    /// <summary>Puts an older copy in the place of a node's disk.</summary>
    public async Task RollBackAsync(int id)
    {
        await KillAsync(id);
        await Disks.RestoreAsync(id);
    }

    /// <summary>Starts what does not run and resumes what is paused.</summary>
    public async Task ReviveAsync()
    {
        foreach (var node in _nodes)
        {
            if (node.Process is { IsPaused: true })
                Resume(node.Id);
        }

        await Task.WhenAll(_nodes.Select(node => StartAsync(node.Id)));
    }

    /// <summary>The words that start a node.</summary>
    public IEnumerable<string> Words(int id)
    {
        string members = string.Join(',', _nodes.Select(node => $"{node.Id}@{Network.PeerAddress(id, node.Id)}"));
        return
        [
            .. Network.Wrapper(id), Programs.Broker,
            "--node-id", $"{id}", "--cluster", members, "--peer", Network.PeerListen(id), "--peer-secret-file", SecretFile,
            "--data-dir", Disks.DataDirectory(id), "--grpc", Network.ClientListen(id), "--http", "127.0.0.1:0",
            "--advertise", Network.ClientAddress(id), "--Storage:FailureBackoff=0", .. Network.Flags,
        ];
    }

    /// <summary>The file that a node's output goes to.</summary>
    public string LogPath(int id) => Path.Combine(_directory, $"node{id}.log");

    public async ValueTask DisposeAsync()
    {
        _isDisposed = true;
        foreach (var node in _nodes)
        {
            if (node.Process is not null)
                await node.Process.DisposeAsync();
        }

        await Network.DisposeAsync();
        await Disks.DisposeAsync();
    }
}

/// <summary>A node and its present process.</summary>
internal sealed class ChaosNode(int id)
{
    public int Id => id;

    /// <summary>How often it was started.</summary>
    public int Runs { get; set; }

    public NodeProcess? Process { get; set; }

    /// <summary>True while it runs and is not paused.</summary>
    public bool IsUp => Process is { HasEnded: false, IsPaused: false };
}
