namespace LogBroker.Chaos;

/// <summary>
/// An ext4 image on tmpfs for each node, mounted over a loop device that writes nothing back by itself for a while: a copy of the image of
/// a stopped process is what its disk would be after a power cut. Synced bytes are in it, others are not. Needs root.
/// </summary>
internal sealed class ImageDisks : NodeDisks
{
    private const string ImageBytes = "512M";

    private readonly string _directory;
    private readonly Dictionary<int, int> _generations = [];
    private readonly HashSet<int> _frozen = [];
    private bool _isTmpfsMounted;

    private ImageDisks(string directory)
    {
        _directory = directory;
    }

    /// <exception cref="FaultUnavailableException">There is no root, or no loop devices.</exception>
    public static async Task<ImageDisks> MakeAsync(string directory)
    {
        Shell.RequireRoot("Mounting loop images");
        var disks = new ImageDisks(Path.Combine(directory, "disks"));
        try
        {
            Directory.CreateDirectory(disks._directory);
            await Shell.RunAsync("mount", "-t", "tmpfs", "-o", "size=4g", "tmpfs", disks._directory);
            disks._isTmpfsMounted = true;
            for (int node = 1; node <= NodeNetwork.NodesCount; node++)
                await disks.FormatAsync(node);
            return disks;
        }
        catch (Exception)
        {
            await disks.DisposeAsync();
            throw;
        }
    }

    public override string DataDirectory(int node) => Path.Combine(MountPoint(node), "data");

    public override async Task FreezeAsync(params int[] nodes)
    {
        foreach (int node in nodes)
        {
            await Shell.RunAsync("cp", "--sparse=always", Image(node, Generation(node)), Image(node, Generation(node) + 1));
            _frozen.Add(node);
        }
    }

    public override async Task ThawAsync(int node)
    {
        if (!_frozen.Remove(node))
            throw new InvalidOperationException($"the disk of node {node} is not frozen");
        await UnmountAsync(node);
        File.Delete(Image(node, Generation(node)));
        _generations[node] = Generation(node) + 1;
        await MountAsync(node);
    }

    public override async Task WipeAsync(int node)
    {
        await UnmountAsync(node);
        File.Delete(Image(node, Generation(node)));
        _generations[node] = Generation(node) + 1;
        await FormatAsync(node);
    }

    public override async ValueTask DisposeAsync()
    {
        for (int node = 1; node <= NodeNetwork.NodesCount; node++)
        {
            if (_generations.ContainsKey(node))
                await Shell.TryRunAsync("umount", "-l", MountPoint(node));
        }

        if (_isTmpfsMounted)
            await Shell.TryRunAsync("umount", "-l", _directory);
    }

    private int Generation(int node) => _generations.GetValueOrDefault(node);

    private string Image(int node, int generation) => Path.Combine(_directory, $"node{node}.{generation}.img");

    private string MountPoint(int node) => Path.Combine(_directory, $"node{node}");

    private async Task FormatAsync(int node)
    {
        await Shell.RunAsync("truncate", "-s", ImageBytes, Image(node, Generation(node)));
        await Shell.RunAsync("mkfs.ext4", "-q", "-F", "-m", "0", Image(node, Generation(node)));
        await MountAsync(node);
    }

    private async Task MountAsync(int node)
    {
        Directory.CreateDirectory(MountPoint(node));
        _generations.TryAdd(node, 0);
        await Shell.RunAsync("mount", "-o", "loop,commit=300", Image(node, Generation(node)), MountPoint(node));
    }

    private Task UnmountAsync(int node) => Shell.RunAsync("umount", MountPoint(node));
}
