using System.Text;
using LogBroker.Cli;

namespace LogBroker.EndToEnd.Tests.Cli;

/// <summary>One run of the command line inside the test process, with streams of its own.</summary>
internal sealed record CliRun(int ExitCode, string Output, string Error)
{
    /// <summary>Runs without a terminal.</summary>
    internal static Task<CliRun> Of(params string[] args) => With(args);

    /// <summary>Runs with input, on a terminal, or in an environment.</summary>
    internal static async Task<CliRun> With(
        string[] args,
        string input = "",
        bool isTerminal = false,
        Dictionary<string, string>? environment = null,
        byte[]? inputBytes = null,
        CancellationToken interrupted = default)
    {
        var stdout = new MemoryStream();
        var stderr = new StringWriter();
        var host = new CliHost
        {
            Stdout = stdout,
            Stderr = TextWriter.Synchronized(stderr),
            Stdin = new MemoryStream(inputBytes ?? Encoding.UTF8.GetBytes(input)),
            StdoutIsTerminal = isTerminal,
            StderrIsTerminal = isTerminal,
            StdinIsTerminal = isTerminal,
            UsesColor = false,
            Environment = name => environment?.GetValueOrDefault(name),
        };
        int exit = (int)await CliApp.RunAsync(args, host, interrupted);
        return new CliRun(exit, Encoding.UTF8.GetString(stdout.ToArray()), stderr.ToString());
    }

    /// <summary>Itself, when it went well.</summary>
    internal CliRun MustSucceed()
    {
        Assert.True(ExitCode == 0, $"exit code {ExitCode}\n{Output}\n{Error}");
        return this;
    }
}
