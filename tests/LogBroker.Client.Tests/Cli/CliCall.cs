using System.Text;
using LogBroker.Cli;

namespace LogBroker.Client.Tests;

/// <summary>One run of the command line inside the test process, pointed at a fake broker.</summary>
internal sealed record CliCall(int ExitCode, string Output, string Error)
{
    public static async Task<CliCall> RunAsync(FakeBroker broker, string[] args, CancellationToken interrupted = default, string input = "")
    {
        var stdout = new MemoryStream();
        var stderr = new StringWriter();
        var host = new CliHost
        {
            Stdout = stdout,
            Stderr = TextWriter.Synchronized(stderr),
            Stdin = new MemoryStream(Encoding.UTF8.GetBytes(input)),
            StdoutIsTerminal = false,
            StderrIsTerminal = false,
            StdinIsTerminal = false,
            UsesColor = false,
            Environment = name => name == "LOGBROKER_SERVERS" ? broker.Address : null,
        };
        int exit = (int)await CliApp.RunAsync(args, host, interrupted);
        return new CliCall(exit, Encoding.UTF8.GetString(stdout.ToArray()), stderr.ToString());
    }

    /// <summary>Itself, when it went well.</summary>
    public CliCall MustSucceed()
    {
        Assert.True(ExitCode == 0, $"exit code {ExitCode}\n{Output}\n{Error}");
        return this;
    }
}
