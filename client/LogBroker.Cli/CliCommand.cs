using System.CommandLine;
using LogBroker.Protocol;

namespace LogBroker.Cli;

/// <summary>What a command does. What goes wrong is thrown.</summary>
internal delegate Task<ExitCode> CommandAction(CommandContext context, CancellationToken ct);

/// <summary>A command with what its help begins with: examples.</summary>
internal sealed class CliCommand(string name, string description) : Command(name, description)
{
    /// <summary>Command lines without the program's name, each with a few words of explanation.</summary>
    public IReadOnlyList<(string Line, string Explanation)> Examples { get; init; } = [];

    /// <summary>More text below the options, or null.</summary>
    public string? Details { get; init; }

    /// <summary>What it does; null for a group of commands.</summary>
    public CommandAction? Run { get; init; }
}
