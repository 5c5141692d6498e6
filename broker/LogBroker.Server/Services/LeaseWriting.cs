using System.Buffers;
using System.IO.Pipelines;
using LogBroker.Storage;

namespace LogBroker.Server;

/// <summary>
/// The last copy: from a lease over mapped pages into the response writer, in pieces of at most <see cref="PieceBytesMax"/>, because
/// a lease populates its pages right before each copy.
/// </summary>
internal static class LeaseWriting
{
    /// <summary>Bytes per copy.</summary>
    public const int PieceBytesMax = 64 * 1024;

    /// <summary>Writes all bytes of a lease without waiting.</summary>
    public static void Write(LogSlice slice, IBufferWriter<byte> output)
    {
        for (int at = 0; at < slice.Length;)
            at += WritePiece(slice, at, output);
    }

    /// <summary>
    /// Writes all bytes of a lease, handing them to the network whenever a piece's worth waits, so that little is buffered. A message
    /// that is smaller than a piece is not flushed in here.
    /// </summary>
    public static async ValueTask WriteAsync(LogSlice slice, PipeWriter output, CancellationToken cancellationToken)
    {
        for (int at = 0; at < slice.Length;)
        {
            await MakeRoomAsync(output, cancellationToken);
            at += WritePiece(slice, at, output);
        }
    }

    /// <summary>Hands what waits to the network when it is a piece's worth.</summary>
    public static ValueTask MakeRoomAsync(PipeWriter output, CancellationToken cancellationToken) =>
        output.UnflushedBytes >= PieceBytesMax ? FlushAsync(output, cancellationToken) : ValueTask.CompletedTask;

    /// <summary>Writes the bytes of a lease from a place on, at most a piece; how many.</summary>
    public static int WritePiece(LogSlice slice, int at, IBufferWriter<byte> output)
    {
        int count = Math.Min(PieceBytesMax, slice.Length - at);
        slice.CopyTo(at, output.GetSpan(count)[..count]);
        output.Advance(count);
        return count;
    }

    private static async ValueTask FlushAsync(PipeWriter output, CancellationToken cancellationToken)
    {
        var flushed = await output.FlushAsync(cancellationToken);
        if (flushed.IsCompleted)
            throw new OperationCanceledException("the client has gone");
    }
}
