using System.Diagnostics;

namespace LogBroker.EndToEnd.Tests.Packaging;

/// <summary>A command that ran to its end.</summary>
internal sealed record Command(string Line, int ExitCode, string Output, string Error)
{
    /// <summary>Runs a command, and kills it with all it started at the deadline.</summary>
    internal static async Task<Command> RunAsync(
        string file, string[] args, string directory, TimeSpan deadline, params (string Name, string? Value)[] environment)
    {
        var line = file + " " + string.Join(' ', args);
        using var process = Start(file, args, directory, environment);
        using var timer = new CancellationTokenSource(deadline);
        var output = process.StandardOutput.ReadToEndAsync(timer.Token);
        var error = process.StandardError.ReadToEndAsync(timer.Token);
        try
        {
            await process.WaitForExitAsync(timer.Token);
            return new Command(line, process.ExitCode, await output, await error);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"{line} took longer than {deadline}");
        }
    }

    internal static Process Start(string file, string[] args, string directory, params (string Name, string? Value)[] environment)
    {
        var start = new ProcessStartInfo(file, args)
        {
            WorkingDirectory = directory,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };

        // Build servers that outlive the command would keep its output open; the test host's own settings are not the command's.
        start.Environment["MSBUILDDISABLENODEREUSE"] = "1";
        start.Environment["DOTNET_CLI_USE_MSBUILD_SERVER"] = "0";
        start.Environment["UseSharedCompilation"] = "false";
        foreach (var name in start.Environment.Keys.Where(IsOfTestHost).ToList())
            start.Environment.Remove(name);
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        return Process.Start(start) ?? throw new InvalidOperationException($"{file} did not start");
    }

    internal Command MustSucceed()
    {
        Assert.True(ExitCode == 0, $"{Line}: exit code {ExitCode}\n{Output}\n{Error}");
        return this;
    }

    private static bool IsOfTestHost(string name) =>
        name.StartsWith("MSBuild", StringComparison.Ordinal)
        || name.StartsWith("VSTEST", StringComparison.OrdinalIgnoreCase)
        || name is "DOTNET_HOST_PATH" or "NOTIFY_SOCKET";
}
