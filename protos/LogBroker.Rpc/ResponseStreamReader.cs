using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using Google.Protobuf;

namespace LogBroker.Rpc;

/// <summary>
/// Reads responses from the body into one pooled array and parses them in place. The array follows the bytes that have
/// arrived, never the length that a prefix merely declares. For one reader at a time.
/// </summary>
internal sealed class ResponseStreamReader<T>(ClientCall call, Marshaller<T> marshaller) : IAsyncStreamReader<T>
{
    private const int FirstBytes = 16 * 1024;

    /// <summary>Up to here the array is made as large as the prefix asks; beyond, it grows to four times what has arrived.</summary>
    private const int TrustedBytesMax = 1024 * 1024;

    /// <summary>A larger array goes back to the pool when it is empty.</summary>
    private const int KeptBytesMax = 256 * 1024;

    private byte[] _array = [];
    private int _start;
    private int _end;

    /// <summary>Prefix and length of the message in front, once its prefix is here; else 0.</summary>
    private int _frameBytes;

    /// <summary>The same of the message before.</summary>
    private int _lastFrameBytes;

    private Stream? _stream;

    public T Current { get; private set; } = default!;

    public ValueTask<bool> MoveNext(CancellationToken cancellationToken = default)
    {
        if (call.CurrentEnd is { Status.IsOk: false } end)
            return ValueTask.FromException<bool>(end.ToException());
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
        try
        {
            var available = _end - _start;
            if (_frameBytes == 0)
            {
                if (available < GrpcProtocol.PrefixBytes)
                    return false;
                _frameBytes = checked(MessagePrefix.Read(_array.AsSpan(_start), call.ReceiveBytesMax) + GrpcProtocol.PrefixBytes);
            }
            if (available < _frameBytes)
                return false;
            var bodyAt = _start + GrpcProtocol.PrefixBytes;
            var bodyBytes = _frameBytes - GrpcProtocol.PrefixBytes;
            _start += _frameBytes;
            _lastFrameBytes = _frameBytes;
            _frameBytes = 0;
            message = marshaller.TakesBody
                ? marshaller.DeserializeTaken(GiveArray(), bodyAt, bodyBytes)
                : marshaller.Deserialize(new ReadOnlySequence<byte>(_array, bodyAt, bodyBytes));
            return true;
        }
        catch (RpcException exception)
        {
            call.End(exception.Status);
            throw;
        }
        catch (Exception exception) when (exception is InvalidProtocolBufferException or OverflowException)
        {
            call.End(new Status(StatusCode.Internal, $"A response of {call.Method.FullName} does not parse: {exception.Message}"));
            throw call.Ended().ToException();
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<bool> ReadAsync(CancellationToken cancellationToken)
    {
        var registration = cancellationToken.CanBeCanceled
            ? cancellationToken.UnsafeRegister(static state => ((ClientCall)state!).End(Status.Cancelled), call)
            : default;
        try
        {
            if (call.CurrentEnd is { Status.IsOk: true })
                return false;
            _stream ??= await call.ResponseStreamAsync().ConfigureAwait(false);
            if (_stream is null)
                return false;
            while (true)
            {
                var room = MakeRoom();
                var read = await _stream.ReadAsync(room, call.Cancelled).ConfigureAwait(false);
                if (read == 0)
                    return AtEnd();
                _end += read;
                if (TryRead(out var message))
                {
                    Current = message;
                    return true;
                }
            }
        }
        catch (RpcException) when (!cancellationToken.IsCancellationRequested)
        {
            throw;
        }
        catch (Exception exception)
        {
            var failure = call.Fail(exception);
            cancellationToken.ThrowIfCancellationRequested();
            throw failure;
        }
        finally
        {
            registration.Unregister();
        }
    }

    private bool AtEnd()
    {
        var end = call.CurrentEnd ?? call.EndByTrailers(partialMessage: _end > _start);
        Return();
        return end.Status.IsOk ? false : throw end.ToException();
    }

    /// <summary>
    /// Where the next bytes go. Behind a large message no more is read than belongs to it (or to one as large as the one
    /// before), so that large messages of equal size are never moved within the array.
    /// </summary>
    private Memory<byte> MakeRoom()
    {
        var available = _end - _start;
        if (available == 0)
        {
            _start = _end = 0;
            if (_array.Length > KeptBytesMax)
                Return();
        }
        var wanted = Math.Max(_frameBytes, available + 1);
        var capacity = Math.Max(FirstBytes, Math.Min(
            wanted, Math.Max(TrustedBytesMax, (int)Math.Min(Array.MaxLength, 4L * available))));
        if (_array.Length < capacity)
        {
            var grown = ArrayPool<byte>.Shared.Rent(capacity);
            _array.AsSpan(_start, available).CopyTo(grown);
            Return();
            _array = grown;
            _end = available;
        }
        else if (_array.Length - _start < capacity)
        {
            _array.AsSpan(_start, available).CopyTo(_array);
            _start = 0;
            _end = available;
        }
        var expected = _frameBytes > 0 ? _frameBytes : _lastFrameBytes;
        var room = _array.AsMemory(_end);
        return expected > FirstBytes && expected > available && expected - available < room.Length
            ? room[..(expected - available)]
            : room;
    }

    /// <summary>Lets the array go, and keeps what has arrived behind the message on another one.</summary>
    private byte[] GiveArray()
    {
        var given = _array;
        var left = given.AsSpan(_start, _end - _start);
        _array = left.IsEmpty ? [] : ArrayPool<byte>.Shared.Rent(Math.Max(left.Length, FirstBytes));
        left.CopyTo(_array);
        _start = 0;
        _end = left.Length;
        return given;
    }

    private void Return()
    {
        _start = _end = 0;
        if (_array.Length == 0)
            return;
        var array = _array;
        _array = [];
        ArrayPool<byte>.Shared.Return(array);
    }
}
