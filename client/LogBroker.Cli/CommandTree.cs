using System.CommandLine;
using System.CommandLine.Help;

namespace LogBroker.Cli;

/// <summary>All commands.</summary>
internal sealed class CommandTree
{
    /// <summary>What the help of the program begins with.</summary>
    public static readonly (string Line, string Explanation)[] Examples =
    [
        ("topic create orders -p 6", "a topic with six partitions"),
        ("produce orders < orders.txt", "one record per line"),
        ("consume orders --follow", "what is there, and what comes"),
        ("COMMAND --help", "examples and options of each command"),
    ];

    /// <summary>Builds the tree.</summary>
    public CommandTree()
    {
        Root = new RootCommand("logbroker, the command line of the LogBroker log broker.");
        Root.Directives.Clear();
        Root.Options.Remove(Root.Options.OfType<VersionOption>().Single());
        Help = Root.Options.OfType<HelpOption>().Single();
        foreach (Option option in Globals.All)
        {
            option.Recursive = true;
            Root.Options.Add(option);
        }

        Root.Subcommands.Add(TopicCommands.Create());
        Root.Subcommands.Add(ProduceCommand.Create());
        Root.Subcommands.Add(ConsumeCommand.Create());
        Root.Subcommands.Add(GroupCommands.Create());
        Root.Subcommands.Add(TableCommands.Create());
        Root.Subcommands.Add(ClusterCommands.Create());
        Root.Subcommands.Add(DevCommands.Create());
        Root.Subcommands.Add(ConfigCommands.Create());
        Root.Subcommands.Add(StorageCommands.Create());
        Root.Subcommands.Add(VersionCommand.Create());
    }

    /// <summary>The program.</summary>
    public RootCommand Root { get; }

    /// <summary><c>--help</c>.</summary>
    public HelpOption Help { get; }

    /// <summary>The options of every command.</summary>
    public GlobalOptions Globals { get; } = new();
}
