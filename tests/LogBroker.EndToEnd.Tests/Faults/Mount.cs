namespace LogBroker.EndToEnd.Tests;

/// <summary>A small file system of its own, mounted for one test and unmounted at its end.</summary>
internal sealed class Mount : IAsyncDisposable
{
    private readonly string _umount;

    private Mount(string path, string umount)
    {
        Path = path;
        _umount = umount;
    }

    public string Path { get; }

    public string File(string name) => System.IO.Path.Combine(Path, name);

    /// <summary>A tmpfs of this many bytes; the test is skipped where it cannot be mounted.</summary>
    public static Task<Mount> TmpfsAsync(TestDirectory directory, long bytes) =>
        MountAsync(directory.File("tmpfs"), ["-t", "tmpfs", "-o", $"size={bytes}", "tmpfs"]);

    public async ValueTask DisposeAsync()
    {
        // Lazily: a killed process may hold a file for a moment longer.
        await ProgramRun.RunAsync(_umount, ["-l", Path]);
    }

    private static async Task<Mount> MountAsync(string path, string[] what)
    {
        Tools.RequireRoot();
        string mount = Tools.Require("mount");
        Directory.CreateDirectory(path);
        var mounted = await ProgramRun.RunAsync(mount, [.. what, path]);
        if (mounted.ExitCode != 0)
            Assert.Skip($"mount {string.Join(' ', what)} is not possible here: {mounted.Error}");
        return new Mount(path, Tools.Require("umount"));
    }
}
