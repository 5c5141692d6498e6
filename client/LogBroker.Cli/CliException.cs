using LogBroker.Protocol;

namespace LogBroker.Cli;

/// <summary>A failure that a command wants said in its own words: one line on stderr, perhaps a hint below, and an exit code.</summary>
internal sealed class CliException(ExitCode exit, string message, string? hint = null) : Exception(message)
{
    /// <summary>The exit code of the process.</summary>
    public ExitCode Exit { get; } = exit;

    /// <summary>What to do about it, or null.</summary>
    public string? Hint { get; } = hint;

    /// <summary>The command or an input is wrong.</summary>
    public static CliException Usage(string message, string? hint = null) => new(ExitCode.Usage, message, hint);
}
