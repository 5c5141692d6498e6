using Google.Protobuf;
using LogBroker.Protocol;
using LogBroker.Protocol.V1;
using LogBroker.Rpc;

namespace LogBroker.EndToEnd.Tests;

/// <summary>Calls a broker with nothing between the test and the wire but the gRPC channel.</summary>
internal sealed class TestClient : IAsyncDisposable
{
    public static readonly TimeSpan CallTime = TimeSpan.FromSeconds(30);

    private readonly GrpcChannel _channel;
    private AsyncDuplexStreamingCall<ProduceRequest, ProduceResponse>? _stream;
    private ulong _correlationId;

    public TestClient(ServerProcess server)
    {
        _channel = GrpcChannel.ForAddress(server.GrpcUri, new GrpcChannelOptions { ReceiveBytesMax = 64 << 20 });
    }

    public GrpcChannel Channel => _channel;

    /// <summary>A batch with one record for each text.</summary>
    public static ByteString Batch(params string[] values) => Batch(ProducerId.None, -1, -1, values);

    public static ByteString Batch(ProducerId producer, short epoch, int sequence, params string[] values)
    {
        using var builder = new BatchBuilder(Limits.BatchBytesMax);
        long now = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
        foreach (string value in values)
            Assert.True(builder.TryAppend(now, OptionalBytes.Null, System.Text.Encoding.UTF8.GetBytes(value)));
        return ByteString.CopyFrom(builder.Finish(producer, epoch, sequence).Span);
    }

    /// <summary>The texts of the records in batches behind each other.</summary>
    public static List<(long Offset, string Value)> Records(ByteString batches)
    {
        var records = new List<(long, string)>();
        var rest = batches.Memory;
        while (rest.Length > 0)
        {
            Assert.Null(RecordReader.TryOpen(rest, Limits.BatchBytesMax, out var reader));
            while (reader.MoveNext())
                records.Add((reader.Current.Offset.Value, System.Text.Encoding.UTF8.GetString(reader.Current.Value!.Value.Span)));
            Assert.Null(reader.Error);
            rest = rest[reader.TotalBytes..];
        }

        return records;
    }

    public async Task<TResponse> CallAsync<TRequest, TResponse>(Method<TRequest, TResponse> method, TRequest request) =>
        await _channel.Unary(method, request, new CallOptions(timeout: CallTime));

    /// <summary>Expects an error, and returns its reason and message.</summary>
    public async Task<(StatusCode Code, string Reason, string Message)> RefusedAsync<TRequest, TResponse>(
        Method<TRequest, TResponse> method, TRequest request)
    {
        var refused = await Assert.ThrowsAsync<RpcException>(() => CallAsync(method, request));
        Assert.True(refused.TryGetDetail<Google.Rpc.ErrorInfo>(out var info), refused.ToString());
        Assert.Equal(ErrorCatalogue.Domain, info.Domain);
        Assert.Equal((int)ErrorCatalogue.Find(info.Reason)!.Status, (int)refused.StatusCode);
        return (refused.StatusCode, info.Reason, refused.Status.Detail);
    }

    public Task<Topic> CreateTopicAsync(string name, int partitions = 1, params (string Key, string Value)[] config)
    {
        var request = new CreateTopicRequest { Name = name, Partitions = partitions };
        foreach (var (key, value) in config)
            request.Config[key] = value;
        return CallAsync(BrokerMethods.CreateTopic, request);
    }

    /// <summary>Sends one batch on the client's produce stream and waits for its ack.</summary>
    public async Task<ProduceAck> ProduceAsync(ProduceBatch batch)
    {
        batch.CorrelationId = ++_correlationId;
        if (_stream is null)
        {
            _stream = _channel.Duplex(BrokerMethods.Produce);
            await _stream.RequestStream.WriteAsync(new ProduceRequest { Open = new ProduceOpen { ClientId = "test" } });
            Assert.Equal(ProduceResponse.MessageOneofCase.Opened, (await NextAsync(_stream)).MessageCase);
        }

        await _stream.RequestStream.WriteAsync(new ProduceRequest { Batch = batch });
        var response = await NextAsync(_stream);
        Assert.Equal(ProduceResponse.MessageOneofCase.Ack, response.MessageCase);
        Assert.Equal(batch.CorrelationId, response.Ack.CorrelationId);
        return response.Ack;
    }

    public Task<ProduceAck> ProduceAsync(string topic, int partition, params string[] values) =>
        ProduceAsync(new ProduceBatch { Topic = topic, Partition = partition, Records = Batch(values) });

    /// <summary>Sends one batch that is refused; the reason and message.</summary>
    public async Task<(string Reason, string Message)> ProduceRefusedAsync(ProduceBatch batch)
    {
        var ack = await ProduceAsync(batch);
        Assert.Equal(ProduceAck.ResultOneofCase.Error, ack.ResultCase);
        return Explain(ack.Error);
    }

    public async Task<FetchedPartition> FetchAsync(string topic, int partition, long offset, int waitMs = 0, int bytesMax = 0)
    {
        var request = new FetchRequest { MaxWaitMs = waitMs, MaxBytes = bytesMax };
        request.Partitions.Add(new FetchPartition { Topic = topic, Partition = partition, Offset = offset });
        return Assert.Single((await CallAsync(BrokerMethods.Fetch, request)).Partitions);
    }

    /// <summary>Reason and message of a status inside an answer.</summary>
    public static (string Reason, string Message) Explain(Google.Rpc.Status status)
    {
        var info = status.Details.Single(detail => detail.Is(Google.Rpc.ErrorInfo.Descriptor)).Unpack<Google.Rpc.ErrorInfo>();
        return (info.Reason, status.Message);
    }

    public static async Task<ProduceResponse> NextAsync(AsyncDuplexStreamingCall<ProduceRequest, ProduceResponse> stream)
    {
        using var timeout = new CancellationTokenSource(CallTime);
        while (await stream.ResponseStream.MoveNext(timeout.Token))
        {
            if (stream.ResponseStream.Current.MessageCase is not ProduceResponse.MessageOneofCase.Heartbeat)
                return stream.ResponseStream.Current;
        }

        throw new InvalidOperationException("the produce stream ended");
    }

    public async ValueTask DisposeAsync()
    {
        _stream?.Dispose();
        await _channel.DisposeAsync();
    }
}
