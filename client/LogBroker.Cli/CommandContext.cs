using System.CommandLine;
using System.CommandLine.Parsing;
using System.Text;
using LogBroker.Client;
using LogBroker.Protocol;

namespace LogBroker.Cli;

/// <summary>What a command gets to work with: its arguments, the host, and the meaning of the global options.</summary>
internal sealed class CommandContext
{
    private readonly GlobalOptions _globals;
    private OutputWriter? _output;
    private string? _servers;

    public CommandContext(CliHost host, ParseResult arguments, GlobalOptions globals)
    {
        Host = host;
        Arguments = arguments;
        _globals = globals;
        IsQuiet = arguments.GetValue(globals.Quiet);
        IsVerbose = arguments.GetValue(globals.Verbose);
        HasOutputFormat = arguments.GetValue(globals.Output) is not null;
        Format = arguments.GetValue(globals.Output) switch
        {
            "table" => OutputFormat.Table,
            "tsv" => OutputFormat.Tsv,
            "json" => OutputFormat.Json,
            "jsonl" => OutputFormat.Jsonl,
            _ => host.StdoutIsTerminal ? OutputFormat.Table : OutputFormat.Tsv,
        };
        Timeout = (arguments.GetValue(globals.Timeout) ?? host.Environment("LOGBROKER_TIMEOUT")) is { } text
            ? DurationText.Parse(text, "--timeout")
            : null;
        if (arguments.GetValue(globals.NoColor))
        {
            host.UsesColor = false;
        }
    }

    /// <summary>Streams and terminal.</summary>
    public CliHost Host { get; }

    /// <summary>The parsed command line.</summary>
    public ParseResult Arguments { get; }

    /// <summary>The shape of the output.</summary>
    public OutputFormat Format { get; }

    /// <summary>True when the user asked for a shape.</summary>
    public bool HasOutputFormat { get; }

    /// <summary>Nothing but data and errors.</summary>
    public bool IsQuiet { get; }

    /// <summary>More on stderr.</summary>
    public bool IsVerbose { get; }

    /// <summary>Whether the user lets us use colours.</summary>
    public bool WantsColor => !Arguments.GetValue(_globals.NoColor);

    /// <summary>What <c>--timeout</c> says, or null.</summary>
    public TimeSpan? Timeout { get; }

    /// <summary>True for the commands below <c>topic</c>.</summary>
    public bool IsAboutTopics => Arguments.CommandResult.Parent is CommandResult { Command.Name: "topic" };

    /// <summary>True for the commands below <c>cluster</c>.</summary>
    public bool IsAboutCluster => Arguments.CommandResult.Parent is CommandResult { Command.Name: "cluster" };

    /// <summary>Writes data.</summary>
    public OutputWriter Output => _output ??= OutputWriter.Create(Format, Host);

    /// <summary>The brokers to ask first.</summary>
    public string Servers
    {
        get
        {
            string? servers = _servers ?? Arguments.GetValue(_globals.Servers) ?? Host.Environment("LOGBROKER_SERVERS");
            return string.IsNullOrWhiteSpace(servers) ? "localhost:7070" : servers;
        }
    }

    /// <summary>From now on these brokers are meant, whatever the command line says.</summary>
    public void UseServers(string servers) => _servers = servers;

    /// <summary>Makes a client; the caller disposes of it.</summary>
    /// <exception cref="CliException">The list of servers is none.</exception>
    public LogBrokerClient CreateClient() => CreateClient(Timeout ?? TimeSpan.FromSeconds(10));

    /// <summary>Makes a client whose calls take no longer than <paramref name="timeout"/>; the caller disposes of it.</summary>
    /// <exception cref="CliException">The list of servers is none.</exception>
    public LogBrokerClient CreateClient(TimeSpan timeout)
    {
        try
        {
            return new LogBrokerClient(new LogBrokerClientOptions
            {
                Servers = Servers,
                ClientId = "logbroker-cli",
                // Below the other, so that an unreachable broker is called that and not slow.
                ConnectTimeout = Timeout is null ? TimeSpan.FromSeconds(2) : timeout * 0.8,
                RequestTimeout = timeout,
                LoggerFactory = StderrLogger.Factory(Host, IsVerbose),
                TimeProvider = Host.Time,
            });
        }
        catch (FormatException e)
        {
            throw CliException.Usage("--servers: " + e.Message);
        }
        catch (ArgumentException e)
        {
            throw CliException.Usage(e.Message);
        }
    }

    /// <summary>The progress line that is shown, or null.</summary>
    public ProgressLine? Progress { get; set; }

    /// <summary>Says something on stderr, unless quiet.</summary>
    public void Note(string message)
    {
        if (!IsQuiet)
        {
            Progress?.Clear();
            Host.Stderr.WriteLine(message);
        }
    }

    /// <summary>Says on stderr what went wrong and, unless quiet, what to do about it.</summary>
    public void Error(string message, string? hint)
    {
        Progress?.Clear();
        Host.Stderr.WriteLine("logbroker: " + message);
        if (hint is not null)
        {
            Note("hint: " + hint);
        }
    }

    /// <summary>Writes the outcome of a change: as a document when a shape was asked for, else in words on stderr.</summary>
    public void Outcome(OutputRecord record, string words)
    {
        if (HasOutputFormat)
        {
            Output.Single(record);
        }
        else
        {
            Note(words);
        }
    }

    /// <summary>
    /// Asks before a change: <c>--yes</c> says yes, a person at a terminal is asked, everybody else is refused.
    /// </summary>
    /// <exception cref="CliException">The answer is no, or nobody can answer.</exception>
    public async Task ConfirmAsync(bool isYes, string question, CancellationToken ct)
    {
        if (isYes)
        {
            return;
        }

        if (!Host.StdinIsTerminal || !Host.StderrIsTerminal)
        {
            throw CliException.Usage(
                "refused: this changes what is there, and there is no terminal to ask on", "add --yes, or --dry-run to look first");
        }

        await Host.Stderr.WriteAsync(question + " [y/N] ");
        using var reader = new StreamReader(Host.Stdin, Encoding.UTF8, false, 64, leaveOpen: true);
        string answer = (await Task.Run(reader.ReadLine, ct).WaitAsync(ct))?.Trim() ?? "";
        if (!answer.Equals("y", StringComparison.OrdinalIgnoreCase) && !answer.Equals("yes", StringComparison.OrdinalIgnoreCase))
        {
            throw new CliException(ExitCode.Unexpected, "nothing was changed");
        }
    }
}
