using System.Net.Sockets;
using System.Runtime.CompilerServices;

namespace LogBroker.Rpc;

/// <summary>
/// A connection that is read 64 KiB at a time. SocketsHttpHandler asks for little more than one frame of 16 KiB, which costs it two
/// receives and often a hop between threads for each; what this has already is handed over at once. For one reader and one writer at a
/// time.
/// </summary>
internal sealed class ReadAheadStream(Stream inner) : Stream
{
    private const int BufferBytes = 64 * 1024;

    private byte[] _buffer = [];
    private int _start;
    private int _end;

    public override bool CanRead => true;

    public override bool CanWrite => true;

    public override bool CanSeek => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>Connects as SocketsHttpHandler itself would.</summary>
    public static async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(context.DnsEndPoint, cancellationToken).ConfigureAwait(false);
            return new ReadAheadStream(new NetworkStream(socket, ownsSocket: true));
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    public override int Read(Span<byte> buffer)
    {
        if (!HasEnoughFor(buffer.Length))
            Filled(inner.Read(_buffer));
        return Take(buffer);
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (HasEnoughFor(buffer.Length))
            return new ValueTask<int>(Take(buffer.Span));
        // Somebody waits for data without lending memory.
        return buffer.IsEmpty ? inner.ReadAsync(buffer, cancellationToken) : FillAsync(buffer, cancellationToken);
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override void Write(ReadOnlySpan<byte> buffer) => inner.Write(buffer);

    public override void Write(byte[] buffer, int offset, int count) => inner.Write(buffer, offset, count);

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
        inner.WriteAsync(buffer, cancellationToken);

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        inner.WriteAsync(buffer, offset, count, cancellationToken);

    public override void Flush() => inner.Flush();

    public override Task FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            inner.Dispose();
        base.Dispose(disposing);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<int> FillAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        Filled(await inner.ReadAsync(_buffer, cancellationToken).ConfigureAwait(false));
        return Take(buffer.Span);
    }

    /// <summary>True when there is something to hand over; otherwise the buffer is empty and there.</summary>
    private bool HasEnoughFor(int wanted)
    {
        if (_end > _start)
            return true;
        if (_buffer.Length == 0 && wanted > 0)
            _buffer = GC.AllocateUninitializedArray<byte>(BufferBytes);
        return false;
    }

    private void Filled(int bytes)
    {
        _start = 0;
        _end = bytes;
    }

    private int Take(Span<byte> buffer)
    {
        int count = Math.Min(buffer.Length, _end - _start);
        _buffer.AsSpan(_start, count).CopyTo(buffer);
        _start += count;
        return count;
    }
}
