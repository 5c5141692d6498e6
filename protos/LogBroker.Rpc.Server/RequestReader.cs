using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;

namespace LogBroker.Rpc.Server;

/// <summary>
/// Reads requests in place from the body's pipe. The bytes of all messages that arrived together are held until the last of
/// them is parsed, and given back then: that is what opens the client's window again. For one reader at a time.
/// </summary>
internal sealed class RequestReader<T>(ServerCall call, Marshaller<T> marshaller) : IAsyncStreamReader<T>
{
    private ReadOnlySequence<byte> _buffer;
    private bool _holding;
    private bool _completed;
    private bool _single;
    private RpcException? _refusal;

    public T Current { get; private set; } = default!;

    public ValueTask<bool> MoveNext(CancellationToken cancellationToken = default)
    {
        if (cancellationToken.IsCancellationRequested)
            return ValueTask.FromCanceled<bool>(cancellationToken);
        if (!TryRead(out var message))
            return ReadAsync(cancellationToken);
        Current = message;
        return new ValueTask<bool>(true);
    }

    public bool TryRead([MaybeNullWhen(false)] out T message)
    {
        message = default;
        ThrowIfEnded();
        if (!_holding)
        {
            if (_completed)
                return false;
            try
            {
                if (!call.Reader.TryRead(out var result))
                    return false;
                Hold(result);
            }
            catch (Exception exception) when (IsLostConnection(exception))
            {
                throw call.Cancelled();
            }
        }
        if (TryParse(out message))
            return true;
        Examined();
        return false;
    }

    /// <summary>Reads the request of a call that has one.</summary>
    public async ValueTask<T> ReadSingleAsync()
    {
        _single = true;
        call.Waits.ForMessage(call.StartedAt);
        bool more;
        try
        {
            if (!await MoveNext())
                throw new RpcException(new Status(StatusCode.Internal, "The call has no request message."));
            more = _holding && !_buffer.IsEmpty;
        }
        finally
        {
            GiveBack();
        }
        if (!more)
            return Current;
        marshaller.Release(Current);
        throw new RpcException(new Status(StatusCode.Internal, "The call has more than one request message."));
    }

    /// <summary>The handler is done: what it has not read goes back to the pipe.</summary>
    public void GiveBack()
    {
        if (!_holding)
            return;
        _holding = false;
        call.Reader.AdvanceTo(_buffer.Start);
        _buffer = default;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<bool> ReadAsync(CancellationToken cancellationToken)
    {
        // The call's own token wakes the read by other means, without a registration for each wait.
        var token = cancellationToken.CanBeCanceled && cancellationToken != call.CancellationToken ? cancellationToken : default;
        while (!_completed)
        {
            if (!_single && call.Waits.MessageSince == 0)
                call.Waits.ForStream(call.Options.TimeProvider.GetTimestamp());
            try
            {
                Hold(await call.Reader.ReadAsync(token));
            }
            catch (Exception exception) when (IsLostConnection(exception))
            {
                throw call.Cancelled();
            }
            ThrowIfEnded();
            if (TryParse(out var message))
            {
                Current = message;
                return true;
            }
            Examined();
        }
        return false;
    }

    private void Hold(in ReadResult result)
    {
        _buffer = result.Buffer;
        _holding = true;
        _completed |= result.IsCompleted;
    }

    /// <summary>Keeps the beginning of a message in the pipe and says that all of it was looked at.</summary>
    private void Examined()
    {
        if (!_holding)
            return;
        var partial = !_buffer.IsEmpty;
        _holding = false;
        call.Reader.AdvanceTo(_buffer.Start, _buffer.End);
        _buffer = default;
        if (!partial)
            return;
        if (_completed)
            throw _refusal = new RpcException(new Status(StatusCode.Internal, "The request ended within a message."));
        call.Waits.ForMessage(call.Options.TimeProvider.GetTimestamp());
    }

    private bool TryParse([MaybeNullWhen(false)] out T message)
    {
        message = default;
        try
        {
            if (_buffer.Length < GrpcProtocol.PrefixBytes)
                return false;
            var length = MessagePrefix.Read(_buffer, call.ReceiveBytesMax);
            if (_buffer.Length - GrpcProtocol.PrefixBytes < length)
                return false;
            var body = _buffer.Slice(GrpcProtocol.PrefixBytes, length);
            message = marshaller.Deserialize(body);
            call.Waits.GotMessage();
            _buffer = _buffer.Slice(body.End);
            if (_buffer.IsEmpty)
                GiveBack();
            return true;
        }
        catch (RpcException exception)
        {
            _refusal = exception;
            throw;
        }
        catch (Google.Protobuf.InvalidProtocolBufferException exception)
        {
            _refusal = new RpcException(new Status(
                StatusCode.InvalidArgument, $"A request of {call.Method.FullName} does not parse: {exception.Message}"));
            throw _refusal;
        }
    }

    private void ThrowIfEnded()
    {
        if (_refusal is not null)
            throw _refusal;
        if (call.Forced is not null)
            throw call.Cancelled();
    }

    /// <summary>What the pipe throws when the client resets the stream or the connection is lost.</summary>
    private static bool IsLostConnection(Exception exception) => exception is IOException;
}
