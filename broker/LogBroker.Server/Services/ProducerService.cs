using LogBroker.Cluster;
using LogBroker.Protocol;
using LogBroker.Protocol.V1;
using LogBroker.Rpc;
using LogBroker.Rpc.Server;

namespace LogBroker.Server;

/// <summary>logbroker.v1.Producer: translates only.</summary>
internal sealed class ProducerService(IBroker broker, StreamLimits limits)
{
    /// <summary>Offers the methods.</summary>
    public void AddTo(ServiceTable table)
    {
        table.Duplex(ServiceMethods.Produce, Produce);
        table.Unary(ServiceMethods.InitProducer, InitProducer);
    }

    private async ValueTask Produce(
        IAsyncStreamReader<ProduceIn> requests, IServerStreamWriter<ProduceOut> responses, ServerCallContext context)
    {
        using var stream = new ProduceStream(broker, limits);
        using var drain = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken);
        using var stopping = context.Stopping.Register(() =>
        {
            stream.Say(new ProduceResponse { GoAway = new GoAway { Reason = "the node is stopping", RetryAfterMs = 1000 } });
            drain.CancelAfter(limits.DrainTime);
        });
        var sending = stream.SendAsync(responses, context.CancellationToken);
        try
        {
            await ReceiveAsync(requests, stream, drain.Token);
        }
        catch (OperationCanceledException) when (!context.CancellationToken.IsCancellationRequested)
        {
            // The node stops and the client went on sending: what was taken is answered, then the stream ends with OK.
        }
        finally
        {
            try
            {
                await stream.WhenAnsweredAsync(context.CancellationToken);
            }
            finally
            {
                stream.Complete();
                await sending;
            }
        }
    }

    private async Task ReceiveAsync(IAsyncStreamReader<ProduceIn> requests, ProduceStream stream, CancellationToken cancellationToken)
    {
        bool isOpen = false;
        while (await requests.MoveNext(cancellationToken))
        {
            var message = requests.Current;
            do
            {
                if (message.Kind is ProduceRequestKind.Batch && isOpen)
                    await stream.HandAsync(message, cancellationToken);
                else if (message.Kind is not ProduceRequestKind.Heartbeat || !isOpen)
                    Open(message, stream, ref isOpen);
            }
            while (requests.TryRead(out message));
        }
    }

    private void Open(in ProduceIn message, ProduceStream stream, ref bool isOpen)
    {
        if (message.Kind is not ProduceRequestKind.Open || isOpen)
        {
            message.Records.Return();
            string problem = isOpen
                ? message.Kind is ProduceRequestKind.Open ? "is `open` a second time" : "has none of `batch` and `heartbeat`"
                : "must be `open` in the first message of the stream";
            throw ErrorMap.Exception(ErrorMap.Invalid("message", message.Kind.ToString().ToLowerInvariant(), problem));
        }

        if (ErrorMap.OutOfRange("open.client_id bytes", message.ClientIdBytes, 0, ProduceInMarshaller.ClientIdBytesMax) is { } error)
            throw ErrorMap.Exception(error);
        isOpen = true;
        stream.Say(new ProduceResponse
        {
            Opened = new ProduceOpened
            {
                NodeId = broker.NodeId.Value,
                ClusterId = broker.ClusterId.ToString(),
                BatchesInFlightMax = limits.BatchesInFlightMax,
                BytesInFlightMax = limits.BytesInFlightMax,
            },
        });
    }

    private async ValueTask<InitProducerResponse> InitProducer(InitProducerRequest request, ServerCallContext context)
    {
        if ((ErrorMap.OutOfRange("producer_id", request.ProducerId, 0, long.MaxValue)
            ?? ErrorMap.OutOfRange("producer_epoch", request.ProducerEpoch, 0, short.MaxValue)) is { } error)
            return ErrorMap.Refuse<InitProducerResponse>(context, error);
        ProducerIdentity? current = request.ProducerId == 0
            ? null
            : new ProducerIdentity(new ProducerId(request.ProducerId), (short)request.ProducerEpoch);
        var result = await broker.InitProducer(current, context.CancellationToken);
        return result.IsOk
            ? new InitProducerResponse { ProducerId = result.Value.Id.Value, ProducerEpoch = result.Value.Epoch }
            : ErrorMap.Refuse<InitProducerResponse>(context, result.Error);
    }
}
