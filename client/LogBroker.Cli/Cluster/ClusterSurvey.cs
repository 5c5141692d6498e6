using LogBroker.Client;
using LogBroker.Protocol;

namespace LogBroker.Cli;

/// <summary>
/// Asks every node that can be found, side by side and each with a short deadline: first the servers of the command line, then those that
/// the answers name.
/// </summary>
internal static class ClusterSurvey
{
    private const int ServersMax = 64;
    private static readonly TimeSpan DeadlineMax = TimeSpan.FromSeconds(2);

    /// <summary>Asks. When nobody answers, fails as any other command does.</summary>
    /// <exception cref="LogBrokerException">Nobody answers, or somebody refuses.</exception>
    public static async Task<ClusterView> TakeAsync(CommandContext context, string? topic, CancellationToken ct)
    {
        await using LogBrokerClient client = context.CreateClient(DeadlineOf(context));
        (List<NodeAnswer> answers, List<NodeSilence> silences) = await AskAllAsync(client, topic, ct);
        if (answers.Count == 0)
        {
            // With retries, and with the words for it when they come to nothing.
            await using LogBrokerClient patient = context.CreateClient();
            await patient.Cluster.ListNodesAsync(server: null, ct);
            (answers, silences) = await AskAllAsync(client, topic, ct);
        }

        return answers.Count > 0 ? ClusterMerge.Merge(answers, silences)
            : throw new CliException(ExitCode.Unavailable, $"{silences[0].Server} does not answer: {silences[0].Reason}");
    }

    private static TimeSpan DeadlineOf(CommandContext context) =>
        context.Timeout is { } timeout && timeout < DeadlineMax ? timeout : DeadlineMax;

    private static async Task<(List<NodeAnswer> Answers, List<NodeSilence> Silences)> AskAllAsync(
        LogBrokerClient client, string? topic, CancellationToken ct)
    {
        var answers = new List<NodeAnswer>();
        var silences = new List<NodeSilence>();
        var asked = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        string[] next = [.. client.Cluster.Servers];
        while (next.Length > 0)
        {
            asked.UnionWith(next);
            (string, NodeAnswer?, string)[] said = await Task.WhenAll(next.Select(s => AskAsync(client, s, topic, ct)));
            foreach ((string server, NodeAnswer? answer, string reason) in said)
            {
                if (answer is not null)
                {
                    answers.Add(answer);
                }
                else
                {
                    silences.Add(new NodeSilence(server, reason));
                }
            }

            var known = answers.Select(a => a.NodeId).ToHashSet();
            next =
            [
                .. answers.SelectMany(a => a.Nodes.Nodes)
                    .Where(n => n.Address.Length > 0 && !known.Contains(n.NodeId) && !asked.Contains(n.Address))
                    .Select(n => n.Address).Distinct(StringComparer.OrdinalIgnoreCase).Take(ServersMax - asked.Count),
            ];
        }

        return (answers, silences);
    }

    private static async Task<(string Server, NodeAnswer? Answer, string Reason)> AskAsync(
        LogBrokerClient client, string server, string? topic, CancellationToken ct)
    {
        try
        {
            Task<ClusterNodes> nodes = client.Cluster.ListNodesAsync(server, ct);
            Task<IReadOnlyList<ClusterPartition>> partitions = client.Cluster.ListPartitionsAsync(topic, server, ct);
            Task<ClusterStatus> status = client.Cluster.GetStatusAsync(server, ct);
            await Task.WhenAll(nodes, partitions, status);
            return (server, new NodeAnswer(server, await nodes, await partitions, await status), "");
        }
        catch (LogBrokerException e)
        {
            return (server, null, ReasonOf(e, server));
        }
    }

    private static string ReasonOf(LogBrokerException failure, string server)
    {
        if (failure.Reason == ErrorCode.Timeout)
        {
            return "no answer in time";
        }

        string prefix = $"cannot reach {server}: ";
        return failure.Message.StartsWith(prefix, StringComparison.OrdinalIgnoreCase) ? failure.Message[prefix.Length..] : failure.Message;
    }
}
