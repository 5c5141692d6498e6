using System.Diagnostics;
using System.Runtime.InteropServices;

namespace LogBroker.Chaos;

/// <summary>A fault cannot be made on this machine: a program or root is missing. The message says which.</summary>
internal sealed class FaultUnavailableException(string message) : Exception(message);

/// <summary>Runs programs of the system.</summary>
internal static partial class Shell
{
    public const int Sigkill = 9;
    public const int Sigterm = 15;
    public const int Sigcont = 18;
    public const int Sigstop = 19;

    private static readonly TimeSpan RunTime = TimeSpan.FromSeconds(30);

    /// <summary>Runs a program to its end; its output.</summary>
    /// <exception cref="FaultUnavailableException">It is not there or did not end with 0.</exception>
    public static async Task<string> RunAsync(string program, params string[] arguments)
    {
        var (code, output, error) = await TryRunAsync(program, arguments);
        return code == 0
            ? output
            : throw new FaultUnavailableException($"{program} {string.Join(' ', arguments)} ended with {code}: {error.Trim()}");
    }

    /// <summary>Runs a program to its end, whatever that is.</summary>
    public static async Task<(int Code, string Output, string Error)> TryRunAsync(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(Find(program), arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        using var timeout = new CancellationTokenSource(RunTime);
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(timeout.Token);
            string error = await process.StandardError.ReadToEndAsync(timeout.Token);
            await process.WaitForExitAsync(timeout.Token);
            return (process.ExitCode, await output, error);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"{program} {string.Join(' ', arguments)} did not end within {RunTime}");
        }
    }

    /// <summary>The path of a program.</summary>
    /// <exception cref="FaultUnavailableException">It is not installed.</exception>
    public static string Find(string program)
    {
        if (program.Contains('/'))
            return program;
        string[] places = [.. (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':'), "/usr/sbin", "/sbin"];
        return places.Where(place => place.Length > 0).Select(place => Path.Combine(place, program)).FirstOrDefault(File.Exists)
            ?? throw new FaultUnavailableException($"{program} is not installed.");
    }

    public static void RequireRoot(string what)
    {
        if (!Environment.IsPrivilegedProcess)
            throw new FaultUnavailableException($"{what} needs root.");
    }

    public static void Signal(int processId, int signal)
    {
        if (Kill(processId, signal) != 0)
            throw new InvalidOperationException($"kill -{signal} {processId} failed with errno {Marshal.GetLastPInvokeError()}");
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int processId, int signal);
}
