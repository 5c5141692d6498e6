using System.CommandLine;
using LogBroker.Client;
using LogBroker.Protocol;

namespace LogBroker.Cli;

/// <summary>
/// One run of the program, from arguments to exit code. Whatever goes wrong ends as a line on stderr and a code of <see
/// cref="ExitCode"/>.
/// </summary>
internal static class CliApp
{
    // A position may begin with @, which would be taken for a response file.
    private static readonly ParserConfiguration Parsing = new() { ResponseFileTokenReplacer = null, EnablePosixBundling = true };

    /// <summary>Runs a command line.</summary>
    public static async Task<ExitCode> RunAsync(string[] args, CliHost host, CancellationToken ct)
    {
        try
        {
            ExitCode exit = await RunParsedAsync(args, host, ct);
            host.Stdout.Flush();
            return exit;
        }
        catch (BrokenPipeException)
        {
            return ExitCode.Ok;
        }
    }

    private static async Task<ExitCode> RunParsedAsync(string[] args, CliHost host, CancellationToken ct)
    {
        var tree = new CommandTree();
        ParseResult parsed = tree.Root.Parse(args.Length == 1 && args[0] == "help" ? ["--help"] : args, Parsing);
        Command command = parsed.CommandResult.Command;
        if (parsed.GetResult(tree.Help) is { Implicit: false })
        {
            using var help = new StreamWriter(host.Stdout, leaveOpen: true);
            HelpWriter.Write(help, command, tree.Globals);
            return ExitCode.Ok;
        }

        if (parsed.UnmatchedTokens.Count == 0 && command is not CliCommand { Run: not null })
        {
            HelpWriter.Write(host.Stderr, command, tree.Globals);
            return ExitCode.Usage;
        }

        if (parsed.Errors.Count > 0 || UsageErrors.UnknownOption(parsed) is not null)
        {
            return UsageErrors.Write(host.Stderr, parsed, tree);
        }

        CommandAction run = ((CliCommand)command).Run!;

        CommandContext? context = null;
        try
        {
            context = new CommandContext(host, parsed, tree.Globals);
            return await run(context, ct);
        }
        catch (CliException e)
        {
            if (e.Exit == ExitCode.Usage)
            {
                return Fail(host, context, e, e.Message, e.Hint ?? $"see: {HelpWriter.Path(command, null)} --help", e.Exit);
            }

            return Fail(host, context, e, e.Message, e.Hint, e.Exit);
        }
        catch (LogBrokerException e)
        {
            return Fail(host, context, e, ErrorText.Of(e, context!), ErrorText.HintOf(e, context!), ErrorText.ExitOf(e));
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            context?.Progress?.Clear();
            return ExitCode.Interrupted;
        }
        catch (Exception e) when (e is not BrokenPipeException)
        {
            return Fail(host, context, e, e.Message, "with -v there is more", ExitCode.Unexpected);
        }
    }

    private static ExitCode Fail(CliHost host, CommandContext? context, Exception e, string message, string? hint, ExitCode exit)
    {
        context?.Progress?.Clear();
        host.Stderr.WriteLine("logbroker: " + message);
        if (hint is not null && context?.IsQuiet != true)
        {
            host.Stderr.WriteLine("hint: " + hint);
        }

        if (context?.IsVerbose == true)
        {
            host.Stderr.WriteLine(e.ToString());
        }

        return exit;
    }
}
