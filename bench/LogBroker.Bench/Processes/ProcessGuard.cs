using System.Diagnostics;
using LogBroker.Bench.Systems;

namespace LogBroker.Bench.Processes;

/// <summary>
/// A small shell process of its own session that waits for the end of this program. It knows every process group and every temporary
/// directory that must not outlive it, so that even after SIGKILL nothing is left behind.
/// </summary>
internal sealed class ProcessGuard : IAsyncDisposable
{
    /// <summary>Variable in the environment of each started process by which the guard also finds those that left their group.</summary>
    public const string MarkVariable = "LOGBROKER_BENCH_MARK";

    /// <summary>Only directories with such a name are ever removed by the guard.</summary>
    public const string DirectoryPrefix = "logbroker-bench-";

    private const string Script = """
        exec >/dev/null 2>&1
        trap '' INT TERM HUP QUIT
        mark=$1 groups='' dirs='' newline='
        '
        without() {
            kept=''
            IFS=$newline
            for item in $1; do [ "$item" = "$2" ] || kept="$kept$item$newline"; done
            unset IFS
        }
        set -f
        while read -r verb what; do
            case $verb in
                +group) groups="$groups$what$newline" ;;
                -group) without "$groups" "$what"; groups=$kept ;;
                +dir) dirs="$dirs$what$newline" ;;
                -dir) without "$dirs" "$what"; dirs=$kept ;;
            esac
        done
        alive() { for g in $groups; do kill -0 -- "-$g" && return 0; done; return 1; }
        for g in $groups; do kill -KILL -- "-$g"; kill -KILL "$g"; done
        set +f
        for f in $(grep -lsz "^LOGBROKER_BENCH_MARK=$mark\$" /proc/[0-9]*/environ); do
            p=${f#/proc/}
            kill -KILL "${p%/environ}"
        done
        tries=0
        while alive && [ $tries -lt 30 ]; do tries=$((tries + 1)); sleep 0.1; done
        set -f
        IFS=$newline
        for d in $dirs; do
            case $d in */logbroker-bench-*) rm -rf -- "$d" || { sleep 0.5; rm -rf -- "$d"; } ;; esac
        done
        """;

    private readonly Process _shell;
    private readonly Lock _gate = new();
    private Task? _ending;

    private ProcessGuard(Process shell, string mark)
    {
        _shell = shell;
        Mark = mark;
    }

    /// <summary>Value of <see cref="MarkVariable"/> for the processes that are guarded.</summary>
    public string Mark { get; }

    /// <summary>Starts it.</summary>
    /// <exception cref="BenchException">There is no <c>setsid</c> or no <c>sh</c>.</exception>
    public static ProcessGuard Start()
    {
        string mark = Guid.NewGuid().ToString("N");
        var start = new ProcessStartInfo("setsid", ["sh", "-c", Script, "logbroker-bench-guard", mark])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = "/",
        };
        try
        {
            Process shell = Process.Start(start)!;
            return new ProcessGuard(shell, mark);
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            throw new BenchException("setsid (util-linux) and sh are needed to start processes that do not outlive the bench", e);
        }
    }

    public void AddGroup(int groupId) => Tell($"+group {groupId}");

    public void RemoveGroup(int groupId) => Tell($"-group {groupId}");

    /// <summary>From now on the directory is removed when this program ends without <see cref="RemoveDirectory"/>.</summary>
    public void AddDirectory(string directory)
    {
        if (!Path.GetFileName(directory).StartsWith(DirectoryPrefix, StringComparison.Ordinal) || directory.Contains('\n'))
        {
            throw new ArgumentException($"not a directory of the bench: {directory}", nameof(directory));
        }

        Tell("+dir " + directory);
    }

    public void RemoveDirectory(string directory) => Tell("-dir " + directory);

    /// <summary>Does what the end of this program does: the guard kills and removes what it knows, and ends.</summary>
    public ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            return new ValueTask(_ending ??= EndAsync());
        }
    }

    private async Task EndAsync()
    {
        try
        {
            _shell.StandardInput.Close();
        }
        catch (IOException)
        {
            // It is gone already.
        }

        await _shell.WaitForExitAsync();
    }

    private void Tell(string line)
    {
        lock (_gate)
        {
            try
            {
                _shell.StandardInput.Write(line + "\n");
                _shell.StandardInput.Flush();
            }
            catch (Exception e) when (e is IOException or ObjectDisposedException)
            {
                // Whoever ended the guard has taken the safety net away; the ordinary clean-up does not need it.
            }
        }
    }
}
