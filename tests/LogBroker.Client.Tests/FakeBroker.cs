using System.Collections.Concurrent;
using System.Net;
using LogBroker.Protocol;
using LogBroker.Protocol.V1;
using LogBroker.Rpc;
using LogBroker.Rpc.Server;
using StatusDetails = LogBroker.Protocol.StatusDetails;
using WireReceipt = LogBroker.Protocol.V1.ProduceReceipt;

namespace LogBroker.Client.Tests;

/// <summary>What the fake broker does with a batch.</summary>
internal enum Verdict
{
    /// <summary>Appends and acknowledges.</summary>
    Serve,

    /// <summary>Answers with <see cref="FakeBroker.Refusal"/> and writes nothing.</summary>
    Refuse,

    /// <summary>Appends and cuts the stream in place of an ack.</summary>
    WriteAndCut,

    /// <summary>Cuts the stream without writing.</summary>
    Cut,

    /// <summary>Appends and says nothing at all.</summary>
    WriteAndKeepSilent,

    /// <summary>Appends and answers that the outcome is unknown.</summary>
    WriteAndSayUnknown,

    /// <summary>Answers that the outcome is unknown, and it was not written: a leader that resigned, and was outvoted.</summary>
    SayUnknown,
}

/// <summary>
/// A broker in memory behind the real gRPC server, that can be killed, restarted on its port, and told to misbehave.
/// </summary>
internal sealed partial class FakeBroker : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, FakePartition[]> _topics = new();
    private GrpcServer? _server;
    private long _lastProducerId;
    private int _port;

    /// <summary>Asked for each batch, with its number from 1.</summary>
    public Func<int, FakePartition, Verdict> Judge { get; set; } = (_, _) => Verdict.Serve;

    /// <summary>What refused batches are answered with.</summary>
    public ErrorCode Refusal { get; set; } = ErrorCode.Busy;

    /// <summary>While it is not null, acks wait for it.</summary>
    public Task? AckGate { get; set; }

    /// <summary>Leader epoch 0 in metadata means no leader.</summary>
    public bool HasLeaders { get; set; } = true;

    public int NodeId { get; init; } = 1;

    /// <summary>Who leads a partition; null for this node, in epoch 1.</summary>
    public Func<int, (int NodeId, string Address, int Epoch)>? LeaderOf { get; set; }

    public int BatchesSeen => _batchesSeen;

    private int _batchesSeen;
    private int _inFlight;

    public int InFlightMost { get; private set; }

    public int ProducersBegun => (int)Interlocked.Read(ref _lastProducerId);

    public int EpochsBumped { get; private set; }

    public string Address => $"127.0.0.1:{_port}";

    public static async Task<FakeBroker> StartAsync(params (string Topic, int Partitions)[] topics)
    {
        var broker = new FakeBroker();
        foreach ((string topic, int partitions) in topics)
        {
            broker.AddTopic(topic, partitions);
        }

        await broker.StartAsync();
        return broker;
    }

    public void AddTopic(string topic, int partitions) =>
        _topics[topic] = [.. Enumerable.Range(0, partitions).Select(p => new FakePartition(topic, p))];

    /// <summary>The same partitions as another node's, as if replicated.</summary>
    public void ShareTopic(string topic, FakeBroker other) => _topics[topic] = [.. other.Partitions(topic)];

    public void AddPartition(string topic) =>
        _topics[topic] = [.. _topics[topic], new FakePartition(topic, _topics[topic].Length)];

    public FakePartition Partition(string topic, int partition = 0) => _topics[topic][partition];

    public IReadOnlyList<FakePartition> Partitions(string topic) => _topics[topic];

    /// <summary>Starts it, after <see cref="KillAsync"/> on the same port and with the same records.</summary>
    public async Task StartAsync()
    {
        var services = new GrpcServices();
        services.Unary(ServerMethods.GetMetadata, async (request, context) =>
        {
            await AwakeAsync(context);
            return Metadata(request);
        });
        services.Unary(ServerMethods.InitProducer, async (request, context) =>
        {
            await AwakeAsync(context);
            RequireController();
            return InitProducer(request);
        });
        services.Unary(ServerMethods.ListOffsets, async (request, context) =>
        {
            await AwakeAsync(context);
            return ListOffsets(request);
        });
        services.Unary(
            Method.Create(ConsumerReflection.Descriptor.Services[0], "Fetch", FetchRequest.Parser, FetchResponse.Parser),
            async (request, context) =>
            {
                await AwakeAsync(context);
                return await FetchAsync(request, context);
            });
        services.Duplex(
            Method.Create(ProducerReflection.Descriptor.Services[0], "Produce", ProduceRequest.Parser, ProduceResponse.Parser),
            ProduceAsync);
        FakeAdmin.Add(services, this);
        FakeGroups.Add(services, this);
        FakeTables.Add(services, this);
        _server = new GrpcServer(
            new GrpcServerOptions { EndPoints = [new IPEndPoint(IPAddress.Loopback, _port)], ReceiveBytesMax = Limits.RequestBytesMax },
            services);
        await _server.StartAsync();
        _port = _server.BoundEndPoints[0].Port;
    }

    /// <summary>Breaks every connection and stops listening; records stay.</summary>
    public async Task KillAsync()
    {
        if (_server is { } server)
        {
            _server = null;
            await server.StopAsync(TimeSpan.Zero);
        }
    }

    public async ValueTask DisposeAsync() => await KillAsync();

    public static RpcException Error(ErrorCode code, string message) =>
        new(StatusDetails.ToStatus(new BrokerError(code, message)));

    public bool TryGetTopic(string topic, out FakePartition[] partitions) => _topics.TryGetValue(topic, out partitions!);

    public bool RemoveTopic(string topic) => _topics.TryRemove(topic, out _);

    public IEnumerable<string> TopicNames => _topics.Keys.Order(StringComparer.Ordinal);

    private GetMetadataResponse Metadata(GetMetadataRequest request)
    {
        var response = new GetMetadataResponse { ClusterId = "fake", NodeId = NodeId };
        var nodes = new Dictionary<int, string> { [NodeId] = "unreachable.invalid:1" };
        foreach (string topic in request.Topics.Where(_topics.ContainsKey))
        {
            var metadata = new Protocol.V1.TopicMetadata
            {
                Name = topic,
                TopicId = new string('0', 32),
                MessageBytesMax = _topics[topic][0].MessageBytesMax,
            };
            for (int p = 0; p < _topics[topic].Length; p++)
            {
                (int leader, string address, int epoch) = LeaderOf?.Invoke(p) ?? (NodeId, nodes[NodeId], 1);
                nodes[leader] = address;
                metadata.Partitions.Add(new Protocol.V1.PartitionMetadata
                {
                    Partition = p,
                    LeaderNodeId = HasLeaders ? leader : 0,
                    LeaderEpoch = epoch,
                    ReplicaNodeIds = { Peers.Keys },
                });
            }

            response.Topics.Add(metadata);
        }

        foreach ((int node, string address) in Peers)
        {
            nodes[node] = address;
        }

        response.Nodes.Add(nodes.Select(n => new Node { NodeId = n.Key, GrpcAddress = n.Value, Rack = $"rack{n.Key}" }));
        MetadataAsked++;
        return response;
    }

    private InitProducerResponse InitProducer(InitProducerRequest request)
    {
        if (request.ProducerId == 0)
        {
            return new InitProducerResponse { ProducerId = NewProducerId(), ProducerEpoch = 0 };
        }

        EpochsBumped++;
        return new InitProducerResponse { ProducerId = request.ProducerId, ProducerEpoch = request.ProducerEpoch + 1 };
    }

    private async ValueTask ProduceAsync(
        IAsyncStreamReader<ProduceRequest> requests, IServerStreamWriter<ProduceResponse> responses, ServerCallContext context)
    {
        var failed = new HashSet<(string, int, long)>();
        var acks = System.Threading.Channels.Channel.CreateUnbounded<ProduceResponse>();
        using var cut = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken);
        Task writing = WriteAcksAsync(acks.Reader, responses, cut.Token);
        try
        {
            while (await requests.MoveNext(cut.Token))
            {
                ProduceRequest request = requests.Current;
                if (request.Open is not null)
                {
                    var opened = new ProduceOpened { NodeId = NodeId, BatchesInFlightMax = 1024, BytesInFlightMax = 64 << 20 };
                    await acks.Writer.WriteAsync(new ProduceResponse { Opened = opened });
                }
                else if (request.Batch is { } batch)
                {
                    await AwakeAsync(context);
                    InFlightMost = Math.Max(InFlightMost, Interlocked.Increment(ref _inFlight));
                    if (!Serve(batch, failed, acks.Writer))
                    {
                        throw new RpcException(new Status(StatusCode.Unavailable, "cut"));
                    }
                }
            }
        }
        finally
        {
            Interlocked.Exchange(ref _inFlight, 0);
            acks.Writer.TryComplete();
            await cut.CancelAsync();
            await writing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task WriteAcksAsync(
        System.Threading.Channels.ChannelReader<ProduceResponse> acks,
        IServerStreamWriter<ProduceResponse> responses,
        CancellationToken cut)
    {
        await foreach (ProduceResponse response in acks.ReadAllAsync(cut))
        {
            if (response.Ack is not null && AckGate is { } gate)
            {
                await gate.WaitAsync(cut);
            }

            if (response.Ack is not null)
            {
                Interlocked.Decrement(ref _inFlight);
            }

            await responses.WriteAsync(response, cancellationToken: cut);
            AcksSent += response.Ack is null ? 0 : 1;
        }
    }

    /// <summary>False cuts the stream.</summary>
    private bool Serve(
        ProduceBatch batch, HashSet<(string, int, long)> failed, System.Threading.Channels.ChannelWriter<ProduceResponse> acks)
    {
        FakePartition partition = _topics[batch.Topic][batch.Partition];
        var header = new RecordBatch(batch.Records.Span);
        (string, int, long) row = (batch.Topic, batch.Partition, header.ProducerId.Value);
        Verdict verdict = Judge(Interlocked.Increment(ref _batchesSeen), partition);
        if (verdict == Verdict.Cut)
        {
            return false;
        }

        WireReceipt? receipt = null;
        ErrorCode error = Refusal;
        ErrorCode refusal = RefusalOf(batch);
        if (refusal != ErrorCode.None)
        {
            error = refusal;
        }
        else if (verdict == Verdict.SayUnknown)
        {
            error = ErrorCode.OutcomeUnknown;
        }
        else if (verdict != Verdict.Refuse)
        {
            (receipt, error) = partition.Append(batch.Records.Span, batch.HasExpectedOffset ? batch.ExpectedOffset : null);
            bool isGap = error is ErrorCode.OutOfOrderSequence or ErrorCode.UnknownProducer;
            error = isGap && failed.Contains(row) ? ErrorCode.EarlierBatchFailed : error;
        }

        if (error == ErrorCode.None)
        {
            failed.Remove(row);
        }
        else if (error != ErrorCode.DuplicateSequence && header.ProducerId.IsSome)
        {
            failed.Add(row);
        }

        bool isTaken = refusal == ErrorCode.None;
        if (isTaken && verdict is Verdict.WriteAndCut or Verdict.WriteAndKeepSilent)
        {
            return verdict == Verdict.WriteAndKeepSilent;
        }

        if (isTaken && verdict == Verdict.WriteAndSayUnknown)
        {
            (receipt, error) = (null, ErrorCode.OutcomeUnknown);
        }

        var ack = new ProduceAck { CorrelationId = batch.CorrelationId };
        if (receipt is not null)
        {
            ack.Receipt = receipt;
        }
        else
        {
            ack.Error = ErrorOf(batch.Topic, batch.Partition, error);
            if (ack.Error.Details.FirstOrDefault(d => d.TypeUrl.EndsWith("RetryInfo", StringComparison.Ordinal)) is { } wait)
            {
                // Tests are in a hurry.
                ack.Error.Details.Remove(wait);
            }
        }

        acks.TryWrite(new ProduceResponse { Ack = ack });
        return true;
    }

    private async Task<FetchResponse> FetchAsync(FetchRequest request, ServerCallContext context)
    {
        CancellationToken cancellation = context.CancellationToken;
        using var wait = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        wait.CancelAfter(Math.Max(1, request.MaxWaitMs));
        FetchesSeen++;
        while (true)
        {
            Task[] grown = [.. request.Partitions.Select(p => _topics[p.Topic][p.Partition].Grown), LeadershipMoved];
            var response = new FetchResponse();
            response.Partitions.Add(request.Partitions.Select(p => FetchOne(p, request.AllowFollower)));
            if (response.Partitions.Any(p => p.Error is not null || !p.Batches.IsEmpty) || wait.IsCancellationRequested)
            {
                return response;
            }

            await ((Task)Task.WhenAny(grown)).WaitAsync(wait.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            cancellation.ThrowIfCancellationRequested();
            await AwakeAsync(context);
        }
    }

    private ListOffsetsResponse ListOffsets(ListOffsetsRequest request)
    {
        var response = new ListOffsetsResponse();
        foreach (ListOffsetsPartition p in request.Partitions)
        {
            FakePartition partition = _topics[p.Topic][p.Partition];
            if (!Leads(p.Partition))
            {
                response.Partitions.Add(new Protocol.V1.ListedOffset
                {
                    Topic = p.Topic,
                    Partition = p.Partition,
                    Error = ErrorOf(p.Topic, p.Partition, ErrorCode.NotLeader),
                });
                continue;
            }

            long offset = p.Position.PositionCase switch
            {
                Protocol.V1.Position.PositionOneofCase.Start => partition.LogStart,
                Protocol.V1.Position.PositionOneofCase.End => partition.End,
                Protocol.V1.Position.PositionOneofCase.AfterStart => Math.Min(partition.End, partition.LogStart + p.Position.AfterStart),
                Protocol.V1.Position.PositionOneofCase.BeforeEnd => Math.Max(partition.LogStart, partition.End - p.Position.BeforeEnd),
                Protocol.V1.Position.PositionOneofCase.Offset => p.Position.Offset,
                _ => 0,
            };
            response.Partitions.Add(new Protocol.V1.ListedOffset
            {
                Topic = p.Topic,
                Partition = p.Partition,
                Offset = offset,
                TimestampMs = -1,
                LeaderEpoch = 1,
            });
        }

        return response;
    }
}
