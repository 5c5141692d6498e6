using System.CommandLine;
using LogBroker.Bench.Systems;

namespace LogBroker.Bench.Run;

/// <summary>The command line, from arguments to exit code.</summary>
internal static class BenchApp
{
    public const int Succeeded = 0;
    public const int SomeFailed = 1;
    public const int Usage = 2;
    public const int Interrupted = 130;

    /// <summary>Runs a command line; whatever goes wrong ends as a line and a code.</summary>
    public static async Task<int> RunAsync(string[] args, BenchHost host, CancellationToken cancellationToken)
    {
        var root = new RootCommand("Measures LogBroker beside other brokers on this machine.")
        {
            RunCommand.Create(host),
            ListCommand.Create(host),
        };
        foreach (Command command in host.OtherCommands)
        {
            root.Subcommands.Add(command);
        }

        ParseResult parsed = root.Parse(args);
        if (parsed.Errors.Count > 0)
        {
            return Complain(host, parsed.Errors[0].Message.TrimEnd('.') + "; --help says what there is", Usage);
        }

        // Signals are ours: the default would end the program two seconds after the first, whatever is still to be stopped.
        var invocation = new InvocationConfiguration
        {
            EnableDefaultExceptionHandler = false,
            ProcessTerminationTimeout = null,
            Output = host.Out,
            Error = host.Error,
        };
        try
        {
            return await parsed.InvokeAsync(invocation, cancellationToken);
        }
        catch (UsageException e)
        {
            return Complain(host, e.Message, Usage);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return Complain(host, "interrupted", Interrupted);
        }
        catch (Exception e) when (e is BenchException or IOException or UnauthorizedAccessException)
        {
            return Complain(host, e.Message, SomeFailed);
        }
    }

    private static int Complain(BenchHost host, string message, int exitCode)
    {
        host.Error.WriteLine("bench: " + message);
        return exitCode;
    }
}
