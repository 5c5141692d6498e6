using LogBroker.Cluster;
using LogBroker.Protocol;
using LogBroker.TestKit;

namespace LogBroker.Simulator;

/// <summary>
/// A reader of one partition, from any node that serves it: must see committed batches only, in order, none left out. One thread.
/// </summary>
internal sealed class PartitionReader(Clients clients, TopicPartition partition, bool readsFollowers)
{
    private const int BytesMax = 64 * 1024;

    private readonly ClientLink _link = new(clients.Cluster.Nodes.Count);
    private NodeId _from = clients.Any();
    private Offset _next;
    private bool _isOver;

    /// <summary>Trims that were asked for reach at most here: in front of it records may be gone.</summary>
    public Func<TopicPartition, Offset> TrimmedUpto { get; set; } = _ => Offset.Zero;

    public Offset Next => _next;

    public void Begin() => Later(0);

    public void End() => _isOver = true;

    private void Later(int ms) => clients.Cluster.Scheduler.After(
        SimScheduler.Ms(clients.Random.Between(ms, clients.Swarm.ProduceMsMax)), Round);

    private void Round()
    {
        if (_isOver)
        {
            return;
        }

        NodeId from = _from;
        int waitMs = clients.Random.Next(2) * (int)clients.Random.Between(1, 500);
        Fetch(clients, _link, from, partition, _next, waitMs, readsFollowers, (end, item) =>
        {
            if (end != CallEnd.Answered || item!.Error is not null)
            {
                Failed(item?.Error);
                Later(1);
                return;
            }

            _next = Take(clients.Cluster, partition, from, _next, item.Bytes);
            clients.NoteFetched();
            if (readsFollowers && clients.Random.Next(4) == 0)
            {
                _from = clients.Any();
            }

            Later(0);
        });
    }

    /// <summary>Reads what is there; the answer's bytes are copied, its leases go back in the node.</summary>
    public static void Fetch(
        Clients clients,
        ClientLink link,
        NodeId from,
        TopicPartition partition,
        Offset at,
        int waitMs,
        bool allowsFollower,
        Action<CallEnd, ReadItem?> done) => clients.Ask(
            link,
            from,
            async broker =>
            {
                var command = new FetchCommand([new FetchItem(partition, at, BytesMax, Epoch.None)], 1, BytesMax, waitMs)
                {
                    AllowsFollower = allowsFollower,
                };
                Result<FetchAnswer> answer = await broker.Fetch(command, CancellationToken.None);
                return answer.IsOk ? ReadItem.Of(answer.Value) : new ReadItem(answer.Error, [], Offset.None, Offset.None);
            },
            done);

    /// <summary>Holds what was read against what is committed; the offset to go on from.</summary>
    public static Offset Take(SimCluster cluster, TopicPartition partition, NodeId from, Offset at, byte[] bytes)
    {
        SimPartition known = cluster.Checks.Find(partition)!;
        Offset next = at;
        ReadOnlySpan<byte> rest = bytes;
        while (!rest.IsEmpty)
        {
            BatchFault fault = RecordBatch.TryParse(rest, Limits.BatchBytesMax, out RecordBatch batch);
            bool isDue = fault == BatchFault.None && !batch.IsControl && batch.BaseOffset <= next && batch.NextOffset > next;
            if (!isDue)
            {
                throw new SimViolation("ReadersSeeAll", $"{partition}: node {from} sent {fault} {batch.BaseOffset} where {next} is due");
            }

            if (known.Compaction is not null && batch.IsCompacted)
            {
                known.ReadCompacted(batch, from);
            }
            else
            {
                known.Read(batch.BaseOffset, SimShadow.BodyOf(batch.Bytes), from);
            }

            next = batch.NextOffset;
            rest = rest[batch.TotalBytes..];
        }

        return next;
    }

    private void Failed(BrokerError? error)
    {
        _from = clients.Next(error);
        if (error?.Code != ErrorCode.OffsetOutOfRange)
        {
            return;
        }

        Offset trimmed = TrimmedUpto(partition);
        if (_next >= trimmed)
        {
            throw new SimViolation("ReadersSeeAll", $"{partition}: a reader at {_next} got {error}, at most {trimmed} was trimmed");
        }

        _next = trimmed;
    }
}

/// <summary>A copy of what a fetch brought for one partition.</summary>
internal sealed record ReadItem(BrokerError? Error, byte[] Bytes, Offset LogStart, Offset HighWatermark)
{
    public static ReadItem Of(FetchAnswer answer)
    {
        using (answer)
        {
            FetchedItem item = answer.Items[0];
            var bytes = new byte[item.Slice.Length];
            item.Slice.CopyTo(0, bytes);
            return new ReadItem(item.Error, bytes, item.LogStart, item.HighWatermark);
        }
    }
}
