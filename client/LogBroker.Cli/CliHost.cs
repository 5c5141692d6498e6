using System.Text;

namespace LogBroker.Cli;

/// <summary>
/// The world of one run: the three streams, what is known about the terminal, the environment, the clock. Tests make their own.
/// </summary>
internal sealed class CliHost
{
    /// <summary>Data, buffered; flush it before waiting.</summary>
    public required Stream Stdout { get; init; }

    /// <summary>Everything that is not data.</summary>
    public required TextWriter Stderr { get; init; }

    /// <summary>Input of <c>produce</c> and answers to questions.</summary>
    public required Stream Stdin { get; init; }

    /// <summary>True when a person reads stdout.</summary>
    public bool StdoutIsTerminal { get; init; }

    /// <summary>True when a person reads stderr.</summary>
    public bool StderrIsTerminal { get; init; }

    /// <summary>True when a person types into stdin.</summary>
    public bool StdinIsTerminal { get; init; }

    /// <summary>Characters of a line of the terminal.</summary>
    public int TerminalColumns { get; init; } = 120;

    /// <summary>Whether colours are wanted on stdout: a terminal, no <c>NO_COLOR</c>, no <c>--no-color</c>, not <c>TERM=dumb</c>.</summary>
    public bool UsesColor { get; set; }

    /// <summary>Environment variables.</summary>
    public Func<string, string?> Environment { get; init; } = System.Environment.GetEnvironmentVariable;

    /// <summary>True when nobody reads stdout any more.</summary>
    public Func<bool> StdoutReaderHasGone { get; init; } = () => false;

    /// <summary>The clock.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>The host of a real process.</summary>
    public static CliHost ForProcess()
    {
        bool stdoutIsTerminal = !Console.IsOutputRedirected;
        bool stderrIsTerminal = !Console.IsErrorRedirected;
        var stderr = new StreamWriter(Console.OpenStandardError(), new UTF8Encoding(false), 1024) { AutoFlush = true };
        return new CliHost
        {
            Stdout = new BufferedStream(StandardStream.OpenOutput(), 64 * 1024),
            Stderr = TextWriter.Synchronized(stderr),
            Stdin = Console.OpenStandardInput(),
            StdoutReaderHasGone = StandardStream.OutputReaderHasGone,
            StdoutIsTerminal = stdoutIsTerminal,
            StderrIsTerminal = stderrIsTerminal,
            StdinIsTerminal = !Console.IsInputRedirected,
            TerminalColumns = stdoutIsTerminal || stderrIsTerminal ? Columns() : 120,
            UsesColor = stdoutIsTerminal && ColorIsWelcome(System.Environment.GetEnvironmentVariable),
        };
    }

    /// <summary>What the environment says about colours.</summary>
    internal static bool ColorIsWelcome(Func<string, string?> environment) =>
        string.IsNullOrEmpty(environment("NO_COLOR")) && environment("TERM") != "dumb";

    private static int Columns()
    {
        try
        {
            return Console.WindowWidth is var columns and > 0 ? columns : 120;
        }
        catch (IOException)
        {
            return 120;
        }
    }
}
