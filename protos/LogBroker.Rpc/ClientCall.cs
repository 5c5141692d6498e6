namespace LogBroker.Rpc;

/// <summary>
/// One call seen by the client: sends the request, takes the response headers, and ends exactly once, with the status of
/// the server or one of its own (cancelled, deadline, connection lost). Thread-safe.
/// </summary>
internal abstract class ClientCall : IDisposable
{
    /// <summary>What timers can hold; a longer deadline is left to the server.</summary>
    private static readonly TimeSpan TimerMax = TimeSpan.FromDays(40);

    private readonly CancellationTokenSource _cancellation = new();
    private readonly TaskCompletionSource<Metadata> _headers = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _lock = new();
    private CancellationTokenRegistration _registration;
    private ITimer? _timer;
    private CallEnd? _end;
    private HttpResponseMessage? _response;
    private Stream? _responseStream;
    private Task _started = Task.CompletedTask;
    private TimeSpan _timeout = TimeSpan.MaxValue;
    private long _startedAt;
    private volatile int _receiveBytesMax;

    protected ClientCall(GrpcChannel channel, Method method, RequestContent content)
    {
        Channel = channel;
        Method = method;
        Content = content;
        _receiveBytesMax = channel.Options.ReceiveBytesMax;
    }

    private static Status DeadlineStatus => new(StatusCode.DeadlineExceeded, "The deadline of the call passed.");

    public GrpcChannel Channel { get; }

    public Method Method { get; }

    public RequestContent Content { get; }

    /// <summary>The largest response accepted, in bytes, from the next one on.</summary>
    public int ReceiveBytesMax
    {
        get => _receiveBytesMax;
        set => _receiveBytesMax = value;
    }

    public Task<Metadata> ResponseHeadersAsync => _headers.Task;

    /// <summary>Fires when the call ends otherwise than by the server's trailers.</summary>
    public CancellationToken Cancelled => _cancellation.Token;

    /// <summary>Status and trailers; null while the call runs.</summary>
    public CallEnd? CurrentEnd => Volatile.Read(ref _end);

    public CallEnd Ended() =>
        CurrentEnd ?? throw new InvalidOperationException("The call has not ended, or its end was not read yet.");

    public void Dispose() => End(new Status(StatusCode.Cancelled, "The call was disposed before its end."));

    /// <summary>Ends the call, unless it has ended: everything that waits for it wakes with the status.</summary>
    public void End(Status status, Metadata? trailers = null, Exception? cause = null, bool byServer = false)
    {
        var end = new CallEnd(status, trailers ?? Metadata.None, cause);
        if (Interlocked.CompareExchange(ref _end, end, null) is not null)
            return;
        _registration.Unregister();
        _timer?.Dispose();
        if (!_headers.Task.IsCompleted && _headers.TrySetException(end.ToException()))
            _ = _headers.Task.Exception;
        Content.Release();
        if (!byServer)
            _cancellation.Cancel();
        lock (_lock)
            _response?.Dispose();
    }

    /// <summary>Ends the call after an exception of the transport, and makes the exception that the caller gets.</summary>
    public RpcException Fail(Exception exception)
    {
        if (CurrentEnd is null)
        {
            var status = HttpErrors.StatusOf(exception, Channel.Address);
            // The server's deadline runs out a little later than ours, but its reset may be faster than our timer.
            End(status.StatusCode == StatusCode.Cancelled && DeadlinePassed() ? DeadlineStatus : status, cause: exception);
        }
        return CurrentEnd!.ToException();
    }

    /// <summary>The response's body, when it is there; null if the call ended with OK without one.</summary>
    /// <exception cref="RpcException">The call ended before, with another status.</exception>
    public async ValueTask<Stream?> ResponseStreamAsync()
    {
        await _started.ConfigureAwait(false);
        if (_responseStream is null && !Ended().Status.IsOk)
            throw Ended().ToException();
        return _responseStream;
    }

    /// <summary>The body is read to its end: takes the status from the trailers.</summary>
    public CallEnd EndByTrailers(bool partialMessage)
    {
        if (partialMessage)
        {
            End(new Status(StatusCode.Internal, "The response ended within a message."));
        }
        else
        {
            var trailers = _response!.TrailingHeaders;
            var status = ResponseHead.StatusOf(trailers)
                ?? new Status(StatusCode.Unknown, "The response ended without a grpc-status.");
            End(status, ResponseHead.MetadataOf(trailers), byServer: true);
        }
        return Ended();
    }

    protected void Begin(in CallOptions options)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, Channel.UriOf(Method))
        {
            Version = System.Net.HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = Content,
        };
        Content.Headers.TryAddWithoutValidation(GrpcProtocol.ContentTypeHeader, GrpcProtocol.ContentType);
        request.Headers.TryAddWithoutValidation(GrpcProtocol.TeHeader, "trailers");
        request.Headers.TryAddWithoutValidation(GrpcProtocol.UserAgentHeader, GrpcProtocol.UserAgent);
        request.Headers.TryAddWithoutValidation(GrpcProtocol.AcceptEncodingHeader, GrpcProtocol.IdentityEncoding);
        if (options.Headers is { } headers)
        {
            foreach (var entry in headers)
                request.Headers.TryAddWithoutValidation(entry.Key, MetadataCoding.Encode(entry));
        }
        if (options.Timeout is { } timeout)
        {
            request.Headers.TryAddWithoutValidation(GrpcProtocol.TimeoutHeader, TimeoutCoding.Encode(timeout));
            StartDeadline(timeout);
        }
        if (options.CancellationToken.CanBeCanceled)
        {
            _registration = options.CancellationToken.UnsafeRegister(
                static state => ((ClientCall)state!).End(Status.Cancelled), this);
            if (CurrentEnd is not null)
                _registration.Unregister();
        }
        if (CurrentEnd is null)
            _started = SendAsync(request);
    }

    private void StartDeadline(TimeSpan timeout)
    {
        _timeout = timeout;
        _startedAt = Channel.Options.TimeProvider.GetTimestamp();
        if (timeout <= TimeSpan.Zero)
        {
            EndByDeadline();
        }
        else if (timeout < TimerMax)
        {
            _timer = Channel.Options.TimeProvider.CreateTimer(
                static state => ((ClientCall)state!).EndByDeadline(), this, timeout, Timeout.InfiniteTimeSpan);
            if (CurrentEnd is not null)
                _timer.Dispose();
        }
    }

    private void EndByDeadline() => End(DeadlineStatus);

    private bool DeadlinePassed() =>
        _timeout != TimeSpan.MaxValue && Channel.Options.TimeProvider.GetElapsedTime(_startedAt) >= _timeout;

    /// <summary>Never fails: afterwards either the response's stream is there or the call has ended.</summary>
    private async Task SendAsync(HttpRequestMessage request)
    {
        try
        {
            var response = await Channel.Invoker.SendAsync(request, _cancellation.Token).ConfigureAwait(false);
            lock (_lock)
            {
                _response = response;
                if (CurrentEnd is not null)
                {
                    response.Dispose();
                    return;
                }
            }
            if (ResponseHead.Refusal(response) is { } refusal)
            {
                End(refusal, ResponseHead.MetadataOf(response.Headers));
                return;
            }
            if (ResponseHead.StatusOf(response.Headers) is { } status)
            {
                // Trailers-only: the headers are the trailers.
                _headers.TrySetResult(Metadata.None);
                End(status, ResponseHead.MetadataOf(response.Headers), byServer: true);
                return;
            }
            _responseStream = await response.Content.ReadAsStreamAsync(_cancellation.Token).ConfigureAwait(false);
            _headers.TrySetResult(ResponseHead.MetadataOf(response.Headers));
        }
        catch (Exception exception)
        {
            Fail(exception);
        }
    }
}

/// <summary>How a call ended. Immutable.</summary>
internal sealed record CallEnd(Status Status, Metadata Trailers, Exception? Cause)
{
    public RpcException ToException() => new(Status, Trailers, Cause);
}
