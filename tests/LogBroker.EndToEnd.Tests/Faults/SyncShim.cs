using System.Globalization;

namespace LogBroker.EndToEnd.Tests;

/// <summary>
/// A library for LD_PRELOAD, compiled when it is needed, that makes fsync and fdatasync of some files fail or wait. What it does is
/// read from a file at each call, so that a test can change it while the broker runs.
/// </summary>
internal sealed class SyncShim
{
    private const string Source = """
        #define _GNU_SOURCE
        #include <dlfcn.h>
        #include <errno.h>
        #include <stdio.h>
        #include <stdlib.h>
        #include <string.h>
        #include <unistd.h>

        /* The control file holds: errno milliseconds part-of-path */
        static int meet(int file) {
            char path[4096], link[64], part[1024] = "";
            int error = 0, milliseconds = 0;
            const char *control = getenv("SYNC_SHIM_CONTROL");
            FILE *in = control ? fopen(control, "re") : NULL;
            if (!in) return 0;
            int fields = fscanf(in, "%d %d %1023s", &error, &milliseconds, part);
            fclose(in);
            if (fields != 3) return 0;
            snprintf(link, sizeof link, "/proc/self/fd/%d", file);
            ssize_t length = readlink(link, path, sizeof path - 1);
            if (length < 0) return 0;
            path[length] = 0;
            if (!strstr(path, part)) return 0;
            if (milliseconds) usleep(milliseconds * 1000);
            return error;
        }

        static int call(const char *name, int file) {
            int error = meet(file);
            if (error) { errno = error; return -1; }
            int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
            return real(file);
        }

        int fsync(int file) { return call("fsync", file); }
        int fdatasync(int file) { return call("fdatasync", file); }
        """;

    private readonly string _library;
    private readonly string _control;

    private SyncShim(string library, string control)
    {
        _library = library;
        _control = control;
    }

    /// <summary>What a broker is started with.</summary>
    public Dictionary<string, string> Environment => new()
    {
        ["LD_PRELOAD"] = _library,
        ["LOGBROKER_LIBC"] = "preload",
        ["SYNC_SHIM_CONTROL"] = _control,
    };

    /// <summary>Compiles it into a directory; the test is skipped where there is no C compiler.</summary>
    public static async Task<SyncShim> BuildAsync(TestDirectory directory)
    {
        string compiler = Tools.Require("cc");
        string source = directory.File("shim.c");
        string library = directory.File("shim.so");
        await File.WriteAllTextAsync(source, Source);
        var built = await ProgramRun.RunAsync(compiler, ["-shared", "-fPIC", "-O1", "-o", library, source, "-ldl"]);
        if (built.ExitCode != 0)
            Assert.Skip("cc cannot build a shared library here: " + built.Error);
        return new SyncShim(library, directory.File("shim.control"));
    }

    /// <summary>From now on syncs of files whose path has this part fail.</summary>
    public void Fail(int errno, string partOfPath) => Write(errno, 0, partOfPath);

    /// <summary>From now on syncs of files whose path has this part take longer.</summary>
    public void Delay(int milliseconds, string partOfPath) => Write(0, milliseconds, partOfPath);

    /// <summary>From now on nothing is touched.</summary>
    public void Clear() => File.Delete(_control);

    /// <summary>By rename, so that no call sees half of it.</summary>
    private void Write(int errno, int milliseconds, string partOfPath)
    {
        File.WriteAllText(_control + ".new", string.Create(CultureInfo.InvariantCulture, $"{errno} {milliseconds} {partOfPath}\n"));
        File.Move(_control + ".new", _control, overwrite: true);
    }
}
