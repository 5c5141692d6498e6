using System.Diagnostics;
using System.Net.Sockets;
using LogBroker.Bench.Plan;
using LogBroker.Bench.Systems.Nodes;

namespace LogBroker.Bench.Systems.Kafka;

/// <summary>Kafka, one node or a cluster of them, each broker and controller: its processes, and what they answer.</summary>
internal sealed class KafkaBroker : IAsyncDisposable, INodes
{
    /// <summary>For a node alone; several share the memory.</summary>
    private const int HeapMegabytesAlone = 1024;
    private const int HeapMegabytesOfSeveral = 512;

    private static readonly TimeSpan SettleLimit = TimeSpan.FromMinutes(3);
    private static readonly TimeSpan AskLimit = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan WatchInterval = TimeSpan.FromMilliseconds(50);

    private readonly KafkaNode[] _nodes;
    private string? _watchedTopic;

    private KafkaBroker(KafkaNode[] nodes) => _nodes = nodes;

    public int Count => _nodes.Length;

    /// <summary>Where clients begin.</summary>
    public string Address => string.Join(',', _nodes.Select(n => n.Address));

    public IReadOnlyList<int> ProcessIds => [.. _nodes.Where(n => n.IsRunning).Select(n => n.ProcessId)];

    /// <summary>From the start of the process to the first metadata response that lists all brokers; the format is not in it.</summary>
    public TimeSpan StartTime { get; private set; }

    public static int HeapMegabytes(Scenario scenario) => scenario.Nodes == 1 ? HeapMegabytesAlone : HeapMegabytesOfSeveral;

    public static async Task<KafkaBroker> StartAsync(
        string home, string dataDirectory, Scenario scenario, IProcessStarter processes, CancellationToken cancellationToken)
    {
        int[] ports = FreePorts.Take(2 * scenario.Nodes);
        var members = new KafkaMembers([.. ports.Take(scenario.Nodes)], [.. ports.Skip(scenario.Nodes)]);
        KafkaNode[] nodes =
        [
            .. members.Ports.Select((port, index) =>
            {
                string directory = scenario.Nodes == 1 ? dataDirectory : Path.Combine(dataDirectory, $"node{index + 1}");
                return new KafkaNode(home, directory, port, HeapMegabytes(scenario), processes);
            }),
        ];
        string clusterId = Convert.ToBase64String(Guid.NewGuid().ToByteArray()).TrimEnd('=').Replace('+', 'A').Replace('/', 'B');
        for (int i = 0; i < nodes.Length; i++)
        {
            string properties = KafkaProperties.Broker(members, i, nodes[i].LogDirectory, scenario);
            await nodes[i].FormatAsync(properties, clusterId, nodes.Length == 1, cancellationToken);
        }

        var broker = new KafkaBroker(nodes);
        try
        {
            TimeSpan[] times = await Task.WhenAll(
                nodes.Select(n => n.StartAsync(m => Task.FromResult(m.Brokers >= nodes.Length), cancellationToken)));
            broker.StartTime = times.Max();
        }
        catch
        {
            await broker.DisposeAsync();
            throw;
        }

        return broker;
    }

    /// <summary>
    /// Ends the only node and starts it on the same data; returns the time until every partition of before answers again.
    /// </summary>
    /// <exception cref="BenchException">It did not end, or did not come back.</exception>
    public async Task<TimeSpan> RestartAsync(bool isKilled, CancellationToken cancellationToken)
    {
        int partitions = UserPartitions(await MetadataAsync(cancellationToken)).Length;
        await _nodes[0].EndAsync(isKilled, cancellationToken);
        return await _nodes[0].StartAsync(
            async metadata =>
            {
                KafkaPartition[] there = UserPartitions(metadata);
                if (there.Length < partitions || there.Any(p => p.Leader < 0))
                {
                    return false;
                }

                IReadOnlyList<KafkaOffset> ends = await OffsetsAsync(there, KafkaMessages.LatestOffset, cancellationToken);
                return ends.All(o => o.Offset != null);
            },
            cancellationToken);
    }

    public async Task CreateTopicAsync(string topic, Scenario scenario, CancellationToken cancellationToken)
    {
        byte[] request = KafkaMessages.CreateTopic(topic, scenario.Partitions, scenario.Nodes, KafkaProperties.Topic(scenario.Class));
        KafkaMessages.CheckTopicCreated(await KafkaConnection.AskAsync(AnyNode.Port, request, cancellationToken));
        await WaitAsync(
            partitions => partitions.Count(p => p.Topic == topic && p.Leader >= 0) >= scenario.Partitions, PollInterval, cancellationToken);
        _watchedTopic = topic;
    }

    /// <summary>Records in all topics but Kafka's own.</summary>
    public async Task<long> CountRecordsAsync(CancellationToken cancellationToken)
    {
        KafkaPartition[] partitions = UserPartitions(await MetadataAsync(cancellationToken));
        IReadOnlyList<KafkaOffset> ends = await OffsetsAsync(partitions, KafkaMessages.LatestOffset, cancellationToken);
        IReadOnlyList<KafkaOffset> starts = await OffsetsAsync(partitions, KafkaMessages.EarliestOffset, cancellationToken);
        return ends.Sum(Known) - starts.Sum(Known);

        static long Known(KafkaOffset offset) =>
            offset.Offset ?? throw new BenchException($"Partition {offset.Topic}/{offset.Index} does not answer");
    }

    /// <summary>The records of each partition of a topic.</summary>
    public async Task<IReadOnlyList<long>> RecordsOfAsync(string topic, CancellationToken cancellationToken)
    {
        KafkaPartition[] partitions = [.. UserPartitions(await MetadataAsync(cancellationToken)).Where(p => p.Topic == topic)];
        return [.. (await OffsetsAsync(partitions, KafkaMessages.LatestOffset, cancellationToken)).Select(o => o.Offset ?? 0)];
    }

    /// <summary>The topic whose name starts so: tools that make their own topics end the name as they like.</summary>
    public async Task<string> TopicNamedAsync(string prefix, CancellationToken cancellationToken) =>
        UserPartitions(await MetadataAsync(cancellationToken))
            .Select(p => p.Topic)
            .FirstOrDefault(t => t.StartsWith(prefix, StringComparison.Ordinal))
        ?? throw new BenchException($"Kafka has no topic {prefix}…");

    /// <summary>Returns when the group has its members and they their partitions.</summary>
    /// <exception cref="BenchException">It took longer than a minute, or a member ended: then its output is what is asked for.</exception>
    public async Task WaitForStableGroupAsync(string group, Func<string?> outputOfEnded, CancellationToken cancellationToken)
    {
        var clock = Stopwatch.StartNew();
        while (KafkaMessages.ReadGroupState(
            await KafkaConnection.AskAsync(AnyNode.Port, KafkaMessages.DescribeGroup(group), cancellationToken)) != "Stable")
        {
            string? output = outputOfEnded();
            if (output != null || clock.Elapsed > TimeSpan.FromMinutes(1))
            {
                throw new BenchException($"Kafka's consumer group {group} did not settle: {output ?? "a minute is over"}");
            }

            await Task.Delay(PollInterval * 10, cancellationToken);
        }
    }

    /// <summary>All but Kafka's own.</summary>
    public async Task<IReadOnlyList<string>> TopicsAsync(CancellationToken cancellationToken) =>
        [.. UserPartitions(await MetadataAsync(cancellationToken)).Select(p => p.Topic).Distinct()];

    /// <summary>From now on this topic's first partition is asked for; false while it has no leaders yet.</summary>
    public async Task<bool> TryWatchAsync(string topic, int partitions, CancellationToken cancellationToken)
    {
        _watchedTopic = topic;
        return await AgreeAsync(all => all.Count(p => p.Topic == topic && p.Leader > 0) >= partitions, cancellationToken);
    }

    public async Task<int> LeaderOfFirstPartitionAsync(CancellationToken cancellationToken)
    {
        int leader = 0;
        await WaitAsync(
            partitions => (leader = partitions.FirstOrDefault(p => p.Topic == _watchedTopic && p.Index == 0)?.Leader ?? 0) > 0,
            WatchInterval, cancellationToken);
        return leader - 1;
    }

    public Task WaitForLeadersWithoutAsync(int node, CancellationToken cancellationToken) =>
        WaitAsync(partitions => partitions.All(p => p.Leader > 0 && p.Leader != node + 1), WatchInterval, cancellationToken);

    public Task WaitInSyncAsync(CancellationToken cancellationToken) => WaitAsync(
        partitions => partitions.All(p => p.Leader > 0 && p.InSync == _nodes.Length), WatchInterval, cancellationToken);

    public Task EndAsync(int node, bool isKilled, CancellationToken cancellationToken) =>
        _nodes[node].EndAsync(isKilled, cancellationToken);

    public Task<TimeSpan> StartAsync(int node, CancellationToken cancellationToken) =>
        _nodes[node].StartAsync(m => Task.FromResult(m.Brokers > 0), cancellationToken);

    public async ValueTask DisposeAsync() => await Task.WhenAll(_nodes.Select(n => n.DisposeAsync().AsTask()));

    private KafkaNode AnyNode => _nodes.FirstOrDefault(n => n.IsRunning) ?? throw new BenchException("Kafka is not running");

    private static KafkaPartition[] UserPartitions(KafkaMetadata metadata) =>
        [.. metadata.Partitions.Where(p => !p.IsInternal && !p.Topic.StartsWith("__", StringComparison.Ordinal))];

    private Task<KafkaMetadata> MetadataAsync(CancellationToken cancellationToken) => AnyNode.MetadataAsync(cancellationToken);

    /// <summary>Only the leader of a partition tells its offsets.</summary>
    private async Task<IReadOnlyList<KafkaOffset>> OffsetsAsync(
        IReadOnlyCollection<KafkaPartition> partitions, long which, CancellationToken cancellationToken)
    {
        var offsets = new List<KafkaOffset>();
        foreach (IGrouping<int, KafkaPartition> led in partitions.GroupBy(p => p.Leader))
        {
            KafkaNode leader = led.Key >= 1 && led.Key <= _nodes.Length ? _nodes[led.Key - 1] : AnyNode;
            byte[] request = KafkaMessages.ListOffsets([.. led], which);
            offsets.AddRange(KafkaMessages.ReadOffsets(await KafkaConnection.AskAsync(leader.Port, request, cancellationToken)));
        }

        return [.. offsets.OrderBy(o => o.Topic, StringComparer.Ordinal).ThenBy(o => o.Index)];
    }

    /// <summary>Asks every node that runs, until all that answer agree.</summary>
    private async Task WaitAsync(Func<KafkaPartition[], bool> isThere, TimeSpan interval, CancellationToken cancellationToken)
    {
        var clock = Stopwatch.StartNew();
        while (!await AgreeAsync(isThere, cancellationToken))
        {
            if (clock.Elapsed > SettleLimit)
            {
                throw new BenchException(
                    $"Kafka's partitions did not get their leaders and replicas within {SettleLimit.TotalSeconds:0} s");
            }

            await Task.Delay(interval, cancellationToken);
        }
    }

    private async Task<bool> AgreeAsync(Func<KafkaPartition[], bool> isThere, CancellationToken cancellationToken)
    {
        int answers = 0;
        foreach (KafkaNode node in _nodes.Where(n => n.IsRunning))
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            limit.CancelAfter(AskLimit);
            try
            {
                if (!isThere(UserPartitions(await node.MetadataAsync(limit.Token))))
                {
                    return false;
                }

                answers++;
            }
            catch (Exception e) when (e is SocketException or IOException or OperationCanceledException)
            {
                cancellationToken.ThrowIfCancellationRequested();
            }
        }

        return answers > 0;
    }
}
