using System.Diagnostics;
using System.Text.RegularExpressions;

namespace LogBroker.EndToEnd.Tests.Packaging;

/// <summary>The broker of a published directory, running on ports of its own.</summary>
internal sealed partial class PublishedBroker : IAsyncDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly Task<string> _errors;

    private PublishedBroker(Process process, Task<string> errors, string server)
    {
        _process = process;
        _errors = errors;
        Server = server;
    }

    /// <summary>HOST:PORT of its gRPC.</summary>
    internal string Server { get; }

    /// <summary>Starts it and waits for the line that says it serves.</summary>
    internal static async Task<PublishedBroker> StartAsync(
        string directory, string data, params (string Name, string? Value)[] environment)
    {
        var process = Packaging.Command.Start(
            Path.Combine(directory, "logbrokerd"),
            ["--data-dir", data, "--grpc", "127.0.0.1:0", "--http", "127.0.0.1:0"],
            Path.GetTempPath(),
            environment);
        var errors = process.StandardError.ReadToEndAsync();
        using var timer = new CancellationTokenSource(Deadline);
        var line = await process.StandardOutput.ReadLineAsync(timer.Token);
        if (line is null)
            Assert.Fail("logbrokerd ended: " + await errors);
        Assert.StartsWith("LogBroker ready: ", line, StringComparison.Ordinal);
        var address = GrpcAddress().Match(line);
        Assert.True(address.Success, "no gRPC address in: " + line);
        return new PublishedBroker(process, errors, address.Groups[1].Value);
    }

    /// <summary>Sends SIGTERM and waits for the end.</summary>
    /// <returns>The exit code and what it wrote to stderr.</returns>
    internal async Task<(int ExitCode, string Errors)> StopAsync()
    {
        using var timer = new CancellationTokenSource(Deadline);
        using (var kill = Process.Start("kill", ["-TERM", _process.Id.ToString()]))
            await kill.WaitForExitAsync(timer.Token);
        await _process.WaitForExitAsync(timer.Token);
        return (_process.ExitCode, await _errors);
    }

    public ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
            _process.Kill();
        _process.Dispose();
        return ValueTask.CompletedTask;
    }

    [GeneratedRegex(@"grpc=(127\.0\.0\.1:\d+)")]
    private static partial Regex GrpcAddress();
}
