using LogBroker.Protocol;

namespace LogBroker.Storage;

/// <summary>
/// A lease over whole record batches of one segment: bytes as they are in the file, mapped or read, never copied by us before
/// <see cref="CopyTo"/>. Dispose it exactly once, when the bytes were written out; until then its file is neither unmapped nor its
/// space freed. Not thread-safe; may move from thread to thread.
/// </summary>
public abstract class LogSlice : IDisposable
{
    /// <summary>Bytes in the slice: whole batches, at least one with records, never an epoch row; 0 for <see cref="Empty"/>.</summary>
    public abstract int Length { get; }

    /// <summary>Base offset of the first batch; it may lie in front of the offset that was asked for.</summary>
    public abstract Offset BaseOffset { get; }

    /// <summary>The offset behind the last record in the slice.</summary>
    public abstract Offset NextOffset { get; }

    /// <summary>A slice without bytes, at an offset.</summary>
    public static LogSlice Empty(Offset at) => new EmptyLogSlice(at);

    /// <summary>
    /// Copies <c>destination.Length</c> bytes from <paramref name="start"/> on. Populates mapped pages right before each copy of at
    /// most 64 KiB, so that an I/O error is an exception and not a signal.
    /// </summary>
    /// <exception cref="IOException">The disk could not be read.</exception>
    public abstract void CopyTo(int start, Span<byte> destination);

    /// <summary>Gives the lease back.</summary>
    public abstract void Dispose();

    private sealed class EmptyLogSlice(Offset at) : LogSlice
    {
        public override int Length => 0;

        public override Offset BaseOffset => at;

        public override Offset NextOffset => at;

        public override void CopyTo(int start, Span<byte> destination) => Invariant.Require(destination.IsEmpty);

        public override void Dispose()
        {
        }
    }
}
