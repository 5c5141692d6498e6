using LogBroker.Protocol;
using LogBroker.Storage;

namespace LogBroker.Peers.Tests;

/// <summary>Bytes that stand for a lease; counts how often it is given back, and can fail at a place.</summary>
internal sealed class FakeSlice(byte[] bytes, int failsAt = int.MaxValue) : LogSlice
{
    private int _disposed;

    public int Disposed => Volatile.Read(ref _disposed);

    public override int Length => bytes.Length;

    public override Offset BaseOffset => Offset.Zero;

    public override Offset NextOffset => new(1);

    public static FakeSlice Random(int length, int failsAt = int.MaxValue)
    {
        var bytes = new byte[length];
        new Random(length).NextBytes(bytes);
        return new FakeSlice(bytes, failsAt);
    }

    public byte[] ToArray() => bytes;

    public override void CopyTo(int start, Span<byte> destination)
    {
        Assert.Equal(0, Disposed);
        if (start + destination.Length > failsAt)
            throw new DiskReadException("read", "fake", 5, "Input/output error");
        bytes.AsSpan(start, destination.Length).CopyTo(destination);
    }

    public override void Dispose() => Interlocked.Increment(ref _disposed);
}
