using System.CommandLine;
using LogBroker.Client;
using LogBroker.Protocol;

namespace LogBroker.Cli;

/// <summary><c>topic list</c>, <c>describe</c> and <c>create</c>; the group that holds the others.</summary>
internal static class TopicCommands
{
    /// <summary>The group.</summary>
    public static CliCommand Create() => new("topic", "Create, look at and change topics.")
    {
        CreateTopic(),
        List(),
        Describe(),
        TopicAlterCommands.Alter(),
        TopicAlterCommands.AddPartitions(),
        TopicDeleteCommands.Trim(),
        TopicDeleteCommands.Delete(),
    };

    private static CliCommand CreateTopic()
    {
        Argument<string> name = Options.Topic();
        Option<long?> partitions = Options.Number(
            "--partitions", "-p", "N", "How many partitions; default: what the broker has as default.", 1, int.MaxValue);
        Option<long?> replicas = Options.Number(
            "--replication-factor", "-r", "N", "Copies of each partition; default: 3, or the number of nodes if there are fewer.", 1,
                int.MaxValue);
        Option<string[]> config = Options.Many("--config", "-c", "KEY=VALUE", "Configuration, such as retention.ms=86400000.");
        Option<bool> ifNotExists = Options.Switch("--if-not-exists", null, "An existing topic is fine, and is left as it is.");
        Option<bool> dryRun = new TopicChange().DryRun;
        return new CliCommand("create", "Create a topic.")
        {
            Arguments = { name },
            Options = { partitions, replicas, config, ifNotExists, dryRun },
            Examples =
            [
                ("topic create orders", "with the broker's defaults"),
                ("topic create orders -p 6 -c retention.ms=86400000", "six partitions, records kept for a day"),
                ("topic create orders -r 3", "three copies of each: one node may be lost"),
                ("topic create orders --if-not-exists", "for scripts"),
            ],
            Run = async (context, ct) =>
            {
                string topic = context.Arguments.GetRequiredValue(name);
                Dictionary<string, string> pairs = TopicChange.ParsePairs(context.Arguments.GetRequiredValue(config), "--config");
                bool isDry = context.Arguments.GetValue(dryRun);
                await using LogBrokerClient client = context.CreateClient();
                TopicDescription created;
                try
                {
                    created = await client.Topics.CreateAsync(
                        topic,
                        spec =>
                        {
                            spec.Partitions = (int)(context.Arguments.GetValue(partitions) ?? 0);
                            spec.ReplicationFactor = (int)(context.Arguments.GetValue(replicas) ?? 0);
                            foreach ((string key, string value) in pairs)
                            {
                                spec.Config[key] = value;
                            }
                        },
                        isDry,
                        ct);
                }
                catch (LogBrokerException e) when (e.Reason == ErrorCode.TopicAlreadyExists && context.Arguments.GetValue(ifNotExists))
                {
                    TopicDescription existing = await client.Topics.GetAsync(topic, ct);
                    context.Outcome(TopicRecords.Whole(existing), $"topic {topic} exists, with {Shape(existing)}");
                    return ExitCode.Ok;
                }

                context.Outcome(
                    TopicRecords.Whole(created),
                    isDry ? $"topic {topic} can be created; nothing was (dry run)" : $"created topic {topic} with {Shape(created)}");
                return ExitCode.Ok;
            },
        };
    }

    private static CliCommand List()
    {
        Option<bool> all = Options.Switch("--internal", null, "The broker's own topics too; their names begin with __.");
        return new CliCommand("list", "List topics.")
        {
            Options = { all },
            Examples =
            [
                ("topic list", "name, partitions, replicas, records and bytes"),
                ("topic list | cut -f1", "names only"),
                ("topic list -o json | jq '.topics[].name'", "the same, from JSON"),
            ],
            Run = async (context, ct) =>
            {
                await using LogBrokerClient client = context.CreateClient();
                OutputWriter output = context.Output;
                long count = 0;
                await using var survey = new TopicSurvey(context, client);
                await foreach (TopicDescription topic in survey.ListAsync(context.Arguments.GetValue(all), ct))
                {
                    if (count++ == 0)
                    {
                        output.BeginList("topics");
                    }

                    output.Item(TopicRecords.Summary(topic));
                }

                if (count == 0)
                {
                    output.BeginList("topics");
                    if (context.Format == OutputFormat.Table)
                    {
                        context.Note("no topics yet; create one with: logbroker topic create NAME");
                    }
                }

                output.EndList();
                return ExitCode.Ok;
            },
        };
    }

    private static CliCommand Describe()
    {
        Argument<string[]> names = Options.Topics();
        return new CliCommand("describe", "Show a topic's partitions, offsets, sizes and configuration.")
        {
            Arguments = { names },
            Examples =
            [
                ("topic describe orders", "everything about it: leaders and replicas, offsets, configuration"),
                ("topic describe orders -o json | jq '.partitions[].highWatermark'", "where each partition ends"),
            ],
            Details = "With -o json one topic is one object, several are {\"topics\": […]}. How far behind the replicas are is in:\n"
                + "logbroker cluster partitions --topic TOPIC",
            Run = async (context, ct) =>
            {
                await using LogBrokerClient client = context.CreateClient();
                string[] topics = context.Arguments.GetRequiredValue(names);
                var described = new List<TopicDescription>();
                await using var survey = new TopicSurvey(context, client);
                foreach (string topic in topics)
                {
                    described.Add(await survey.GetAsync(topic, ct));
                }

                if (described.Count > 1 && context.Format is OutputFormat.Json or OutputFormat.Jsonl)
                {
                    context.Output.List("topics", described.Select(TopicRecords.Whole));
                    return ExitCode.Ok;
                }

                foreach (TopicDescription topic in described)
                {
                    context.Output.Single(TopicRecords.Whole(topic));
                }

                return ExitCode.Ok;
            },
        };
    }

    private static string Shape(TopicDescription topic) =>
        $"{HumanSize.Counted(topic.Partitions.Count, "partition")}, {HumanSize.Counted(topic.ReplicationFactor, "replica")} each";
}
