namespace LogBroker.Chaos;

/// <summary>Where the nodes keep their data.</summary>
internal abstract class NodeDisks : IAsyncDisposable
{
    /// <summary>The data directory of a node; made by the node itself.</summary>
    public abstract string DataDirectory(int node);

    /// <summary>
    /// Takes what would be left of the disks of nodes after their power went: called while the processes are stopped by SIGSTOP. All at
    /// the same moment.
    /// </summary>
    /// <exception cref="FaultUnavailableException">These disks cannot do that.</exception>
    public virtual Task FreezeAsync(params int[] nodes) =>
        throw new FaultUnavailableException("A power cut needs loop images, which need root.");

    /// <summary>Puts the frozen disk of a node in the place of its own: called when its process is gone.</summary>
    public virtual Task ThawAsync(int node) => throw new FaultUnavailableException("A power cut needs loop images, which need root.");

    /// <summary>An empty disk in the place of the old one: called when the process of the node is gone.</summary>
    public virtual Task WipeAsync(int node)
    {
        Directory.Delete(DataDirectory(node), recursive: true);
        return Task.CompletedTask;
    }

    /// <summary>Copies what is on the disk now: called when the process of the node is gone.</summary>
    public async Task SaveAsync(int node)
    {
        if (Directory.Exists(SavedDirectory(node)))
            Directory.Delete(SavedDirectory(node), recursive: true);
        await Shell.RunAsync("cp", "-a", "--sparse=always", DataDirectory(node), SavedDirectory(node));
    }

    /// <summary>Puts the copy in the place of what is there: called when the process of the node is gone.</summary>
    public async Task RestoreAsync(int node)
    {
        Directory.Delete(DataDirectory(node), recursive: true);
        await Shell.RunAsync("cp", "-a", "--sparse=always", SavedDirectory(node), DataDirectory(node));
        // The copy is the disk from here on: a power cut must not undo it.
        await Shell.RunAsync("sync", "-f", DataDirectory(node));
    }

    public virtual ValueTask DisposeAsync() => ValueTask.CompletedTask;

    /// <summary>Where a copy of the disk is kept.</summary>
    public string SavedDirectory(int node) => DataDirectory(node) + ".saved";
}

/// <summary>Directories beside each other: they survive everything but a wipe.</summary>
internal sealed class PlainDisks(string directory) : NodeDisks
{
    public override string DataDirectory(int node) => Path.Combine(directory, $"node{node}");
}
