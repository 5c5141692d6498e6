using System.CommandLine;
using LogBroker.Client;
using LogBroker.Protocol;

namespace LogBroker.Cli;

/// <summary><c>config list</c> and <c>config explain</c>.</summary>
internal static class ConfigCommands
{
    // Never created: the broker is asked to check it only, and answers with all keys of a topic.
    private const string ProbeTopic = "config-explain";

    /// <summary>The group.</summary>
    public static CliCommand Create() => new("config", "Look at the configuration of the broker and of topics.") { List(), Explain() };

    private static CliCommand List() =>
        new("list", "List the effective configuration of the broker that answers, and where each value comes from.")
        {
            Examples =
        [
            ("config list", "key, value, origin"),
            ("config list | awk -F'\\t' '$3 != \"default\"'", "what somebody has set"),
        ],
            Details = "The configuration of a topic is in: logbroker topic describe TOPIC",
            Run = async (context, ct) =>
            {
                await using LogBrokerClient client = context.CreateClient();
                context.Output.List("entries", (await client.Cluster.ListConfigAsync(ct)).Select(ToRecord));
                return ExitCode.Ok;
            },
        };

    private static CliCommand Explain()
    {
        var keys = new Argument<string[]>("key")
        {
            HelpName = "KEY",
            Description = "Keys of the broker or of topics.",
            Arity = ArgumentArity.OneOrMore,
        };
        Option<string?> topic = Options.Text("--topic", "-t", "TOPIC", "Show the value that a key has in this topic.");
        return new CliCommand("explain", "Say what configuration keys are for, their unit, value and origin.")
        {
            Arguments = { keys },
            Options = { topic },
            Examples =
            [
                ("config explain retention.ms", "a key of topics, with its default"),
                ("config explain retention.ms --topic orders", "with the value in a topic"),
                ("config explain Storage:DataDirectory", "a key of the broker"),
            ],
            Run = async (context, ct) =>
            {
                await using LogBrokerClient client = context.CreateClient();
                IReadOnlyList<NodeConfigEntry> ofNode = await client.Cluster.ListConfigAsync(ct);
                TopicDescription topicKeys = context.Arguments.GetValue(topic) is { } name
                    ? await client.Topics.GetAsync(name, ct)
                    : await client.Topics.CreateAsync(ProbeTopic + "-" + Guid.NewGuid().ToString("n"), null, validateOnly: true, ct);
                var found = new List<OutputRecord>();
                foreach (string key in context.Arguments.GetRequiredValue(keys))
                {
                    found.Add(Find(key, ofNode, topicKeys.Config));
                }

                if (found.Count == 1)
                {
                    context.Output.Single(found[0]);
                }
                else
                {
                    context.Output.List("entries", found);
                }

                return ExitCode.Ok;
            },
        };
    }

    private static OutputRecord Find(string key, IReadOnlyList<NodeConfigEntry> ofNode, IReadOnlyList<TopicConfigEntry> ofTopic)
    {
        NodeConfigEntry? node = ofNode.FirstOrDefault(e => Same(e.Key, key));
        if (node is not null)
        {
            return Explained(ToRecord(node));
        }

        TopicConfigEntry? topic = ofTopic.FirstOrDefault(e => Same(e.Key, key));
        if (topic is not null)
        {
            return Explained(TopicRecords.Config(topic));
        }

        string? near = Suggestions.Nearest(key, ofNode.Select(e => e.Key).Concat(ofTopic.Select(e => e.Key)));
        throw new CliException(
            ExitCode.NotFound,
            $"there is no configuration key {ShownValue.Of(key)}",
            near is null ? "see: logbroker config list" : $"did you mean '{near}'?");
    }

    private static bool Same(string a, string b) =>
        a.Equals(b, StringComparison.OrdinalIgnoreCase) || a.Replace(':', '.').Equals(b, StringComparison.OrdinalIgnoreCase);

    internal static OutputRecord ToRecord(NodeConfigEntry entry) => new()
    {
        { "key", entry.Key },
        { "value", entry.Value },
        { "origin", entry.Origin },
        { "unit", entry.Unit },
        { "documentation", entry.Documentation, null, false },
    };

    /// <summary>The same record with everything in the table.</summary>
    private static OutputRecord Explained(OutputRecord record)
    {
        var all = new OutputRecord();
        foreach (OutputField field in record)
        {
            all.Add(field.Name, field.Value, field.Human);
        }

        return all;
    }
}
