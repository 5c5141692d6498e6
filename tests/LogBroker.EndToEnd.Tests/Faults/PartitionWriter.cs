using System.Globalization;
using Google.Protobuf;
using LogBroker.Protocol;
using LogBroker.Protocol.V1;
using LogBroker.Rpc;

namespace LogBroker.EndToEnd.Tests;

/// <summary>
/// An idempotent producer of one partition that keeps five batches in flight and remembers what was acknowledged. Record i has the
/// text i and must get the offset i. After a lost connection it sends what is unanswered again, as clients do.
/// </summary>
internal sealed class PartitionWriter
{
    private const int RecordsPerBatchMax = 40;

    private readonly string _topic;
    private readonly ProducerId _producer;
    private readonly Random _random;
    private readonly List<Sent> _unanswered = [];
    private TaskCompletionSource _reached = new();
    private int _sent;
    private int _acknowledged;

    private PartitionWriter(string topic, int partition, ProducerId producer)
    {
        _topic = topic;
        Partition = partition;
        _producer = producer;
        _random = new Random(partition);
    }

    public int Partition { get; }

    /// <summary>Batches that were in flight when the connection broke, over all rounds.</summary>
    public int UnansweredCount { get; private set; }

    public static async Task<PartitionWriter> CreateAsync(TestClient client, string topic, int partition)
    {
        var producer = await client.CallAsync(BrokerMethods.InitProducer, new InitProducerRequest());
        return new PartitionWriter(topic, partition, new ProducerId(producer.ProducerId));
    }

    /// <summary>Completes when this round's number of acknowledged records is reached; fails when writing ended before.</summary>
    public async Task ReachedAsync(List<Task> running)
    {
        var first = await Task.WhenAny([_reached.Task, .. running]).WaitAsync(TestClient.CallTime);
        await first;
        Assert.True(_reached.Task.IsCompleted, $"writing ended at {_acknowledged} of {_sent}");
    }

    /// <summary>Writes until the server is gone.</summary>
    public async Task WriteUntilBrokenAsync(TestClient client, int acknowledgedMin)
    {
        _reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        int goal = _acknowledged + acknowledgedMin;
        try
        {
            await RunAsync(client, () => _acknowledged < goal || _reached.TrySetResult() || true);
        }
        catch (RpcException e)
            when (e.StatusCode is StatusCode.Unavailable or StatusCode.Cancelled or StatusCode.Internal or StatusCode.Unknown)
        {
            UnansweredCount += _unanswered.Count;
        }
    }

    /// <summary>Sends again what is unanswered, until all of it is acknowledged.</summary>
    public async Task FinishAsync(TestClient client)
    {
        if (_unanswered.Count > 0)
            await RunAsync(client, () => _unanswered.Count > 0, isLast: true);
        Assert.Equal(_sent, _acknowledged);
    }

    /// <summary>After a restart: a prefix of what was sent, with all that was acknowledged.</summary>
    public void CheckRecovered(List<(long Offset, string Value)> records)
    {
        CheckDense(records);
        Assert.InRange(records.Count, _acknowledged, _sent);
        if (_unanswered.Count > 0)
            Assert.Contains(records.Count, _unanswered.Select(b => b.First).Append(_sent)); // no batch in part
    }

    public void CheckComplete(List<(long Offset, string Value)> records)
    {
        CheckDense(records);
        Assert.Equal(_sent, records.Count);
    }

    private static void CheckDense(List<(long Offset, string Value)> records)
    {
        for (int i = 0; i < records.Count; i++)
            Assert.Equal((i, i.ToString(CultureInfo.InvariantCulture)), records[i]);
    }

    private async Task RunAsync(TestClient client, Func<bool> goesOn, bool isLast = false)
    {
        using var stream = client.Channel.Duplex(BrokerMethods.Produce);
        await stream.RequestStream.WriteAsync(new ProduceRequest { Open = new ProduceOpen { ClientId = $"writer {Partition}" } });
        Assert.Equal(ProduceResponse.MessageOneofCase.Opened, (await TestClient.NextAsync(stream)).MessageCase);
        foreach (var batch in _unanswered.ToList())
            await SendAsync(stream, batch);

        while (goesOn())
        {
            while (!isLast && _unanswered.Count < Limits.ProducerWindowBatches)
            {
                var batch = NextBatch();
                _unanswered.Add(batch);
                _sent += batch.Count;
                await SendAsync(stream, batch);
            }

            await TakeAckAsync(stream);
        }
    }

    private Sent NextBatch()
    {
        int count = _random.Next(1, RecordsPerBatchMax);
        string[] values = [.. Enumerable.Range(_sent, count).Select(i => i.ToString(CultureInfo.InvariantCulture))];
        return new Sent(_sent, count, TestClient.Batch(_producer, 0, _sent, values));
    }

    private async Task SendAsync(AsyncDuplexStreamingCall<ProduceRequest, ProduceResponse> stream, Sent batch)
    {
        await stream.RequestStream.WriteAsync(new ProduceRequest
        {
            Batch = new ProduceBatch
            {
                CorrelationId = (ulong)batch.First,
                Topic = _topic,
                Partition = Partition,
                Records = batch.Bytes,
            },
        });
    }

    private async Task TakeAckAsync(AsyncDuplexStreamingCall<ProduceRequest, ProduceResponse> stream)
    {
        var ack = (await TestClient.NextAsync(stream)).Ack;
        Assert.True(ack.Error is null, ack.Error?.ToString());
        var batch = _unanswered[0];
        _unanswered.RemoveAt(0);
        Assert.Equal(((ulong)batch.First, batch.First), (ack.CorrelationId, ack.Receipt.BaseOffset));
        Assert.Equal(Durability.QuorumFsync, ack.Receipt.Durability);
        _acknowledged = batch.First + batch.Count;
    }

    /// <summary>A batch as it is sent, the first time and again: the same sequence means the same bytes.</summary>
    private sealed record Sent(int First, int Count, ByteString Bytes);
}
