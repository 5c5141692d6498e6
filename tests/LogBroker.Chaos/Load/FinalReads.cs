using System.Security.Cryptography;
using LogBroker.Protocol.V1;
using LogBroker.Rpc;

namespace LogBroker.Chaos;

/// <summary>Reads every partition whole from every replica, after all of them have come to the same high watermark.</summary>
internal sealed class FinalReads(LoadContext context)
{
    private const int FetchBytesMax = 4 << 20;
    private static readonly TimeSpan CallTime = TimeSpan.FromSeconds(10);

    private readonly SyncProbe _probe = new(context);
    private readonly Dictionary<int, NodeClient> _clients =
        context.Cluster.Nodes.ToDictionary(node => node.Id, node => new NodeClient(context.Cluster.Network.ClientAddress(node.Id)));

    /// <summary>Reads; when the replicas do not come to rest in time, what they have then.</summary>
    public async Task<IReadOnlyList<ReplicaRead>> ReadAsync(TimeSpan deadline)
    {
        try
        {
            await Wait.UntilAsync(AreEqualAsync, deadline, () => "the high watermarks of all replicas are equal");
        }
        catch (TimeoutException e)
        {
            context.AddProblem($"{e.Message}; {await DescribeAsync()}");
        }

        var reads = new List<ReplicaRead>();
        foreach (var (node, client) in _clients)
        {
            for (int partition = 0; partition < context.PartitionsCount; partition++)
            {
                if (await ReadPartitionAsync(node, client, partition) is { } read)
                    reads.Add(read);
            }

            await client.DisposeAsync();
        }

        return reads;
    }

    private async Task<bool> AreEqualAsync()
    {
        long[]?[] all = await Task.WhenAll(_clients.Keys.Select(_probe.WatermarksAsync));
        return all.All(marks => marks is not null && marks.SequenceEqual(all[0]!));
    }

    private async Task<string> DescribeAsync()
    {
        var marks = await Task.WhenAll(_clients.Keys.Select(async node => $"node {node}: {Text(await _probe.WatermarksAsync(node))}"));
        return string.Join("; ", marks);

        static string Text(long[]? marks) => marks is null ? "no answer" : string.Join(' ', marks);
    }

    private async Task<ReplicaRead?> ReadPartitionAsync(int node, NodeClient client, int partition)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var records = new List<PlacedRecord>();
        long next = 0;
        while (true)
        {
            FetchedPartition fetched;
            try
            {
                var wanted = new FetchPartition { Topic = context.Topic, Partition = partition, Offset = next, MaxBytes = FetchBytesMax };
                fetched = (await client.FetchHereAsync([wanted], CallTime, bytesMax: FetchBytesMax)).Partitions.Single();
            }
            catch (RpcException e)
            {
                context.AddProblem($"node {node} could not be read in the end: {e.Status}");
                return null;
            }

            if (fetched.Error is not null)
            {
                context.AddProblem($"node {node} refused the last read of partition {partition}: {fetched.Error.Message}");
                return null;
            }

            if (fetched.Batches.Length == 0 || next >= fetched.HighWatermark)
            {
                ulong bytesHash = BitConverter.ToUInt64(hash.GetHashAndReset().AsSpan()[..sizeof(ulong)]);
                return new ReplicaRead(node, partition, fetched.LogStartOffset, fetched.HighWatermark, bytesHash, records);
            }

            hash.AppendData(fetched.Batches.Span);
            ReplicaReader.AddRecords(fetched, next, records);
            next = records[^1].Offset + 1;
        }
    }
}
