using Google.Protobuf.Reflection;
using LogBroker.Protocol;
using LogBroker.Protocol.V1;
using LogBroker.Rpc;

namespace LogBroker.Chaos;

/// <summary>Asks one node, and no other, with nothing between this program and the wire but the gRPC channel. Thread-safe.</summary>
internal sealed class NodeClient : IAsyncDisposable
{
    private static readonly ServiceDescriptor ConsumerService = ConsumerReflection.Descriptor.Services[0];
    private static readonly ServiceDescriptor ClusterService = ClusterReflection.Descriptor.Services[0];
    private static readonly ServiceDescriptor ProducerService = ProducerReflection.Descriptor.Services[0];

    private static readonly Method<FetchRequest, FetchResponse> FetchMethod =
        Method.Create(ConsumerService, "Fetch", FetchRequest.Parser, FetchResponse.Parser);

    private static readonly Method<GetMetadataRequest, GetMetadataResponse> GetMetadataMethod =
        Method.Create(ClusterService, "GetMetadata", GetMetadataRequest.Parser, GetMetadataResponse.Parser);

    private static readonly Method<ListClusterPartitionsRequest, ListClusterPartitionsResponse> ListPartitionsMethod =
        Method.Create(ClusterService, "ListClusterPartitions", ListClusterPartitionsRequest.Parser, ListClusterPartitionsResponse.Parser);

    private static readonly Method<ProduceRequest, ProduceResponse> ProduceMethod =
        Method.Create(ProducerService, "Produce", ProduceRequest.Parser, ProduceResponse.Parser);

    private static readonly Method<InitProducerRequest, InitProducerResponse> InitProducerMethod =
        Method.Create(ProducerService, "InitProducer", InitProducerRequest.Parser, InitProducerResponse.Parser);

    private readonly GrpcChannel _channel;

    public NodeClient(string address)
    {
        _channel = GrpcChannel.ForAddress(
            "http://" + address,
            new GrpcChannelOptions { ReceiveBytesMax = 64 << 20, ConnectTimeout = TimeSpan.FromSeconds(2) });
    }

    public Task<GetMetadataResponse> GetMetadataAsync(TimeSpan timeout, params string[] topics)
    {
        var request = new GetMetadataRequest();
        request.Topics.Add(topics);
        return CallAsync(GetMetadataMethod, request, timeout);
    }

    /// <summary>All partitions, internal ones too, with the progress of their replicas where this node leads.</summary>
    public Task<ListClusterPartitionsResponse> ListPartitionsAsync(TimeSpan timeout) =>
        CallAsync(ListPartitionsMethod, new ListClusterPartitionsRequest(), timeout);

    /// <summary>Reads what this replica has, leader or not, up to the high watermark that it knows.</summary>
    public Task<FetchResponse> FetchHereAsync(
        IEnumerable<FetchPartition> partitions, TimeSpan timeout, int waitMs = 0, int bytesMax = 0)
    {
        var request = new FetchRequest { MaxWaitMs = waitMs, MaxBytes = bytesMax, AllowFollower = true };
        request.Partitions.Add(partitions);
        return CallAsync(FetchMethod, request, timeout);
    }

    /// <summary>Hands out a producer id.</summary>
    public async Task<ProducerId> InitProducerAsync(TimeSpan timeout) =>
        new((await CallAsync(InitProducerMethod, new InitProducerRequest(), timeout)).ProducerId);

    /// <summary>Sends one batch on a stream of its own; its acknowledgement or refusal.</summary>
    /// <exception cref="RpcException">No answer came.</exception>
    public async Task<ProduceAck> ProduceAsync(ProduceBatch batch, TimeSpan timeout)
    {
        using var stream = _channel.Duplex(ProduceMethod, new CallOptions(timeout: timeout));
        await stream.RequestStream.WriteAsync(new ProduceRequest { Open = new ProduceOpen { ClientId = "chaos" } });
        await stream.RequestStream.WriteAsync(new ProduceRequest { Batch = batch });
        while (await stream.ResponseStream.MoveNext())
        {
            if (stream.ResponseStream.Current.MessageCase == ProduceResponse.MessageOneofCase.Ack)
                return stream.ResponseStream.Current.Ack;
        }

        throw new RpcException(new Status(StatusCode.Unavailable, "the stream ended without an answer"));
    }

    public ValueTask DisposeAsync() => _channel.DisposeAsync();

    private async Task<TResponse> CallAsync<TRequest, TResponse>(Method<TRequest, TResponse> method, TRequest request, TimeSpan timeout) =>
        await _channel.Unary(method, request, new CallOptions(timeout: timeout));
}
