using System.Collections.Concurrent;
using LogBroker.Rpc;

namespace LogBroker.Chaos;

/// <summary>Asks every node who leads, and enters each leadership that it hears of. Thread-safe.</summary>
internal sealed class LeaderWatch(LoadContext context)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan CallTime = TimeSpan.FromMilliseconds(1000);

    private readonly ConcurrentDictionary<(int Partition, int Epoch, int Node), bool> _heard = [];
    private readonly ConcurrentDictionary<int, (int Epoch, int Node)> _latest = [];

    /// <summary>The node that leads a partition in the greatest epoch heard of; 0 when none was.</summary>
    public int LeaderOf(int partition) => _latest.GetValueOrDefault(partition).Node;

    /// <summary>The greatest epoch heard of.</summary>
    public int EpochOf(int partition) => _latest.GetValueOrDefault(partition).Epoch;

    public Task RunAsync(CancellationToken stop) =>
        Task.WhenAll(context.Cluster.Nodes.Select(node => WatchAsync(node.Id, stop)));

    private async Task WatchAsync(int node, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            await using var client = new NodeClient(context.Cluster.Network.ClientAddress(node));
            try
            {
                while (!stop.IsCancellationRequested)
                {
                    foreach (var topic in (await client.GetMetadataAsync(CallTime, context.Topic)).Topics)
                    {
                        foreach (var partition in topic.Partitions)
                            Take(partition.Partition, partition.LeaderEpoch, partition.LeaderNodeId);
                    }

                    await Wait.ForAsync(Pause, CancellationToken.None);
                }
            }
            catch (RpcException)
            {
                await Wait.ForAsync(Pause, CancellationToken.None);
            }
        }
    }

    private void Take(int partition, int epoch, int leader)
    {
        if (leader == 0 || !_heard.TryAdd((partition, epoch, leader), true))
            return;
        context.Recorder.Mark(History.NoProcess, OpAction.Leader, new PlacedRecord(partition, epoch, new RecordValue(leader, 0)));
        _latest.AddOrUpdate(partition, (epoch, leader), (_, known) => epoch > known.Epoch ? (epoch, leader) : known);
    }
}
