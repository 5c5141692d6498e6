using System.Net;

namespace LogBroker.Rpc;

/// <summary>
/// The body of a request. For a single request the bytes are there from the start; for a stream the body hands out its
/// stream and stays open until the writer says that it is complete. SocketsHttpHandler runs it beside the response.
/// </summary>
internal sealed class RequestContent : HttpContent
{
    private readonly PooledBuffer? _single;
    private readonly TaskCompletionSource? _opened;
    private readonly TaskCompletionSource? _completed;
    private readonly Lock _lock = new();

    // Guarded by _lock: the pooled bytes go back only when nobody sends them any more.
    private int _sending;
    private bool _released;

    // Guarded by _lock: the newest stream, and whether the writer has taken it.
    private Stream? _stream;
    private bool _taken;

    private RequestContent(PooledBuffer? single)
    {
        _single = single;
        if (single is not null)
            return;
        _opened = new(TaskCreationOptions.RunContinuationsAsynchronously);
        _completed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    /// <summary>A body of one message, which it owns.</summary>
    public static RequestContent Single(PooledBuffer message) => new(message);

    /// <summary>A body of many messages.</summary>
    public static RequestContent Stream() => new(null);

    /// <summary>
    /// The stream to write to, once the request's headers are on the way. Until it is taken the handler may still move the
    /// call to another connection, when the first one refuses it.
    /// </summary>
    public async ValueTask<Stream> TakeStreamAsync()
    {
        await _opened!.Task.ConfigureAwait(false);
        lock (_lock)
        {
            _taken = true;
            return _stream!;
        }
    }

    /// <summary>Ends the body of a stream.</summary>
    public void Complete() => _completed!.TrySetResult();

    /// <summary>The call has ended: gives back what is pooled, or breaks off the stream.</summary>
    public void Release()
    {
        if (_single is null)
        {
            _completed!.TrySetCanceled();
            _opened!.TrySetCanceled();
            return;
        }
        lock (_lock)
        {
            if (_released)
                return;
            _released = true;
            if (_sending == 0)
                _single.Dispose();
        }
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken) =>
        _single is null ? OpenAsync(stream, cancellationToken) : SendSingleAsync(stream, _single, cancellationToken);

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }

    private async Task OpenAsync(Stream stream, CancellationToken cancellationToken)
    {
        // Without this flush the headers wait in the connection's buffer for data that may never come.
        await stream.FlushAsync(cancellationToken).ConfigureAwait(false);
        lock (_lock)
        {
            if (_taken)
                throw new IOException("The connection refused the call after requests were written: it cannot be sent again.");
            _stream = stream;
        }
        _opened!.TrySetResult();
        await _completed!.Task.ConfigureAwait(false);
    }

    private async Task SendSingleAsync(Stream stream, PooledBuffer message, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (_released)
                throw new OperationCanceledException();
            _sending++;
        }
        try
        {
            await stream.WriteAsync(message.Written, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            lock (_lock)
            {
                if (--_sending == 0 && _released)
                    message.Dispose();
            }
        }
    }
}
