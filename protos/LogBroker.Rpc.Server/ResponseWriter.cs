using System.IO.Pipelines;
using System.Runtime.CompilerServices;

namespace LogBroker.Rpc.Server;

/// <summary>
/// Writes responses straight into Kestrel's pipe. Waiting for the flush is the back-pressure: it lasts while the client's
/// window is closed. For one writer at a time.
/// </summary>
internal sealed class ResponseWriter<T>(ServerCall call, Marshaller<T> marshaller) : IServerStreamWriter<T>
{
    /// <summary>Buffered messages are sent when they are this many bytes, whatever the hint says.</summary>
    private const int BufferedBytesMax = 64 * 1024;

    private long _buffered;

    public ValueTask WriteAsync(T message, WriteHint hint = WriteHint.Flush, CancellationToken cancellationToken = default)
    {
        try
        {
            if (call.Forced is not null)
                throw call.Cancelled();
            cancellationToken.ThrowIfCancellationRequested();
            var size = marshaller.GetSize(message);
            if (size > call.Options.SendBytesMax)
                throw MessagePrefix.TooLargeToSend(size, call.Options.SendBytesMax);
            call.StartResponse();
            var output = call.Writer;
            MessagePrefix.Write(output.GetSpan(GrpcProtocol.PrefixBytes), size);
            output.Advance(GrpcProtocol.PrefixBytes);
            _buffered += GrpcProtocol.PrefixBytes + size;
            var before = output.CanGetUnflushedBytes ? output.UnflushedBytes : -1;
            var written = Serialize(message, output, cancellationToken);
            if (!written.IsCompletedSuccessfully)
                return FinishAsync(written, message, hint, cancellationToken);
            // A larger message may have been flushed in pieces, and what was flushed is not counted.
            if (before >= 0 && size <= BufferedBytesMax && output.UnflushedBytes - before != size)
                throw Torn(size, output.UnflushedBytes - before);
        }
        catch (Exception exception)
        {
            marshaller.Release(message);
            return ValueTask.FromException(exception);
        }
        marshaller.Release(message);
        return hint == WriteHint.Buffer && _buffered < BufferedBytesMax ? ValueTask.CompletedTask : FlushAsync(cancellationToken);
    }

    public ValueTask FlushAsync(CancellationToken cancellationToken = default)
    {
        _buffered = 0;
        call.StartResponse();
        var token = cancellationToken.CanBeCanceled && cancellationToken != call.CancellationToken ? cancellationToken : default;
        var flush = call.Writer.FlushAsync(token);
        if (!flush.IsCompletedSuccessfully)
            return WaitAsync(flush);
        return Flushed(flush.Result) ? ValueTask.CompletedTask : ValueTask.FromException(call.Cancelled());
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask WaitAsync(ValueTask<FlushResult> flush)
    {
        call.Waits.ForFlush(call.Options.TimeProvider.GetTimestamp());
        try
        {
            if (!Flushed(await flush))
                throw call.Cancelled();
        }
        finally
        {
            call.Waits.Flushed();
        }
    }

    private ValueTask Serialize(T message, PipeWriter output, CancellationToken cancellationToken)
    {
        try
        {
            return marshaller.SerializeAsync(message, output, cancellationToken);
        }
        catch
        {
            call.Reset(GrpcProtocol.ErrorInternal);
            throw;
        }
    }

    private async ValueTask FinishAsync(ValueTask written, T message, WriteHint hint, CancellationToken cancellationToken)
    {
        call.Waits.ForFlush(call.Options.TimeProvider.GetTimestamp());
        try
        {
            await written;
        }
        catch
        {
            call.Reset(GrpcProtocol.ErrorInternal);
            throw;
        }
        finally
        {
            call.Waits.Flushed();
            marshaller.Release(message);
        }
        if (hint == WriteHint.Flush || _buffered >= BufferedBytesMax)
            await FlushAsync(cancellationToken);
    }

    private bool Flushed(in FlushResult result) => !result.IsCompleted && !(result.IsCanceled && call.Forced is not null);

    /// <summary>The message's bytes do not match its prefix: what follows could not be read, so the call is cut off.</summary>
    private InvalidOperationException Torn(long size, long written)
    {
        call.Reset(GrpcProtocol.ErrorInternal);
        return MessageWriting.WrongSize(marshaller, size, written);
    }
}
