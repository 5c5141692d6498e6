using LogBroker.Protocol;
using LogBroker.Protocol.V1;
using LogBroker.Rpc;

namespace LogBroker.Client;

/// <summary>
/// One open produce stream to one server. Written by its <see cref="NodeSender"/> only; answers are read by a loop of its own. Ends once:
/// then every batch without an answer is handed back to its partition, and only after that does <see cref="Ended"/> complete.
/// </summary>
internal sealed class ProduceStream
{
    private readonly ProducerCore _core;
    private readonly string _server;
    private readonly Action _onLeaving;
    private readonly AsyncDuplexStreamingCall<ProduceOut, ProduceIn> _call;
    private readonly Lock _lock = new();
    /// <summary>Holds a reference to each batch: it must not serve other records while an answer for it may still come.</summary>
    private readonly Dictionary<ulong, (ProducerBatch Batch, int Attempt, int Bytes)> _outstanding = [];

    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ulong _lastId;
    private long _outstandingBytes;
    private int _batchesMax = 1;
    private long _bytesMax = 1;
    private TaskCompletionSource? _room;
    private LogBrokerException? _whyEnded;
    private bool _isDead;
    private volatile bool _isLeaving;

    private ProduceStream(ProducerCore core, string server, AsyncDuplexStreamingCall<ProduceOut, ProduceIn> call, Action onLeaving)
    {
        _onLeaving = onLeaving;
        _core = core;
        _server = server;
        _call = call;
    }

    /// <summary>Completes when the stream has ended and all its batches have gone back.</summary>
    public Task Ended => _ended.Task;

    /// <summary>False when nothing more may be sent: it has ended, or the server has said that it will.</summary>
    public bool IsUsable => !_isLeaving && !Volatile.Read(ref _isDead);

    /// <summary>How long the server asked to stay away when it said that it would end the stream.</summary>
    public TimeSpan ReturnAfter { get; private set; }

    /// <summary>Opens a stream and waits for the server's word.</summary>
    /// <param name="core">The producer.</param>
    /// <param name="server">HOST:PORT.</param>
    /// <param name="onLeaving">Called when the server says that it will end the stream: nothing more may be sent.</param>
    /// <exception cref="LogBrokerException">It was refused, or the server cannot be reached.</exception>
    public static async Task<ProduceStream> OpenAsync(ProducerCore core, string server, Action onLeaving)
    {
        var call = core.Channels.For(server, ChannelUse.Produce).Duplex(ProduceStreamMethod.Produce);
        var stream = new ProduceStream(core, server, call, onLeaving);
        using var timeout = new CancellationTokenSource(core.OpenTimeout, core.Clock);
        try
        {
            await stream.SendOpenAsync(timeout.Token).ConfigureAwait(false);
            bool isAnswered = await call.ResponseStream.MoveNext(timeout.Token).ConfigureAwait(false);
            if (!isAnswered || call.ResponseStream.Current.Control is not { Opened: { } opened })
            {
                throw new LogBrokerException(ErrorCode.Internal, $"{server} did not open the produce stream") { Endpoint = server };
            }

            stream._batchesMax = Math.Max(1, opened.BatchesInFlightMax);
            stream._bytesMax = Math.Max(1, opened.BytesInFlightMax);
        }
        catch (Exception e)
        {
            call.Dispose();
            throw stream.Translate(e);
        }

        LogEvents.ProduceStreamOpened(core.Log, server);
        _ = stream.ReadAsync();
        return stream;
    }

    /// <summary>Waits until the server's window has room for another batch, or the stream ends.</summary>
    public async ValueTask WaitForRoomAsync()
    {
        while (true)
        {
            Task room;
            lock (_lock)
            {
                if (_isDead || (_outstanding.Count < _batchesMax && (_outstandingBytes < _bytesMax || _outstanding.Count == 0)))
                {
                    return;
                }

                _room ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                room = _room.Task;
            }

            await room.ConfigureAwait(false);
        }
    }

    /// <summary>
    /// Sends a batch, without flushing. Never fails: a batch that cannot be sent goes back to its partition like one without an answer.
    /// </summary>
    public async ValueTask SendAsync(ProducerBatch batch, int attempt, int leaderEpoch)
    {
        ReadOnlyMemory<byte> bytes = batch.Finish();
        var head = new ProduceHead(
            ++_lastId,
            batch.Owner.Topic,
            batch.Owner.Partition,
            (RequiredAcks)_core.Options.Acks,
            _core.AckTimeoutMs(batch),
            leaderEpoch,
            batch.ExpectedOffset,
            batch.ExpectedKeyVersion);
        if (!TryRegister(head.CorrelationId, batch, attempt, bytes.Length))
        {
            batch.Owner.OnUnsent(batch, attempt, _whyEnded!);
            return;
        }

        try
        {
            await _call.RequestStream.WriteAsync(new ProduceOut(null, head, bytes), WriteHint.Buffer).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            // The reading loop hands the batches back.
            Abort(Translate(e));
        }
    }

    /// <summary>Sends what was held back.</summary>
    public async ValueTask FlushAsync()
    {
        try
        {
            await _call.RequestStream.FlushAsync().ConfigureAwait(false);
        }
        catch (Exception e)
        {
            Abort(Translate(e));
        }
    }

    /// <summary>Says that nothing more follows; the server answers what it has and ends the stream.</summary>
    public async ValueTask CompleteAsync()
    {
        _isLeaving = true;
        try
        {
            await _call.RequestStream.CompleteAsync().ConfigureAwait(false);
        }
        catch (Exception e)
        {
            Abort(Translate(e));
        }
    }

    /// <summary>Breaks the stream: the reading loop ends it.</summary>
    public void Abort(LogBrokerException why)
    {
        Interlocked.CompareExchange(ref _whyEnded, why, null);
        _call.Dispose();
    }

    private bool TryRegister(ulong id, ProducerBatch batch, int attempt, int bytes)
    {
        lock (_lock)
        {
            if (_isDead)
            {
                return false;
            }

            batch.AddReference();
            _outstanding.Add(id, (batch, attempt, bytes));
            _outstandingBytes += bytes;
            return true;
        }
    }

    private async ValueTask SendOpenAsync(CancellationToken cancellation)
    {
        var open = new ProduceRequest { Open = new ProduceOpen { ClientId = _core.ClientId } };
        try
        {
            await _call.RequestStream.WriteAsync(new ProduceOut(open, default, default), WriteHint.Flush, cancellation)
                .ConfigureAwait(false);
        }
        catch (RpcException)
        {
            // Why the call failed is told where its responses are read.
        }
    }

    private async Task ReadAsync()
    {
        LogBrokerException why;
        try
        {
            while (await _call.ResponseStream.MoveNext().ConfigureAwait(false))
            {
                Take(_call.ResponseStream.Current);
                while (_call.ResponseStream.TryRead(out ProduceIn more))
                {
                    Take(more);
                }
            }

            why = new ServerUnreachableException($"{_server} ended the produce stream") { Endpoint = _server };
        }
        catch (Exception e)
        {
            why = Translate(e);
        }

        End(why);
    }

    private void Take(in ProduceIn message)
    {
        if (message.Control is { } control)
        {
            if (control.GoAway is { } goAway)
            {
                ReturnAfter = TimeSpan.FromMilliseconds(Math.Clamp(goAway.RetryAfterMs, 0, 60_000));
                _isLeaving = true;
                _core.LeadersAreInDoubt(_server, isUnreachable: false);
                _onLeaving();
            }

            return;
        }

        ProduceAckView ack = message.Ack;
        (ProducerBatch Batch, int Attempt, int Bytes) answered;
        TaskCompletionSource? room;
        lock (_lock)
        {
            if (!_outstanding.Remove(ack.CorrelationId, out answered))
            {
                return;
            }

            _outstandingBytes -= answered.Bytes;
            room = _room;
            _room = null;
        }

        room?.TrySetResult();
        ProducerBatch batch = answered.Batch;
        if (ack.Error is null)
        {
            batch.Owner.OnAck(batch, answered.Attempt, ack);
        }
        else
        {
            batch.Owner.OnRefused(batch, answered.Attempt, CallErrors.ToException(ack.Error, new CallStory(_server)));
        }

        _core.DropBatch(batch);
    }

    private void End(LogBrokerException why)
    {
        List<(ProducerBatch Batch, int Attempt)> lost;
        TaskCompletionSource? room;
        lock (_lock)
        {
            _whyEnded ??= why;
            why = _whyEnded;
            _isDead = true;
            lost = [.. _outstanding.OrderBy(o => o.Key).Select(o => (o.Value.Batch, o.Value.Attempt))];
            _outstanding.Clear();
            room = _room;
            _room = null;
        }

        _call.Dispose();
        if (lost.Count > 0)
        {
            LogEvents.ProduceStreamLost(_core.Log, _server, lost.Count, why.Message);
        }

        foreach ((ProducerBatch batch, int attempt) in lost)
        {
            batch.Owner.OnLost(batch, attempt, why);
            _core.DropBatch(batch);
        }

        if (!_isLeaving)
        {
            _core.LeadersAreInDoubt(_server, isUnreachable: false);
        }

        room?.TrySetResult();
        _ended.TrySetResult();
    }

    private LogBrokerException Translate(Exception e) => e switch
    {
        LogBrokerException own => own,
        RpcException rpc => CallErrors.ToException(rpc, new CallStory(_server)),
        OperationCanceledException => new ServerUnreachableException(
            $"cannot reach {_server}: no answer within {_core.OpenTimeout.TotalSeconds} s", e)
        { Endpoint = _server },
        _ => new ServerUnreachableException($"the produce stream to {_server} failed: {e.Message}", e) { Endpoint = _server },
    };
}
