using System.CommandLine;
using LogBroker.Client;
using LogBroker.Protocol;

namespace LogBroker.Cli;

/// <summary><c>topic trim</c> and <c>topic delete</c>: what they remove is gone for good.</summary>
internal static class TopicDeleteCommands
{
    /// <summary>Removes records from the front.</summary>
    public static CliCommand Trim()
    {
        Argument<string> name = Options.Topic();
        Option<string?> before =
            Options.Text("--before", "-b", "POSITION", "Delete the records in front of this: end, an offset, -1000, @-1h or @2026-02-14.");
        before.Required = true;
        Option<string[]> partitions = Options.Many("--partition", "-p", "N", "Only this partition.");
        var change = new TopicChange();
        return new CliCommand("trim", "Delete a topic's oldest records.")
        {
            Arguments = { name },
            Options = { before, partitions, change.Yes, change.DryRun },
            Examples =
            [
                ("topic trim orders --before @-7d", "records older than a week"),
                ("topic trim orders --before end --yes", "everything that is there now"),
                ("topic trim orders -p 3 --before 12345", "one partition, up to an offset"),
            ],
            Run = async (context, ct) =>
            {
                string topic = context.Arguments.GetRequiredValue(name);
                Position position = ConsumePlan.ParsePosition(context.Arguments.GetValue(before)!, "--before", context.Host.Time);
                int[]? chosen = ConsumePlan.ParsePartitions(context.Arguments.GetRequiredValue(partitions));
                await using LogBrokerClient client = context.CreateClient();
                await using var survey = new TopicSurvey(context, client);
                TopicDescription described = await survey.GetAsync(topic, ct);
                IReadOnlyList<(int Partition, long Offset)> targets = await TargetsAsync(client, described, position, chosen, ct);
                var plan = new Dictionary<int, long>();
                long records = 0;
                foreach ((int partition, long offset) in targets)
                {
                    PartitionDescription now = described.Partitions[partition];
                    if (offset > now.LogStartOffset)
                    {
                        plan[partition] = offset;
                        records += offset - now.LogStartOffset;
                        TopicChange.DiffLine(context, '-', $"partition {partition}: offsets {now.LogStartOffset} to {offset - 1}");
                    }
                }

                if (plan.Count == 0)
                {
                    WriteTrimmed(context, topic, plan, "nothing to delete");
                    return ExitCode.Ok;
                }

                if (context.Arguments.GetValue(change.DryRun))
                {
                    WriteTrimmed(
                        context, topic, await client.Topics.DeleteRecordsAsync(topic, plan, true, ct), "nothing was deleted (dry run)");
                    return ExitCode.Ok;
                }

                await context.ConfirmAsync(
                    context.Arguments.GetValue(change.Yes), $"delete {HumanSize.Counted(records, "record")} of topic {topic} for good?",
                    ct);
                WriteTrimmed(
                    context,
                    topic,
                    await client.Topics.DeleteRecordsAsync(topic, plan, false, ct),
                    $"deleted {HumanSize.Counted(records, "record")} of topic {topic}");
                return ExitCode.Ok;
            },
        };
    }

    /// <summary>Removes whole topics.</summary>
    public static CliCommand Delete()
    {
        Argument<string[]> names = Options.Topics();
        Option<bool> ifExists = Options.Switch("--if-exists", null, "A topic that does not exist is fine.");
        var change = new TopicChange();
        return new CliCommand("delete", "Delete topics with all their records.")
        {
            Arguments = { names },
            Options = { ifExists, change.Yes, change.DryRun },
            Examples =
            [
                ("topic delete orders", "says what would be lost, and asks"),
                ("topic delete orders payments --yes", "without asking"),
            ],
            Run = async (context, ct) =>
            {
                await using LogBrokerClient client = context.CreateClient();
                var found = new List<TopicDescription>();
                await using var survey = new TopicSurvey(context, client);
                foreach (string topic in context.Arguments.GetRequiredValue(names).Distinct())
                {
                    try
                    {
                        found.Add(await survey.GetAsync(topic, ct));
                    }
                    catch (LogBrokerException e)
                        when (e.Reason == ErrorCode.UnknownTopicOrPartition && context.Arguments.GetValue(ifExists))
                    {
                        context.Note($"there is no topic {topic}");
                    }
                }

                bool isDry = context.Arguments.GetValue(change.DryRun);
                foreach (TopicDescription topic in found)
                {
                    long records = topic.Partitions.Sum(p => p.HighWatermark - p.LogStartOffset);
                    TopicChange.DiffLine(
                        context,
                        '-',
                        $"topic {topic.Name}: {HumanSize.Counted(topic.Partitions.Count, "partition")}, "
                        + $"{HumanSize.Counted(records, "record")}, {HumanSize.Bytes(topic.Partitions.Sum(p => p.SizeBytes))}");
                }

                if (!isDry && found.Count > 0)
                {
                    string what = found.Count == 1 ? $"topic {found[0].Name}" : $"{found.Count} topics";
                    await context.ConfirmAsync(context.Arguments.GetValue(change.Yes), $"delete {what} for good?", ct);
                }

                var deleted = new List<OutputRecord>();
                foreach (TopicDescription topic in found)
                {
                    // With its id: not one of the same name that somebody created meanwhile.
                    string id = await client.Topics.DeleteAsync(topic.Name, topic.TopicId, isDry, ct);
                    deleted.Add(new OutputRecord { { "name", topic.Name }, { "topicId", id } });
                }

                if (context.HasOutputFormat)
                {
                    context.Output.List("topics", deleted);
                }
                else if (found.Count > 0)
                {
                    context.Note(isDry ? "nothing was deleted (dry run)" : $"deleted {HumanSize.Counted(found.Count, "topic")}");
                }

                return ExitCode.Ok;
            },
        };
    }

    /// <summary>
    /// The new log starts. One offset for many partitions means "as far as there is something"; for one it is meant exactly, and the
    /// broker says if there is no such offset.
    /// </summary>
    private static async Task<IReadOnlyList<(int Partition, long Offset)>> TargetsAsync(
        LogBrokerClient client, TopicDescription topic, Position position, int[]? chosen, CancellationToken ct)
    {
        int[] partitions = chosen ?? [.. topic.Partitions.Select(p => p.Partition)];
        if (partitions.FirstOrDefault(p => p >= topic.Partitions.Count, -1) is var missing and >= 0)
        {
            throw new CliException(
                ExitCode.NotFound, ErrorText.NoPartition(topic.Name, missing, topic.Partitions.Count));
        }

        if (position.Kind == PositionKind.Offset)
        {
            return [.. partitions.Select(p =>
                (p, partitions.Length == 1 ? position.Value : Math.Min(position.Value, topic.Partitions[p].HighWatermark)))];
        }

        return [.. (await client.ListOffsetsAsync(topic.Name, position, partitions, ct)).Select(o => (o.Partition, o.Offset))];
    }

    private static void WriteTrimmed(CommandContext context, string topic, IReadOnlyDictionary<int, long> logStarts, string words)
    {
        OutputRecord[] partitions =
        [
            .. logStarts.OrderBy(p => p.Key).Select(p => new OutputRecord { { "partition", p.Key }, { "logStartOffset", p.Value } }),
        ];
        context.Outcome(new OutputRecord { { "topic", topic }, { "partitions", partitions } }, words);
    }
}
