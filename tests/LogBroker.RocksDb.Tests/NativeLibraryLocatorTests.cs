using System.Runtime.InteropServices;

namespace LogBroker.RocksDb.Tests;

public sealed class NativeLibraryLocatorTests
{
    private static readonly string Unpacked = Path.Combine(
        AppContext.BaseDirectory,
        "runtimes",
        $"linux-{RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant()}",
        "native");

    [Fact]
    public void There_is_a_library()
    {
        Assert.Contains("librocksdb", NativeLibraryLocator.EnsureLoaded(), StringComparison.Ordinal);
        Assert.Equal(NativeLibraryLocator.EnsureLoaded(), NativeLibraryLocator.EnsureLoaded());
    }

    [Fact]
    public async Task What_the_build_unpacked_loads_where_the_system_has_none()
    {
        RequireUnpacked();
        var (exitCode, lines) = await Locate((NativeLibraryLocator.IgnoreSystemVariable, "1"), (NativeLibraryLocator.PathVariable, null));
        Assert.Equal(0, exitCode);
        Assert.StartsWith(Path.Combine(Unpacked, "librocksdb.so"), lines[0], StringComparison.Ordinal);
        Assert.All(lines[1..], line => Assert.Contains(Unpacked, line, StringComparison.Ordinal));
        Assert.True(lines.Length > 1, "the library is not mapped");
    }

    [Fact]
    public async Task A_library_of_the_system_comes_first_and_can_be_hidden()
    {
        RequireUnpacked();
        using var directory = new TempDirectory();
        foreach (var file in Directory.GetFiles(Unpacked))
            File.Copy(file, directory[Path.GetFileName(file)]);
        var asIfInstalled = ("LD_LIBRARY_PATH", directory.Path);
        var (exitCode, lines) = await Locate(asIfInstalled, (NativeLibraryLocator.IgnoreSystemVariable, null));
        Assert.Equal(0, exitCode);
        Assert.Contains(lines[0], NativeLibraryLocator.SystemNames());
        Assert.DoesNotContain(lines[1..], line => line.Contains(Unpacked, StringComparison.Ordinal));

        (exitCode, lines) = await Locate(asIfInstalled, (NativeLibraryLocator.IgnoreSystemVariable, "1"));
        Assert.Equal(0, exitCode);
        Assert.All(lines, line => Assert.Contains(Unpacked, line, StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_variable_names_a_file_or_a_directory()
    {
        RequireUnpacked();
        using var directory = new TempDirectory();
        foreach (var file in Directory.GetFiles(Unpacked))
            File.Copy(file, directory[Path.GetFileName(file)]);
        var (exitCode, lines) = await Locate((NativeLibraryLocator.PathVariable, directory.Path));
        Assert.Equal(0, exitCode);
        Assert.StartsWith(directory["librocksdb.so"], lines[0], StringComparison.Ordinal);
        Assert.True(lines.Length > 1, "the library is not mapped");
        Assert.All(lines[1..], line => Assert.Contains(directory.Path, line, StringComparison.Ordinal));

        (exitCode, lines) = await Locate((NativeLibraryLocator.PathVariable, lines[0]));
        Assert.Equal(0, exitCode);
    }

    [Fact]
    public async Task A_wrong_path_in_the_variable_is_one_line_and_nothing_else_is_tried()
    {
        using var directory = new TempDirectory();
        File.WriteAllText(directory["librocksdb.so"], "not a library");
        foreach (var path in new[] { directory["none.so"], directory["librocksdb.so"], directory.Path })
        {
            var (exitCode, lines) = await Locate((NativeLibraryLocator.PathVariable, path));
            Assert.Equal(3, exitCode);
            var line = Assert.Single(lines);
            Assert.Contains($"LOGBROKER_ROCKSDB={path}", line, StringComparison.Ordinal);
            Assert.Contains("apt-get install librocksdb-dev", line, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Without_any_the_text_is_one_line_that_says_where_it_looked_and_what_to_install()
    {
        using var directory = new TempDirectory();
        string? IgnoreSystem(string name) => name == NativeLibraryLocator.IgnoreSystemVariable ? "1" : null;
        var error = Assert.Throws<RocksDbNotFoundException>(
            () => NativeLibraryLocator.Find(IgnoreSystem, [directory["missing"], directory.Path]));
        Assert.DoesNotContain('\n', error.Message);
        Assert.Contains(directory["missing"], error.Message, StringComparison.Ordinal);
        Assert.Contains("none in " + directory.Path, error.Message, StringComparison.Ordinal);
        Assert.Contains("apt-get install librocksdb-dev", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_library_that_is_not_rocksdb_is_refused_by_the_function_it_lacks()
    {
        using var directory = new TempDirectory();
        var other = File.ReadLines("/proc/self/maps").First(line => line.Contains("/libm.so", StringComparison.Ordinal));
        File.Copy(other[other.IndexOf('/', StringComparison.Ordinal)..], directory["librocksdb.so.7.8"]);
        var error = Assert.Throws<RocksDbNotFoundException>(
            () => NativeLibraryLocator.Find(name => name == NativeLibraryLocator.PathVariable ? directory.Path : null, []));
        Assert.Contains("lacks rocksdb_", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void System_names_run_from_the_plain_one_over_10_down_to_7_8()
    {
        var names = NativeLibraryLocator.SystemNames().ToList();
        Assert.Equal("librocksdb.so", names[0]);
        Assert.Equal("librocksdb.so.10", names[1]);
        Assert.Equal("librocksdb.so.7.8", names[^1]);
        Assert.Contains("librocksdb.so.8.9", names);
        Assert.Contains("librocksdb.so.9.10", names);
        Assert.DoesNotContain("librocksdb.so.7.7", names);
    }

    private static void RequireUnpacked()
    {
        if (!Directory.Exists(Unpacked))
        {
            Assert.Skip(
                $"the build unpacked no librocksdb into {Unpacked}: build with LOGBROKER_ROCKSDB_IGNORE_SYSTEM=1 on a Debian-like system");
        }
    }

    private static async Task<(int ExitCode, string[] Lines)> Locate(params (string Name, string? Value)[] environment)
    {
        using var child = ChildProcess.Start(["locate"], environment);
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        var output = await child.StandardOutput.ReadToEndAsync(deadline.Token);
        await child.WaitForExitAsync(deadline.Token);
        return (child.ExitCode, output.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }
}
