using System.IO.Pipelines;
using Microsoft.AspNetCore.Http.Features;

namespace LogBroker.Rpc.Server;

/// <summary>
/// One call seen by the server: its features of Kestrel, its cancellation, and its end. Headers, trailers and status are
/// written by the call's own flow; <see cref="Force"/> may come from any thread.
/// </summary>
internal sealed class ServerCall : ServerCallContext
{
    /// <summary>What timers can hold; a later deadline is left to the client.</summary>
    private static readonly TimeSpan TimerMax = TimeSpan.FromDays(40);

    private readonly IFeatureCollection _features;
    private readonly IHttpRequestFeature _request;
    private readonly IHttpResponseFeature _response;
    private readonly IHttpRequestLifetimeFeature _lifetime;
    private readonly Lock _lock = new();
    private DateTimeOffset _deadline = DateTimeOffset.MaxValue;
    private CancellationTokenSource? _cancellation;
    private CancellationTokenRegistration _aborted;
    private ITimer? _deadlineTimer;
    private Metadata? _requestHeaders;
    private Metadata? _responseTrailers;
    private string? _peer;
    private ForcedEnd? _forced;
    private bool _finished;

    public ServerCall(IFeatureCollection features, Method method, GrpcServerOptions options, CancellationToken stopping)
    {
        _features = features;
        _request = features.GetRequiredFeature<IHttpRequestFeature>();
        _response = features.GetRequiredFeature<IHttpResponseFeature>();
        _lifetime = features.GetRequiredFeature<IHttpRequestLifetimeFeature>();
        Method = method;
        Options = options;
        Stopping = stopping;
        ReceiveBytesMax = options.ReceiveBytesMax;
        StartedAt = options.TimeProvider.GetTimestamp();
        Reader = features.GetRequiredFeature<IRequestBodyPipeFeature>().Reader;
        Writer = features.GetRequiredFeature<IHttpResponseBodyFeature>().Writer;
    }

    public GrpcServerOptions Options { get; }

    public PipeReader Reader { get; }

    public PipeWriter Writer { get; }

    /// <summary>Timestamp of the call's arrival.</summary>
    public long StartedAt { get; }

    /// <summary>What the call waits for, and since when: told by its flow, read by the sweep.</summary>
    public CallWaits Waits { get; } = new();

    /// <summary>True once the headers are fixed, so that the status must go into trailers.</summary>
    public bool ResponseStarted { get; private set; }

    /// <summary>The end that was forced on the call, if any; it replaces what the handler says.</summary>
    public ForcedEnd? Forced => Volatile.Read(ref _forced);

    /// <summary>True when the client has reset the call or the connection is lost.</summary>
    public bool ClientGone => _lifetime.RequestAborted.IsCancellationRequested;

    public override Method Method { get; }

    public override string Peer => _peer ??= PeerAddress.Of(_features.Get<IHttpConnectionFeature>());

    public override string ConnectionId => _features.Get<IHttpConnectionFeature>()?.ConnectionId ?? "";

    public override DateTimeOffset Deadline => _deadline;

    public override CancellationToken Stopping { get; }

    public override int ReceiveBytesMax { get; set; }

    public override Metadata RequestHeaders => _requestHeaders ??= HeaderMetadata.Read(_request.Headers);

    public override Metadata ResponseTrailers => _responseTrailers ??= new Metadata();

    public override Status Status { get; set; } = Status.Success;

    public override CancellationToken CancellationToken
    {
        get
        {
            lock (_lock)
            {
                if (_cancellation is not null)
                    return _cancellation.Token;
                _cancellation = new CancellationTokenSource();
                if (_forced is not null)
                    _cancellation.Cancel();
                else if (!_finished)
                    _aborted = _lifetime.RequestAborted.UnsafeRegister(static state => ((ServerCall)state!).CancelToken(), this);
                return _cancellation.Token;
            }
        }
    }

    /// <summary>
    /// The call's cancellation as an exception, for a reader or writer that finds the call dead: they may be the first to
    /// know, and what else watches the token must hear it too.
    /// </summary>
    public OperationCanceledException Cancelled()
    {
        var token = CancellationToken;
        CancelToken();
        return new OperationCanceledException("The call is cancelled.", token);
    }

    public override async ValueTask WriteResponseHeadersAsync(Metadata headers)
    {
        if (ResponseStarted)
            throw new InvalidOperationException("The response headers were sent already.");
        HeaderMetadata.Write(headers, _response.Headers);
        StartResponse();
        await Writer.FlushAsync();
    }

    /// <summary>Fixes the response headers; they travel with the first flush.</summary>
    public void StartResponse()
    {
        if (ResponseStarted)
            return;
        ResponseStarted = true;
        _response.Headers.ContentType = GrpcProtocol.ContentType;
    }

    public void StartDeadline(TimeSpan timeout)
    {
        if (timeout >= TimerMax)
            return;
        _deadline = Options.TimeProvider.GetUtcNow() + timeout;
        _deadlineTimer = Options.TimeProvider.CreateTimer(
            static state => ((ServerCall)state!).Force(new Status(StatusCode.DeadlineExceeded, "The deadline of the call passed.")),
            this,
            timeout,
            Timeout.InfiniteTimeSpan);
    }

    /// <summary>Cancels the call from outside of its flow; the first one wins. It ends with this status.</summary>
    public void Force(Status status)
    {
        var forced = new ForcedEnd(status, Options.TimeProvider.GetTimestamp());
        if (Interlocked.CompareExchange(ref _forced, forced, null) is not null)
            return;
        lock (_lock)
        {
            // After its end the pipes belong to the connection's next call.
            if (_finished)
                return;
            try
            {
                Reader.CancelPendingRead();
                Writer.CancelPendingFlush();
            }
            catch (Exception)
            {
                // The client or a reset was faster: what they left behind in the pipes has woken reader and writer already.
                // This runs on timers, where an exception would end the process.
            }
        }
        CancelToken();
    }

    /// <summary>Cuts the stream off: the client sees a reset instead of a status.</summary>
    public void Reset(int errorCode)
    {
        lock (_lock)
        {
            if (!_finished)
                _features.Get<IHttpResetFeature>()?.Reset(errorCode);
        }
    }

    /// <summary>The flow is over: nothing of Kestrel is touched from other threads any more.</summary>
    public void Finish()
    {
        lock (_lock)
            _finished = true;
        _deadlineTimer?.Dispose();
        _aborted.Unregister();
    }

    /// <summary>Writes status and trailers; Kestrel sends them when the flow returns.</summary>
    public void WriteEnd(Status status, Metadata? furtherTrailers)
    {
        var headers = _response.Headers;
        if (ResponseStarted)
            headers = _features.GetRequiredFeature<IHttpResponseTrailersFeature>().Trailers;
        else
            StartResponse();
        HeaderMetadata.WriteStatus(status, headers);
        if (_responseTrailers is not null)
            HeaderMetadata.Write(_responseTrailers, headers);
        if (furtherTrailers is not null)
            HeaderMetadata.Write(furtherTrailers, headers);
    }

    private void CancelToken()
    {
        CancellationTokenSource? cancellation;
        lock (_lock)
            cancellation = _cancellation;
        // Not here: the callbacks are the handler's code, and this may be a timer's thread.
        _ = cancellation?.CancelAsync();
    }
}

/// <summary>An end that did not come from the handler.</summary>
/// <param name="Status">What the client is told.</param>
/// <param name="At">Timestamp.</param>
internal sealed record ForcedEnd(Status Status, long At);
