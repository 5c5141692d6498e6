using System.CommandLine;
using LogBroker.Client;
using LogBroker.Protocol;

namespace LogBroker.Cli;

/// <summary><c>group reset</c> and <c>group delete</c>.</summary>
internal static class GroupChangeCommands
{
    /// <summary>Shows, and with <c>--apply</c> sets, where a group reads.</summary>
    public static CliCommand Reset()
    {
        Argument<string> group = GroupCommands.Group();
        var topics = new Argument<string[]>("topic")
        {
            HelpName = "TOPIC",
            Description = "Only these topics. Default: all for which it has committed something.",
            Arity = ArgumentArity.ZeroOrMore,
        };
        Option<string?> to = Options.Text("--to", null, "POSITION", "A position in every partition, as in consume --from.");
        Option<string?> toGroup = Options.Text("--to-group", null, "GROUP", "What another group has committed.");
        Option<string?> toFile = Options.Text("--to-file", null, "FILE", "What group export wrote; - is stdin.");
        Option<bool> apply = Options.Switch("--apply", null, "Change it. Without this the plan is shown and nothing changes.");
        return new CliCommand("reset", "Show what a group's offsets would be set to; --apply sets them.")
        {
            Arguments = { group, topics },
            Options = { to, toGroup, toFile, apply },
            Examples =
            [
                ("group reset billing --to start", "the plan to read everything again; changes nothing"),
                ("group reset billing orders --to @-1h --apply", "the last hour of one topic again"),
                ("group reset billing --to-group billing-old --apply", "goes on where another group is"),
                ("group reset billing --to-file billing.tsv --apply", "back to what group export wrote"),
            ],
            Details = "While the group has members nothing can be changed: stop them first. A group that does not exist is made.",
            Run = async (context, ct) =>
            {
                string name = GroupCommands.CheckedGroup(context.Arguments.GetRequiredValue(group));
                string[]? chosen = context.Arguments.GetValue(topics) is { Length: > 0 } some ? [.. some.Distinct()] : null;
                await using LogBrokerClient client = context.CreateClient();
                OffsetPlan plan = await PlanAsync(
                    context,
                    client,
                    name,
                    chosen,
                    context.Arguments.GetValue(to),
                    context.Arguments.GetValue(toGroup),
                    context.Arguments.GetValue(toFile),
                    ct);
                GroupDescription? described = await FindAsync(client, name, ct);
                context.Output.List("changes", plan.Changes.Select(GroupRecords.Change));
                if (!context.Arguments.GetValue(apply))
                {
                    context.Note(described is { Members.Count: > 0 }
                        ? $"nothing was changed; --apply would be refused: {Active(described)}"
                        : "nothing was changed; add --apply to do it");
                    return ExitCode.Ok;
                }

                if (described is { Members.Count: > 0 })
                {
                    throw Refused(described);
                }

                await plan.ApplyAsync(cancellationToken: ct);
                context.Note($"set {HumanSize.Counted(plan.Changes.Count, "offset")} of group {name}");
                return ExitCode.Ok;
            },
        };
    }

    /// <summary>Forgets whole groups.</summary>
    public static CliCommand Delete()
    {
        var names = new Argument<string[]>("group")
        {
            HelpName = "GROUP",
            Description = "One or more groups.",
            Arity = ArgumentArity.OneOrMore,
        };
        Option<bool> ifExists = Options.Switch("--if-exists", null, "A group that does not exist is fine.");
        var change = new TopicChange();
        return new CliCommand("delete", "Forget groups without members, and what they have committed.")
        {
            Arguments = { names },
            Options = { ifExists, change.Yes, change.DryRun },
            Examples =
            [
                ("group delete billing-old", "says what would be forgotten, and asks"),
                ("group delete billing-old --yes", "without asking"),
            ],
            Run = async (context, ct) =>
            {
                await using LogBrokerClient client = context.CreateClient();
                var found = new List<GroupDescription>();
                foreach (string name in context.Arguments.GetRequiredValue(names).Distinct().Select(GroupCommands.CheckedGroup))
                {
                    GroupDescription? described = context.Arguments.GetValue(ifExists)
                        ? await FindAsync(client, name, ct)
                        : await client.Groups.DescribeAsync(name, ct);
                    if (described is null)
                    {
                        context.Note($"there is no group {name}");
                        continue;
                    }

                    found.Add(described.Members.Count == 0 ? described : throw Refused(described));
                    TopicChange.DiffLine(
                        context, '-', $"group {name}: offsets of {HumanSize.Counted(described.Partitions.Count, "partition")}");
                }

                bool isDry = context.Arguments.GetValue(change.DryRun);
                if (!isDry && found.Count > 0)
                {
                    string what = found.Count == 1 ? $"group {found[0].Group}" : $"{found.Count} groups";
                    await context.ConfirmAsync(context.Arguments.GetValue(change.Yes), $"delete {what} for good?", ct);
                }

                foreach (GroupDescription one in found)
                {
                    await client.Groups.DeleteAsync(one.Group, isDry, ct);
                }

                if (context.HasOutputFormat)
                {
                    context.Output.List("groups", found.Select(g => new OutputRecord { { "group", g.Group } }));
                }
                else if (found.Count > 0)
                {
                    context.Note(isDry ? "nothing was deleted (dry run)" : $"deleted {HumanSize.Counted(found.Count, "group")}");
                }

                return ExitCode.Ok;
            },
        };
    }

    private static async Task<OffsetPlan> PlanAsync(
        CommandContext context,
        LogBrokerClient client,
        string group,
        string[]? topics,
        string? to,
        string? toGroup,
        string? toFile,
        CancellationToken ct)
    {
        if (new[] { to, toGroup, toFile }.Count(t => t is not null) != 1)
        {
            throw CliException.Usage("say where to: one of --to, --to-group and --to-file");
        }

        if (to is not null)
        {
            return await client.Groups.PlanResetAsync(group, ConsumePlan.ParsePosition(to, "--to", context.Host.Time), topics, ct);
        }

        if (toGroup is not null)
        {
            return await client.Groups.PlanResetToGroupAsync(group, GroupCommands.CheckedGroup(toGroup), topics, ct);
        }

        Dictionary<TopicPartition, long> offsets = await OffsetFile.ReadAsync(context, toFile!, ct);
        return await client.Groups.PlanResetAsync(
            group, offsets.Where(o => topics is null || topics.Contains(o.Key.Topic)).ToDictionary(), ct);
    }

    private static async Task<GroupDescription?> FindAsync(LogBrokerClient client, string group, CancellationToken ct)
    {
        try
        {
            return await client.Groups.DescribeAsync(group, ct);
        }
        catch (LogBrokerException e) when (e.Reason == ErrorCode.UnknownGroup)
        {
            return null;
        }
    }

    private static CliException Refused(GroupDescription group) => new(
        ErrorCatalogue.Get(ErrorCode.GroupNotEmpty).Exit, $"refused, nothing was changed: {Active(group)}", "stop them, then try again");

    private static string Active(GroupDescription group) =>
        $"group {group.Group} has {HumanSize.Counted(group.Members.Count, "active member")}: {GroupRecords.Names(group)}";
}
