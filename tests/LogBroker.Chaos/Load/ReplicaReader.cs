using LogBroker.Protocol;
using LogBroker.Protocol.V1;
using LogBroker.Rpc;

namespace LogBroker.Chaos;

/// <summary>
/// Reads one node's replicas, leading or not, and enters the watermarks and records that it is told. One run of the node's process is one
/// process of the history: a watermark may fall at a restart, and at no other time.
/// </summary>
internal sealed class ReplicaReader(LoadContext context, int node)
{
    private const int FetchWaitMs = 200;
    private const int FetchBytesMax = 1 << 20;
    private static readonly TimeSpan CallTime = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan AfterFailure = TimeSpan.FromMilliseconds(200);

    private readonly long[] _next = new long[context.PartitionsCount];

    public async Task RunAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            int run = context.Cluster.Node(node).Runs;
            try
            {
                await using var client = new NodeClient(context.Cluster.Network.ClientAddress(node));
                int process = context.Recorder.NewProcess();
                context.Recorder.Mark(
                    process, OpAction.Assign, [.. _next.Select((offset, p) => new PlacedRecord(p, offset, RecordValue.Unreadable))]);
                while (!stop.IsCancellationRequested && context.Cluster.Node(node).Runs == run)
                    await PollAsync(client, process, stop);
            }
            catch (RpcException)
            {
                // It is away, or asks to be left alone.
            }

            await Wait.ForAsync(AfterFailure, CancellationToken.None);
        }
    }

    private async Task PollAsync(NodeClient client, int process, CancellationToken stop)
    {
        int invocation = context.Recorder.Invoke(process, OpAction.Poll);
        FetchResponse response;
        try
        {
            var wanted = _next.Select((offset, p) => new FetchPartition { Topic = context.Topic, Partition = p, Offset = offset });
            response = await client.FetchHereAsync(wanted, CallTime, FetchWaitMs, FetchBytesMax);
        }
        catch (RpcException)
        {
            context.Recorder.Complete(invocation, OpType.Fail);
            throw;
        }

        var told = new List<PlacedRecord>();
        var records = new List<PlacedRecord>();
        foreach (var fetched in response.Partitions.Where(fetched => fetched.Error is null))
        {
            told.Add(new PlacedRecord(fetched.Partition, fetched.HighWatermark, RecordValue.Unreadable));
            AddRecords(fetched, _next[fetched.Partition], records);
        }

        context.Recorder.Mark(process, OpAction.Watermark, [.. told]);
        context.Recorder.Complete(invocation, OpType.Ok, [.. records]);
        foreach (var record in records)
            _next[record.Partition] = record.Offset + 1;
        if (response.Partitions.Any(fetched => fetched.Error is not null))
            await Wait.ForAsync(AfterFailure, CancellationToken.None);
    }

    /// <summary>The records of an answer from an offset on.</summary>
    public static void AddRecords(FetchedPartition fetched, long from, List<PlacedRecord> records)
    {
        var rest = fetched.Batches.Memory;
        while (rest.Length > 0)
        {
            var fault = RecordReader.TryOpen(rest, Limits.BatchBytesMax, out var reader);
            if (fault is not null)
            {
                records.Add(new PlacedRecord(fetched.Partition, from, RecordValue.Unreadable));
                return;
            }

            while (reader.MoveNext())
            {
                var record = reader.Current;
                if (record.Offset.Value >= from)
                    records.Add(new PlacedRecord(fetched.Partition, record.Offset.Value, ValueCoding.Decode(record.Key, record.Value)));
            }

            rest = rest[reader.TotalBytes..];
        }
    }
}
