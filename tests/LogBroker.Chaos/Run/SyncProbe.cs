using LogBroker.Protocol.V1;
using LogBroker.Rpc;

namespace LogBroker.Chaos;

/// <summary>Finds out whether a replica has all that was acknowledged up to now.</summary>
internal sealed class SyncProbe(LoadContext context)
{
    private static readonly TimeSpan CallTime = TimeSpan.FromSeconds(3);

    /// <summary>Waits until a node's replicas know what the furthest replica knows at the beginning of the wait.</summary>
    public async Task WaitAsync(int node, TimeSpan deadline)
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
            async () => (reached = await WatermarksAsync(node)) is not null && reached.Zip(goal).All(pair => pair.First >= pair.Second),
            deadline,
            () => $"node {node} has caught up to {string.Join(' ', goal)}; it is at {(reached is null ? "?" : string.Join(' ', reached))}");
    }

    private async Task<long[]?> WatermarksAsync(int node)
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
}
