using System.Runtime.InteropServices;

namespace LogBroker.EndToEnd.Tests;

/// <summary>
/// A real logbrokerd from its build output, on free ports of the loopback, with a data directory that is removed at the end unless
/// it was given. Killed by its process id when the test ends.
/// </summary>
public sealed partial class ServerProcess : IAsyncDisposable
{
    private static readonly TimeSpan StartTime = TimeSpan.FromSeconds(60);

    private readonly TestDirectory? _ownDirectory;
    private readonly ProgramRun _run;

    private ServerProcess(ProgramRun run, string dataDirectory, TestDirectory? ownDirectory, string readyLine)
    {
        _run = run;
        DataDirectory = dataDirectory;
        _ownDirectory = ownDirectory;
        ReadyLine = readyLine;
        var fields = readyLine["LogBroker ready: ".Length..].Split(' ')
            .Select(field => field.Split('=', 2))
            .ToDictionary(field => field[0], field => field[1]);
        GrpcAddress = fields["grpc"];
        HttpAddress = fields["http"];
        Fields = fields;
    }

    /// <summary>The program that `dotnet build` made, of the configuration that the tests were built in.</summary>
    public static string ProgramPath { get; } = FindProgram();

    public string DataDirectory { get; }

    public string ReadyLine { get; }

    public IReadOnlyDictionary<string, string> Fields { get; }

    /// <summary>HOST:PORT.</summary>
    public string GrpcAddress { get; }

    /// <summary>HOST:PORT.</summary>
    public string HttpAddress { get; }

    public Uri HttpUri(string path) => new($"http://{HttpAddress}{path}");

    public string GrpcUri => "http://" + GrpcAddress;

    public int ProcessId => _run.ProcessId;

    public IReadOnlyList<string> OutputLines => _run.OutputLines;

    public IReadOnlyList<string> ErrorLines => _run.ErrorLines;

    /// <summary>Starts one and waits for its ready line.</summary>
    /// <param name="dataDirectory">Null for a new one.</param>
    /// <param name="arguments">Further flags.</param>
    /// <param name="environment">Further variables.</param>
    /// <param name="wrapper">A program and its arguments that the server is started with, such as strace.</param>
    public static async Task<ServerProcess> StartAsync(
        string? dataDirectory = null,
        string[]? arguments = null,
        Dictionary<string, string>? environment = null,
        string[]? wrapper = null)
    {
        var own = dataDirectory is null ? new TestDirectory() : null;
        string directory = dataDirectory ?? own!.File("data");
        string[] words =
            [.. wrapper ?? [], ProgramPath, "--data-dir", directory, "--grpc", "127.0.0.1:0", "--http", "127.0.0.1:0", .. arguments ?? []];
        var run = ProgramRun.Start(words[0], words[1..], environment);
        try
        {
            string ready = await run.WaitForOutputAsync(line => line.StartsWith("LogBroker ready: ", StringComparison.Ordinal), StartTime);
            return new ServerProcess(run, directory, own, ready);
        }
        catch (Exception)
        {
            await run.DisposeAsync();
            own?.Dispose();
            throw;
        }
    }

    /// <summary>Runs logbrokerd to its end: for starts that are refused and for its other commands.</summary>
    public static Task<ProgramResult> RunAsync(
        string[] arguments, Dictionary<string, string>? environment = null, string? workingDirectory = null) =>
        ProgramRun.RunAsync(ProgramPath, arguments, environment, workingDirectory);

    /// <summary>kill -9, and waits until it is gone.</summary>
    public async Task KillAsync()
    {
        Signal(9);
        await _run.WaitForExitAsync(TimeSpan.FromSeconds(30));
    }

    /// <summary>SIGTERM, and the exit code.</summary>
    public async Task<int> StopAsync(TimeSpan? deadline = null)
    {
        Signal(15);
        return await _run.WaitForExitAsync(deadline ?? TimeSpan.FromSeconds(30));
    }

    public void Signal(int signal)
    {
        // The wrapper, when there is one, runs the server as its child: signals are for the server.
        int target = _run.ChildOf(ProcessId) ?? ProcessId;
        Kill(target, signal);
    }

    public Task<int> WaitForExitAsync(TimeSpan deadline) => _run.WaitForExitAsync(deadline);

    public Task<string> WaitForErrorAsync(Func<string, bool> isIt, TimeSpan deadline) => _run.WaitForErrorAsync(isIt, deadline);

    public async ValueTask DisposeAsync()
    {
        await _run.DisposeAsync();
        _ownDirectory?.Dispose();
    }

    private static string FindProgram()
    {
        var output = new DirectoryInfo(AppContext.BaseDirectory);
        string framework = output.Name;
        string configuration = output.Parent!.Name;
        string root = RepositoryRoot.Path;
        string program = System.IO.Path.Combine(root, "broker", "LogBroker.Server", "bin", configuration, framework, "logbrokerd");
        Assert.True(File.Exists(program), $"{program} is not there: build LogBroker.Server first");
        return program;
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int processId, int signal);
}
