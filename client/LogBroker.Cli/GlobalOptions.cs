using System.CommandLine;

namespace LogBroker.Cli;

/// <summary>The options that every command takes, in front of or behind its name.</summary>
internal sealed class GlobalOptions
{
    /// <summary>Brokers to ask first.</summary>
    public Option<string?> Servers { get; } = Options.Text(
        "--servers", "-s", "HOST:PORT,…", "Brokers to ask first; default LOGBROKER_SERVERS, then localhost:7070.");

    /// <summary>The shape of the output.</summary>
    public Option<string?> Output { get; } = Options.Choice(
        "--output",
        "-o",
        "FORMAT",
        "table, tsv, json or jsonl. Default: table on a terminal, else plain values between tabs, without a header.",
        "table",
        "tsv",
        "json",
        "jsonl");

    /// <summary>How long to wait for a broker.</summary>
    public Option<string?> Timeout { get; } = Options.Text(
        "--timeout", null, "TIME",
            "How long to wait for the broker, such as 500ms, 10s or 5m. Default 10s; produce and consume outlast restarts of 2m.");

    /// <summary>Errors only.</summary>
    public Option<bool> Quiet { get; } = Options.Switch("--quiet", "-q", "Write nothing but data and errors.");

    /// <summary>More on stderr.</summary>
    public Option<bool> Verbose { get; } =
        Options.Switch("--verbose", "-v", "Say on stderr what happens: connections, retries, stack traces.");

    /// <summary>No colours.</summary>
    public Option<bool> NoColor { get; } = Options.Switch("--no-color", null, "No colours; NO_COLOR in the environment says the same.");

    /// <summary>All of them, in the order of the help.</summary>
    public IReadOnlyList<Option> All => [Servers, Output, Timeout, Quiet, Verbose, NoColor];
}
