using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace LogBroker.Rpc.Tests;

/// <summary>Other people's programs that these tests talk to; a test without them is skipped with a message.</summary>
internal static class Peers
{
    /// <summary>The path of a program, or the end of the test.</summary>
    public static string Require(string program)
    {
        var path = Path.Combine(Root() ?? "", "bin", program);
        if (!File.Exists(path))
            Assert.Skip($"{program} is not there: set LOGBROKER_PEERS to a directory that has it as bin/{program}.");
        return path;
    }

    /// <summary>Runs a program to its end.</summary>
    public static async Task<(int ExitCode, string Output)> RunAsync(string program, params string[] arguments)
    {
        using var process = Start(program, arguments);
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        var output = process.StandardOutput.ReadToEndAsync(deadline.Token);
        var error = process.StandardError.ReadToEndAsync(deadline.Token);
        try
        {
            await process.WaitForExitAsync(deadline.Token);
            return (process.ExitCode, await output + await error);
        }
        finally
        {
            if (!process.HasExited)
                process.Kill();
        }
    }

    public static Process Start(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        return Process.Start(start)!;
    }

    /// <summary>A port that was free a moment ago, for programs that cannot choose one themselves.</summary>
    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <summary>Waits until somebody listens.</summary>
    public static async Task WaitForPortAsync(int port)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (true)
        {
            using var client = new TcpClient();
            try
            {
                await client.ConnectAsync(IPAddress.Loopback, port, deadline.Token);
                return;
            }
            catch (SocketException) when (!deadline.IsCancellationRequested)
            {
                await Task.Yield();
            }
        }
    }

    private static string? Root()
    {
        if (Environment.GetEnvironmentVariable("LOGBROKER_PEERS") is { Length: > 0 } given)
            return given;
        for (var directory = new DirectoryInfo(AppContext.BaseDirectory); directory is not null; directory = directory.Parent)
        {
            if (File.Exists(Path.Combine(directory.FullName, "LogBroker.sln")))
                return Path.Combine(directory.FullName, "..", "shared", "peers");
        }
        return null;
    }
}
