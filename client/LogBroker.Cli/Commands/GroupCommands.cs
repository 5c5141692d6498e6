using System.CommandLine;
using LogBroker.Client;
using LogBroker.Protocol;

namespace LogBroker.Cli;

/// <summary><c>group list</c>, <c>describe</c> and <c>export</c>; the group that holds the others.</summary>
internal static class GroupCommands
{
    private static readonly TimeSpan WatchInterval = TimeSpan.FromSeconds(1);

    /// <summary>The group.</summary>
    public static CliCommand Create() => new("group", "Look at consumer groups, and set where they read.")
    {
        List(),
        Describe(),
        GroupChangeCommands.Reset(),
        GroupChangeCommands.Delete(),
        Export(),
    };

    /// <summary>The group that a command is about.</summary>
    public static Argument<string> Group() => new("group") { HelpName = "GROUP", Description = "The group." };

    private static CliCommand List() => new("list", "List groups, from all nodes.")
    {
        Examples =
        [
            ("group list", "name, state, members, coordinator"),
            ("group list | cut -f1", "names only"),
        ],
        Run = async (context, ct) =>
        {
            await using LogBrokerClient client = context.CreateClient();
            IReadOnlyList<GroupSummary> groups = await client.Groups.ListAsync(ct);
            context.Output.List("groups", groups.Select(GroupRecords.Summary));
            if (groups.Count == 0 && context.Format == OutputFormat.Table)
            {
                context.Note("no groups yet; one begins with its first member: logbroker consume TOPIC -g GROUP");
            }

            return ExitCode.Ok;
        },
    };

    private static CliCommand Describe()
    {
        Argument<string> group = Group();
        Option<bool> watch = Options.Switch("--watch", "-w", "Go on looking, and show whatever changes, until Ctrl-C.");
        return new CliCommand("describe", "Show a group: state, members, who has what, how far it is, and what it waits for.")
        {
            Arguments = { group },
            Options = { watch },
            Examples =
            [
                ("group describe billing", "members, partitions, lag in records and in time"),
                ("group describe billing --watch", "again whenever something changes"),
                ("group describe billing -o json | jq .lag", "how many records it is behind"),
            ],
            Run = async (context, ct) =>
            {
                string name = CheckedGroup(context.Arguments.GetRequiredValue(group));
                await using LogBrokerClient client = context.CreateClient();
                if (!context.Arguments.GetValue(watch))
                {
                    context.Output.Single(await LookAsync(client, name, null, ct));
                    return ExitCode.Ok;
                }

                return context.Format == OutputFormat.Json
                    ? throw CliException.Usage("--watch is no single document", "use -o jsonl")
                    : await WatchAsync(context, client, name, ct);
            },
        };
    }

    private static CliCommand Export()
    {
        Argument<string> group = Group();
        return new CliCommand("export", "Write what a group has committed, in the form that group reset --to-file reads.")
        {
            Arguments = { group },
            Examples =
            [
                ("group export billing > billing.tsv", "topic, partition and offset, a line for each"),
                ("group reset billing --to-file billing.tsv --apply", "sets it back to that"),
            ],
            Run = async (context, ct) =>
            {
                string name = CheckedGroup(context.Arguments.GetRequiredValue(group));
                await using LogBrokerClient client = context.CreateClient();
                IReadOnlyList<GroupOffset> offsets = await client.Groups.GetCommittedAsync(name, ct);
                if (offsets.Count == 0)
                {
                    // An unknown group is said to be that; one that has committed nothing is an empty list.
                    await client.Groups.DescribeAsync(name, ct);
                }

                context.Output.List("offsets", offsets.Select(GroupRecords.Offset));
                return ExitCode.Ok;
            },
        };
    }

    /// <summary>A group id that the broker would take.</summary>
    /// <exception cref="CliException">It is none.</exception>
    public static string CheckedGroup(string group)
    {
        try
        {
            new ConsumerOptions { GroupId = group, TopicRegex = "." }.Validate();
            return group;
        }
        catch (ArgumentException e)
        {
            throw CliException.Usage(e.Message.Split(" (Parameter", StringSplitOptions.None)[0]);
        }
    }

    private static async Task<OutputRecord> LookAsync(LogBrokerClient client, string group, string? at, CancellationToken ct)
    {
        GroupDescription described = await client.Groups.DescribeAsync(group, ct);
        GroupLag lag = await client.Groups.GetLagAsync(group, withTime: true, ct);
        return GroupRecords.Whole(described, lag, at);
    }

    private static async Task<ExitCode> WatchAsync(CommandContext context, LogBrokerClient client, string group, CancellationToken ct)
    {
        string? shown = null;
        while (true)
        {
            string now = context.Host.Time.GetLocalNow().ToString("HH:mm:ss", System.Globalization.CultureInfo.InvariantCulture);
            try
            {
                GroupDescription described = await client.Groups.DescribeAsync(group, ct);
                string shape = GroupRecords.Shape(described);
                if (shape != shown)
                {
                    context.Output.Single(GroupRecords.Whole(described, await client.Groups.GetLagAsync(group, true, ct), now));
                    context.Host.Stdout.Flush();
                    shown = shape;
                }
            }
            catch (LogBrokerException e) when (e is ServerUnreachableException || e.IsRetriable)
            {
                if (shown != e.Message)
                {
                    context.Note($"{now} {ErrorText.Of(e, context)}");
                    shown = e.Message;
                }
            }

            if (context.Host.StdoutReaderHasGone())
            {
                return ExitCode.Ok;
            }

            await Task.Delay(WatchInterval, context.Host.Time, ct);
        }
    }
}
