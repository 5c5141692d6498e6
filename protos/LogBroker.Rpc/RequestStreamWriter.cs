using System.Buffers;
using System.Runtime.CompilerServices;

namespace LogBroker.Rpc;

/// <summary>
/// Writes requests into a buffer and sends it: small messages travel together, a message is copied once, and the large tail of one
/// is not copied at all. For one writer at a time; a message released by its marshaller is not touched again, but for its tail,
/// until the write has completed.
/// </summary>
internal sealed class RequestStreamWriter<T>(ClientCall call, Marshaller<T> marshaller, int bytesMax) : IClientStreamWriter<T>
{
    /// <summary>Buffered messages are sent when they are this many bytes, whatever the hint says.</summary>
    private const int BufferedBytesMax = 64 * 1024;

    /// <summary>A larger array goes back to the pool when it is empty.</summary>
    private const int KeptBytesMax = 256 * 1024;

    /// <summary>A shorter tail is copied behind its message, so that small messages travel together.</summary>
    private const int CopiedTailBytesMax = 8 * 1024;

    private readonly PooledBuffer _buffer = new();
    private Stream? _stream;
    private bool _completed;

    public ValueTask WriteAsync(T message, WriteHint hint = WriteHint.Flush, CancellationToken cancellationToken = default)
    {
        if (_completed || call.CurrentEnd is not null)
        {
            marshaller.Release(message);
            return ValueTask.FromException(_completed
                ? new InvalidOperationException("The request stream is complete.")
                : AfterEnd(call.Ended()));
        }
        var tail = MessageWriting.Write(_buffer, marshaller, message, bytesMax);
        if (tail.Length <= CopiedTailBytesMax)
        {
            _buffer.Write(tail.Span);
            tail = default;
        }
        return hint == WriteHint.Buffer && tail.IsEmpty && _buffer.Length < BufferedBytesMax
            ? ValueTask.CompletedTask
            : SendAsync(tail, flush: hint == WriteHint.Flush, cancellationToken);
    }

    public ValueTask FlushAsync(CancellationToken cancellationToken = default) => SendAsync(default, flush: true, cancellationToken);

    public async ValueTask CompleteAsync()
    {
        if (_completed)
            return;
        _completed = true;
        if (_buffer.Length > 0)
            await SendAsync(default, flush: false, default).ConfigureAwait(false);
        _buffer.Dispose();
        call.Content.Complete();
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask SendAsync(ReadOnlyMemory<byte> tail, bool flush, CancellationToken cancellationToken)
    {
        // A message that was broken off in its middle cannot be taken back: cancelling a write ends the call.
        var registration = cancellationToken.CanBeCanceled
            ? cancellationToken.UnsafeRegister(static state => ((ClientCall)state!).End(Status.Cancelled), call)
            : default;
        try
        {
            _stream ??= await call.Content.TakeStreamAsync().ConfigureAwait(false);
            if (_buffer.Length > 0)
                await _stream.WriteAsync(_buffer.Written, call.Cancelled).ConfigureAwait(false);
            _buffer.Clear(KeptBytesMax);
            if (!tail.IsEmpty)
                await _stream.WriteAsync(tail, call.Cancelled).ConfigureAwait(false);
            if (flush)
                await _stream.FlushAsync(call.Cancelled).ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            _buffer.Dispose();
            cancellationToken.ThrowIfCancellationRequested();
            throw Broken(exception);
        }
        finally
        {
            registration.Unregister();
        }
    }

    private RpcException Broken(Exception exception)
    {
        // The server may have ended the call and said why: that status is read with the responses, so it is not replaced here.
        if (call.CurrentEnd is { } end)
            return AfterEnd(end);
        var status = HttpErrors.StatusOf(exception, call.Channel.Address);
        return new RpcException(
            new Status(status.StatusCode, $"The request stream broke; the responses tell the call's status. {status.Detail}"),
            Metadata.None, exception);
    }

    private static RpcException AfterEnd(CallEnd end) => end.Status.IsOk
        ? new RpcException(new Status(StatusCode.Unavailable, "The server has ended the call with OK and takes no more requests."))
        : end.ToException();
}
