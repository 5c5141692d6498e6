using LogBroker.Client;

namespace LogBroker.Cli;

/// <summary>
/// Topics in the words of the leaders of their partitions: a node that does not lead one knows its end and its size a little late, or not
/// at all. A leader that does not answer within a moment leaves it at what the others say.
/// </summary>
internal sealed class TopicSurvey : IAsyncDisposable
{
    private static readonly TimeSpan DeadlineMax = TimeSpan.FromSeconds(2);

    private readonly LogBrokerClient _client;
    private readonly LogBrokerClient _quick;
    private Dictionary<int, string>? _addresses;

    public TopicSurvey(CommandContext context, LogBrokerClient client)
    {
        _client = client;
        _quick = context.CreateClient(context.Timeout is { } timeout && timeout < DeadlineMax ? timeout : DeadlineMax);
    }

    /// <summary>One topic.</summary>
    /// <exception cref="LogBrokerException">There is none, or nobody answers.</exception>
    public async Task<TopicDescription> GetAsync(string topic, CancellationToken ct)
    {
        TopicDescription first = await _client.Topics.GetAsync(topic, ct);
        Dictionary<int, string> addresses = await AddressesAsync(ct);
        int[] leaders = [.. first.Partitions.Select(p => p.LeaderNodeId).Where(addresses.ContainsKey).Distinct()];
        if (addresses.Count == 1)
        {
            return first;
        }

        TopicDescription?[] said =
            await Task.WhenAll(leaders.Select(node => OrNullAsync(() => _quick.Topics.GetAsync(topic, addresses[node], ct))));
        return Merge(first, leaders.Zip(said, (node, words) => (node, words)));
    }

    /// <summary>All topics by name.</summary>
    /// <exception cref="LogBrokerException">Nobody answers.</exception>
    public async IAsyncEnumerable<TopicDescription> ListAsync(
        bool includeInternal, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken ct)
    {
        Dictionary<int, string> addresses = await AddressesAsync(ct);
        (int Node, Dictionary<string, TopicDescription> ById)[] said = addresses.Count == 1
            ? []
            : await Task.WhenAll(addresses.Select(async node => (
                node.Key,
                (await OrNullAsync(() => _quick.Topics.ListAsync(node.Value, includeInternal, ct).ToListAsync(ct).AsTask()) ?? [])
                    .ToDictionary(t => t.TopicId))));
        await foreach (TopicDescription topic in _client.Topics.ListAsync(includeInternal, ct))
        {
            yield return Merge(topic, said.Select(s => (s.Node, s.ById.GetValueOrDefault(topic.TopicId))));
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _quick.DisposeAsync();

    /// <summary>A topic, with each partition in the words of the node that says that it leads it.</summary>
    internal static TopicDescription Merge(TopicDescription first, IEnumerable<(int Node, TopicDescription? Said)> words)
    {
        ILookup<int, PartitionDescription> leaders = words
            .Where(w => w.Said is not null && w.Said.TopicId == first.TopicId)
            .SelectMany(w => w.Said!.Partitions.Where(p => p.LeaderNodeId == w.Node))
            .ToLookup(p => p.Partition);
        return first with
        {
            Partitions = [.. first.Partitions.Select(p => leaders[p.Partition].MaxBy(l => l.LeaderEpoch) is { } leader ? leader : p)],
        };
    }

    private async Task<Dictionary<int, string>> AddressesAsync(CancellationToken ct) => _addresses ??=
        (await _client.Cluster.GetMetadataAsync(cancellationToken: ct)).Nodes.Where(n => n.Address.Length > 0)
            .ToDictionary(n => n.NodeId, n => n.Address);

    private static async Task<T?> OrNullAsync<T>(Func<Task<T>> ask)
        where T : class
    {
        try
        {
            return await ask();
        }
        catch (LogBrokerException)
        {
            return null;
        }
    }
}
