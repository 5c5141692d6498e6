using System.Globalization;

namespace LogBroker.Chaos;

/// <summary>
/// Row 18: a library for LD_PRELOAD, compiled when it is needed, that makes the syncs of one node wait. How long is read from a file at
/// each call, so that it changes while the node runs.
/// </summary>
internal sealed class SlowDisk
{
    private const string Source = """
        #define _GNU_SOURCE
        #include <dlfcn.h>
        #include <stdio.h>
        #include <stdlib.h>
        #include <unistd.h>

        static int milliseconds(void) {
            int value = 0;
            const char *control = getenv("SLOW_DISK_CONTROL");
            FILE *in = control ? fopen(control, "re") : NULL;
            if (!in) return 0;
            if (fscanf(in, "%d", &value) != 1) value = 0;
            fclose(in);
            return value;
        }

        static int call(const char *name, int file) {
            int wait = milliseconds();
            if (wait < 0) return 0;
            if (wait > 0) usleep(wait * 1000);
            int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
            return real(file);
        }

        int fsync(int file) { return call("fsync", file); }
        int fdatasync(int file) { return call("fdatasync", file); }
        """;

    /// <summary>In the place of milliseconds: syncs say yes and do nothing, as a disk with a bad cache does.</summary>
    public const int Lie = -1;

    private readonly string _library;
    private readonly string _directory;

    private SlowDisk(string library, string directory)
    {
        _library = library;
        _directory = directory;
    }

    public static IReadOnlyList<FaultKind> All { get; } =
    [
        new("a slow disk", 3, (scene, random) => Of(scene, ProcessFaults.Leader(scene, random), Milliseconds(random))),
    ];

    /// <summary>Compiles it and has all nodes of a cluster load it from their next start on.</summary>
    /// <exception cref="FaultUnavailableException">There is no C compiler.</exception>
    public static async Task<SlowDisk> BuildAsync(string directory)
    {
        string source = Path.Combine(directory, "slow-disk.c");
        string library = Path.Combine(directory, "slow-disk.so");
        await File.WriteAllTextAsync(source, Source);
        await Shell.RunAsync("cc", "-shared", "-fPIC", "-O1", "-o", library, source, "-ldl");
        return new SlowDisk(library, directory);
    }

    /// <summary>What a node is started with.</summary>
    public IReadOnlyDictionary<string, string> EnvironmentOf(int node) => new Dictionary<string, string>
    {
        ["LD_PRELOAD"] = _library,
        ["LOGBROKER_LIBC"] = "preload",
        ["SLOW_DISK_CONTROL"] = Control(node),
    };

    /// <summary>
    /// The syncs of a node take this much longer from now on; 0 for not at all. <see cref="Lie"/>: they say yes and do nothing.
    /// </summary>
    public void Delay(int node, int milliseconds)
    {
        File.WriteAllText(Control(node) + ".new", milliseconds.ToString(CultureInfo.InvariantCulture));
        File.Move(Control(node) + ".new", Control(node), overwrite: true);
    }

    public static Fault Of(ChaosScene scene, int node, int milliseconds) => new(
        18,
        $"each sync of {ProcessFaults.Names(node)} takes {milliseconds} ms longer",
        () =>
        {
            SlowDiskOf(scene).Delay(node, milliseconds);
            return Task.CompletedTask;
        },
        () =>
        {
            SlowDiskOf(scene).Delay(node, 0);
            return Task.CompletedTask;
        })
    {
        HoldMax = TimeSpan.FromSeconds(8),
    };

    // 50 ms to 10 s, short ones as often as long ones.
    private static int Milliseconds(Random random) => (int)(50 * Math.Pow(200, random.NextDouble()));

    private static SlowDisk SlowDiskOf(ChaosScene scene) =>
        scene.SlowDisk ?? throw new FaultUnavailableException("The scene was made without a slow disk: that needs a C compiler.");

    private string Control(int node) => Path.Combine(_directory, $"slow-disk.{node}");
}
