using System.Threading.Channels;
using LogBroker.Cluster;
using LogBroker.Protocol;
using LogBroker.Protocol.V1;
using LogBroker.Rpc;
using RequiredAcks = LogBroker.Cluster.RequiredAcks;

namespace LogBroker.Server;

/// <summary>
/// One produce stream. Its reader hands batches to the broker in order; outcomes come back on the broker's threads and are queued
/// for its writer, which sends as many as there are before each flush. Owned by one call.
/// </summary>
internal sealed class ProduceStream : IProduceSink, IDisposable
{
    private const int NoSlot = -1;

    private readonly IBroker _broker;
    private readonly InFlightBatches _inFlight;
    private readonly Channel<QueuedAnswer> _answers =
        Channel.CreateUnbounded<QueuedAnswer>(new UnboundedChannelOptions { SingleReader = true });
    private readonly ITimer _heartbeats;
    private volatile bool _isQuiet;

    public ProduceStream(IBroker broker, StreamLimits limits)
    {
        _broker = broker;
        _inFlight = new InFlightBatches(limits.BatchesInFlightMax, limits.BytesInFlightMax);
        _heartbeats = limits.Time.CreateTimer(
            static state => ((ProduceStream)state!).Beat(), this, limits.HeartbeatInterval, limits.HeartbeatInterval);
    }

    /// <summary>Queues an answer that is no ack.</summary>
    public void Say(ProduceResponse response) => _answers.Writer.TryWrite(new QueuedAnswer(new ProduceOut(default, response), NoSlot));

    /// <summary>Hands one batch to the broker; completes when the next may follow.</summary>
    public async ValueTask HandAsync(ProduceIn message, CancellationToken cancellationToken)
    {
        var head = message.Head;
        int slot;
        try
        {
            slot = await _inFlight.AddAsync(new InFlightBatch(head.CorrelationId, message.Records.Length), cancellationToken);
        }
        catch (OperationCanceledException)
        {
            message.Records.Return();
            throw;
        }

        if (Check(head) is { } error)
        {
            message.Records.Return();
            Completed((ulong)slot, new ProduceOutcome { Error = error });
            return;
        }

        var command = new ProduceCommand(
            new TopicPartition(head.Topic, head.Partition),
            (ulong)slot,
            head.Acks == Protocol.V1.RequiredAcks.Unspecified ? RequiredAcks.Quorum : (RequiredAcks)head.Acks,
            head.TimeoutMs == 0 ? Limits.ProduceTimeoutMsDefault : head.TimeoutMs,
            new Epoch(head.LeaderEpoch))
        {
            ExpectedOffset = head.ExpectedOffset,
            ExpectedKeyVersion = head.ExpectedKeyVersion,
        };
        await _broker.Produce(command, message.Records, this);
    }

    /// <inheritdoc/>
    public void Completed(ulong correlationId, in ProduceOutcome outcome)
    {
        int slot = (int)correlationId;
        _answers.Writer.TryWrite(new QueuedAnswer(new ProduceOut(AckOf(_inFlight[slot], outcome), null), slot));
    }

    /// <summary>Waits until every batch was answered.</summary>
    public Task WhenAnsweredAsync(CancellationToken cancellationToken) => _inFlight.WhenEmptyAsync(cancellationToken);

    /// <summary>No more answers will come: the writer ends when it has sent what is queued.</summary>
    public void Complete() => _answers.Writer.TryComplete();

    /// <summary>Sends answers until <see cref="Complete"/>.</summary>
    public async Task SendAsync(IServerStreamWriter<ProduceOut> responses, CancellationToken cancellationToken)
    {
        while (await _answers.Reader.WaitToReadAsync(cancellationToken))
        {
            _isQuiet = false;
            while (_answers.Reader.TryRead(out var answer))
            {
                await responses.WriteAsync(answer.Message, WriteHint.Buffer, cancellationToken);

                // Only now: a client that does not read its acks is held back instead of filling the memory with them.
                if (answer.Slot != NoSlot)
                    _inFlight.Remove(answer.Slot);
            }

            await responses.FlushAsync(cancellationToken);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _heartbeats.Dispose();
        Complete();
    }

    private void Beat()
    {
        if (_isQuiet)
            _answers.Writer.TryWrite(new QueuedAnswer(ProduceOut.Heartbeat, NoSlot));
        _isQuiet = true;
    }

    private static ProduceAckView AckOf(in InFlightBatch batch, in ProduceOutcome outcome)
    {
        var error = outcome.Error;
        return error is null
            ? new ProduceAckView(batch.CorrelationId, null, outcome.BaseOffset.Value, outcome.LeaderEpoch.Value,
                (Durability)outcome.Durability, outcome.IsDuplicate, outcome.AppendTimeMs)
            : new ProduceAckView(batch.CorrelationId, ErrorMap.ToStatus(error), 0, 0, default, false, 0);
    }

    private static BrokerError? Check(in ProduceHead head)
    {
        if ((int)head.Acks is < 0 or > (int)RequiredAcks.None)
        {
            string acks = ((int)head.Acks).ToString(System.Globalization.CultureInfo.InvariantCulture);
            return new BrokerError(ErrorCode.InvalidRequiredAcks, $"acks {acks} is none of 1 (quorum), 2 (leader), 3 (none)")
            {
                Metadata = new Dictionary<string, string> { ["acks"] = acks },
            };
        }

        return ErrorMap.OutOfRange("timeout_ms", head.TimeoutMs, 0, Limits.ProduceTimeoutMsMax)
            ?? ErrorMap.OutOfRange("leader_epoch", head.LeaderEpoch, 0, int.MaxValue)
            ?? ErrorMap.OutOfRange("expected_offset", head.ExpectedOffset ?? 0, 0, long.MaxValue)
            ?? ErrorMap.OutOfRange("expected_key_version", head.ExpectedKeyVersion ?? -1, -1, long.MaxValue);
    }
}

/// <summary>A message for the client, and the slot that is free when it was written.</summary>
internal readonly record struct QueuedAnswer(ProduceOut Message, int Slot);

/// <summary>What one stream may hold, and its clock.</summary>
internal sealed record StreamLimits(
    int BatchesInFlightMax, long BytesInFlightMax, TimeSpan HeartbeatInterval, TimeSpan DrainTime, TimeProvider Time);
