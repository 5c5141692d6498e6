using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;

namespace LogBroker.RocksDb;

/// <summary>
/// Finds librocksdb, in this order: the path in <c>LOGBROKER_ROCKSDB</c>, when it is set; the system loader, under the plain name
/// and the versioned ones from 10 down to 7.8; what the build unpacked, in <c>runtimes/linux-ARCH/native</c> beside the assembly.
/// Thread-safe. The library stays loaded until the process ends.
/// </summary>
public static class NativeLibraryLocator
{
    /// <summary>Environment variable: the path of librocksdb or of its directory. No other place is tried then.</summary>
    public const string PathVariable = "LOGBROKER_ROCKSDB";

    /// <summary>Environment variable: <c>1</c> leaves the system loader out, so that a test sees what a machine without it would.</summary>
    public const string IgnoreSystemVariable = "LOGBROKER_ROCKSDB_IGNORE_SYSTEM";

    internal const string LibraryName = "librocksdb";

    private const string HowToInstall =
        "install it (Debian, Ubuntu: apt-get install librocksdb-dev; Fedora: dnf install rocksdb; Arch: pacman -S rocksdb) or set " +
        PathVariable + " to the path of librocksdb.so, version 7.8 to 10";

    private static readonly Lock LoadLock = new();
    private static LoadedLibrary? _loaded;

    /// <summary>Loads the library unless it is loaded, and says which it is: a path, or the name the system loader took.</summary>
    /// <exception cref="RocksDbNotFoundException">There is none that can be used; the message is one line to show to a person.</exception>
    public static string EnsureLoaded()
    {
        Load();
        return _loaded!.Origin;
    }

    internal static nint Load()
    {
        lock (LoadLock)
        {
            _loaded ??= Find(Environment.GetEnvironmentVariable, NativeDirectories());
            return _loaded.Handle;
        }
    }

    /// <summary>The search itself, with what it depends on handed in.</summary>
    internal static LoadedLibrary Find(Func<string, string?> environment, IReadOnlyList<string> nativeDirectories)
    {
        var refusals = new List<string>();
        var path = environment(PathVariable);
        if (!string.IsNullOrEmpty(path))
        {
            return TryPath(path, refusals) ?? throw new RocksDbNotFoundException(
                $"librocksdb cannot be loaded from {PathVariable}={path} ({string.Join("; ", refusals)}): " + HowToInstall);
        }

        var ignoreSystem = environment(IgnoreSystemVariable) is "1" or "true";
        if (!ignoreSystem && TrySystem(refusals) is { } system)
            return system;

        foreach (var directory in nativeDirectories)
        {
            if (TryDirectory(directory, refusals) is { } unpacked)
                return unpacked;
        }

        var looked = ignoreSystem ? $"the system loader was left out by {IgnoreSystemVariable}" : "the system loader has none";
        throw new RocksDbNotFoundException(
            $"librocksdb was not found ({looked}; {string.Join("; ", refusals)}): " + HowToInstall);
    }

    /// <summary>The names to ask the system loader for: distributions put major and minor version into it, or the major alone.</summary>
    internal static IEnumerable<string> SystemNames()
    {
        yield return "librocksdb.so";
        for (var major = 10; major >= 7; major--)
        {
            yield return $"librocksdb.so.{major}";
            var minorMin = major == 7 ? 8 : 0;
            for (var minor = 12; minor >= minorMin; minor--)
                yield return $"librocksdb.so.{major}.{minor}";
        }
    }

    [UnconditionalSuppressMessage("SingleFile", "IL3000", Justification = "In a single file it is empty, and passed over.")]
    private static List<string> NativeDirectories()
    {
        var below = Path.Combine("runtimes", $"linux-{RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant()}", "native");
        var directories = new List<string> { Path.Combine(AppContext.BaseDirectory, below) };
        var assembly = typeof(NativeLibraryLocator).Assembly.Location;
        if (Path.GetDirectoryName(assembly) is { Length: > 0 } beside && !directories.Contains(Path.Combine(beside, below)))
            directories.Add(Path.Combine(beside, below));
        return directories;
    }

    private static LoadedLibrary? TrySystem(List<string> refusals)
    {
        foreach (var name in SystemNames())
        {
            if (NativeLibrary.TryLoad(name, out var handle) && Accept(handle, name, refusals) is { } library)
                return library;
        }

        return null;
    }

    private static LoadedLibrary? TryPath(string path, List<string> refusals) =>
        Directory.Exists(path) ? TryDirectory(path, refusals) : TryFile(Path.GetFullPath(path), refusals);

    private static LoadedLibrary? TryDirectory(string directory, List<string> refusals)
    {
        if (!Directory.Exists(directory))
        {
            refusals.Add($"no directory {directory}");
            return null;
        }

        var candidates = Directory.GetFiles(Path.GetFullPath(directory), "librocksdb.so*");
        if (candidates.Length == 0)
            refusals.Add($"none in {directory}");
        Array.Sort(candidates, StringComparer.Ordinal);
        foreach (var candidate in candidates)
        {
            if (TryFile(candidate, refusals) is { } library)
                return library;
        }

        return null;
    }

    private static LoadedLibrary? TryFile(string path, List<string> refusals) =>
        TryLoadWithNeighbours(path, refusals, out var handle) ? Accept(handle, path, refusals) : null;

    /// <summary>
    /// Loads a library whose own dependencies may lie beside it. The loader does not look there, but it takes what is already
    /// loaded under the name it wants: so each neighbour it asks for is loaded first, and the library tried again.
    /// </summary>
    private static bool TryLoadWithNeighbours(string path, List<string> refusals, out nint handle)
    {
        var loaded = new HashSet<string>();
        while (true)
        {
            string refusal;
            try
            {
                handle = NativeLibrary.Load(path);
                return true;
            }
            catch (Exception e) when (e is DllNotFoundException or BadImageFormatException)
            {
                // The runtime's text has advice for developers in front and the loader's own words in its last line.
                refusal = e.Message.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)[^1];
            }

            // The loader's words begin with the file they are about: this one, or the dependency it did not find.
            var neighbour = Path.Combine(Path.GetDirectoryName(path)!, refusal.Split(':')[0]);
            if (neighbour != path && File.Exists(neighbour) && loaded.Add(neighbour)
                && TryLoadWithNeighbours(neighbour, refusals, out _))
                continue;
            refusals.Add(refusal);
            handle = 0;
            return false;
        }
    }

    private static LoadedLibrary? Accept(nint handle, string origin, List<string> refusals)
    {
        foreach (var export in Native.RequiredExports)
        {
            if (NativeLibrary.TryGetExport(handle, export, out _))
                continue;
            NativeLibrary.Free(handle);
            refusals.Add($"{origin} lacks {export}");
            return null;
        }

        return new LoadedLibrary(handle, origin);
    }

    /// <summary>A library in this process.</summary>
    internal sealed record LoadedLibrary(nint Handle, string Origin);
}
