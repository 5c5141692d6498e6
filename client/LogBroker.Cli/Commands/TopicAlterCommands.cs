using System.CommandLine;
using LogBroker.Client;
using LogBroker.Protocol;

namespace LogBroker.Cli;

/// <summary><c>topic alter</c> and <c>topic add-partitions</c>.</summary>
internal static class TopicAlterCommands
{
    /// <summary>Changes configuration.</summary>
    public static CliCommand Alter()
    {
        Argument<string> name = Options.Topic();
        Option<string[]> set = Options.Many("--set", "-c", "KEY=VALUE", "A new value.");
        Option<string[]> unset = Options.Many("--unset", null, "KEY", "Back to the default.");
        var change = new TopicChange();
        return new CliCommand("alter", "Change a topic's configuration.")
        {
            Arguments = { name },
            Options = { set, unset, change.Yes, change.DryRun },
            Examples =
            [
                ("topic alter orders --set retention.ms=86400000", "shows the change and asks"),
                ("topic alter orders --unset retention.ms --yes", "back to the default, without asking"),
                ("topic alter orders --set segment.bytes=1048576 --dry-run", "is it valid, and what would change?"),
            ],
            Run = async (context, ct) =>
            {
                string topic = context.Arguments.GetRequiredValue(name);
                Dictionary<string, string> values = TopicChange.ParsePairs(context.Arguments.GetRequiredValue(set), "--set");
                string[] keys = context.Arguments.GetRequiredValue(unset);
                if (values.Count == 0 && keys.Length == 0)
                {
                    throw CliException.Usage("nothing to change", "add --set KEY=VALUE or --unset KEY");
                }

                await using LogBrokerClient client = context.CreateClient();
                TopicDescription before = await client.Topics.GetAsync(topic, ct);
                TopicDescription planned = await client.Topics.UpdateAsync(topic, values, keys, validateOnly: true, ct);
                bool differs = TopicChange.ConfigDiff(context, before, planned);
                if (!differs || context.Arguments.GetValue(change.DryRun))
                {
                    context.Outcome(TopicRecords.Whole(planned), differs ? "nothing was changed (dry run)" : "nothing to change");
                    return ExitCode.Ok;
                }

                await context.ConfirmAsync(context.Arguments.GetValue(change.Yes), $"change topic {topic}?", ct);
                TopicDescription after = await client.Topics.UpdateAsync(topic, values, keys, validateOnly: false, ct);
                context.Outcome(TopicRecords.Whole(after), $"changed topic {topic}");
                return ExitCode.Ok;
            },
        };
    }

    /// <summary>Raises the number of partitions.</summary>
    public static CliCommand AddPartitions()
    {
        Argument<string> name = Options.Topic();
        var total = new Argument<string>("total") { HelpName = "TOTAL|+N", Description = "The new total, or +N for N more." };
        var change = new TopicChange();
        return new CliCommand("add-partitions", "Raise the number of partitions.")
        {
            Arguments = { name, total },
            Options = { change.Yes, change.DryRun },
            Examples =
            [
                ("topic add-partitions orders 12", "so that there are 12"),
                ("topic add-partitions orders +2 --yes", "two more, without asking"),
            ],
            Details = "Records stay where they are, but their keys may map to other partitions from now on:\n"
                + "order per key holds only among records written before, and among those written after.",
            Run = async (context, ct) =>
            {
                string topic = context.Arguments.GetRequiredValue(name);
                string text = context.Arguments.GetRequiredValue(total);
                if (!int.TryParse(text.AsSpan(text.StartsWith('+') ? 1 : 0), out int number) || number < 1)
                {
                    throw CliException.Usage($"'{text}' is no number of partitions", "for example 12, or +2 for two more");
                }

                await using LogBrokerClient client = context.CreateClient();
                TopicDescription before = await client.Topics.GetAsync(topic, ct);
                int partitions = text.StartsWith('+') ? before.Partitions.Count + number : number;
                TopicDescription planned = await client.Topics.AddPartitionsAsync(topic, partitions, validateOnly: true, ct);
                TopicChange.DiffLine(context, '-', $"partitions={before.Partitions.Count}");
                TopicChange.DiffLine(context, '+', $"partitions={partitions}");
                if (context.Arguments.GetValue(change.DryRun))
                {
                    context.Outcome(TopicRecords.Whole(planned), "nothing was changed (dry run)");
                    return ExitCode.Ok;
                }

                await context.ConfirmAsync(
                    context.Arguments.GetValue(change.Yes), $"add partitions to {topic}? Keys may map to other partitions afterwards.", ct);
                TopicDescription after = await client.Topics.AddPartitionsAsync(topic, partitions, validateOnly: false, ct);
                context.Outcome(TopicRecords.Whole(after), $"topic {topic} has {HumanSize.Counted(after.Partitions.Count, "partition")}");
                return ExitCode.Ok;
            },
        };
    }
}
