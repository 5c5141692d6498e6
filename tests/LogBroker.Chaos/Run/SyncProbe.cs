using LogBroker.Protocol.V1;
using LogBroker.Rpc;

namespace LogBroker.Chaos;

/// <summary>Finds out how far replicas are, by asking each node itself.</summary>
internal sealed class SyncProbe(LoadContext context)
{
    private static readonly TimeSpan CallTime = TimeSpan.FromSeconds(3);

    /// <summary>Waits until a node's replicas know what the furthest replica knows at the beginning of the wait.</summary>
    public async Task CaughtUpAsync(int node, TimeSpan deadline)
    {
        long[] goal = new long[context.PartitionsCount];
        foreach (var other in context.Cluster.Nodes.Where(other => other.IsUp))
        {
            long[]? marks = await WatermarksAsync(other.Id);
            for (int p = 0; marks is not null && p < goal.Length; p++)
                goal[p] = Math.Max(goal[p], marks[p]);
        }

        long[]? reached = null;
        await Wait.UntilAsync(
            async () =>
            {
                RequireRunning();
                return (reached = await WatermarksAsync(node)) is not null && reached.Zip(goal).All(pair => pair.First >= pair.Second);
            },
            deadline,
            () => $"node {node} has caught up to {string.Join(' ', goal)}; it is at {(reached is null ? "?" : string.Join(' ', reached))}");
    }

    /// <summary>Waits until the leader of each partition, internal ones too, says that all replicas have a vote.</summary>
    public async Task ReadmittedAsync(TimeSpan deadline)
    {
        string missing = "?";
        await Wait.UntilAsync(
            async () =>
            {
                RequireRunning();
                missing = await WithoutVoteAsync();
                return missing.Length == 0;
            },
            deadline,
            () => $"every replica has a vote; not {missing}");
    }

    /// <summary>The high watermarks that a node knows, by partition; null when it does not say.</summary>
    public async Task<long[]?> WatermarksAsync(int node)
    {
        await using var client = new NodeClient(context.Cluster.Network.ClientAddress(node));
        try
        {
            var wanted = Enumerable.Range(0, context.PartitionsCount)
                .Select(p => new FetchPartition { Topic = context.Topic, Partition = p, Offset = 0, MaxBytes = 1 });
            var response = await client.FetchHereAsync(wanted, CallTime, bytesMax: 1);
            return response.Partitions.Any(fetched => fetched.Error is not null)
                ? null
                : [.. response.Partitions.Select(fetched => fetched.HighWatermark)];
        }
        catch (RpcException)
        {
            return null;
        }
    }

    // A node that ended by itself does not come back while somebody waits for it.
    private void RequireRunning()
    {
        if (context.Cluster.UnexpectedEnds.Count > 0)
            throw new InvalidOperationException(context.Cluster.UnexpectedEnds[0]);
    }

    private async Task<string> WithoutVoteAsync()
    {
        var voters = new Dictionary<string, int>();
        var without = new List<string>();
        foreach (var node in context.Cluster.Nodes)
        {
            await using var client = new NodeClient(context.Cluster.Network.ClientAddress(node.Id));
            try
            {
                foreach (var partition in (await client.ListPartitionsAsync(CallTime)).Partitions)
                {
                    string name = $"{partition.Topic}/{partition.Partition}";
                    voters.TryAdd(name, 0);
                    voters[name] = Math.Max(voters[name], partition.Replicas.Count(replica => replica.Readmitted));
                }
            }
            catch (RpcException e)
            {
                return $"node {node.Id} says: {e.Status}";
            }
        }

        without.AddRange(voters.Where(v => v.Value < NodeNetwork.NodesCount).Select(v => $"{v.Key} ({v.Value} of 3)"));
        return string.Join(", ", without);
    }
}
