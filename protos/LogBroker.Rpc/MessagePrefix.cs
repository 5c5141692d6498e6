using System.Buffers;
using System.Buffers.Binary;

namespace LogBroker.Rpc;

/// <summary>
/// The 5 bytes in front of each message: compressed flag, then the length as 32 bits big-endian (source:
/// grpc/doc/PROTOCOL-HTTP2.md, "Length-Prefixed-Message"). The length is checked against the limit before anything is
/// allocated for it.
/// </summary>
internal static class MessagePrefix
{
    public static void Write(Span<byte> prefix, int length)
    {
        prefix[0] = 0;
        BinaryPrimitives.WriteUInt32BigEndian(prefix[1..], (uint)length);
    }

    /// <summary>The message's length.</summary>
    /// <exception cref="RpcException">INTERNAL for a bad flag, RESOURCE_EXHAUSTED for a length over the limit.</exception>
    public static int Read(ReadOnlySpan<byte> prefix, int bytesMax)
    {
        if (prefix[0] != 0)
            throw Flagged(prefix[0]);
        var length = BinaryPrimitives.ReadUInt32BigEndian(prefix[1..]);
        if (length > (uint)bytesMax)
            throw TooLarge(length, bytesMax);
        return (int)length;
    }

    /// <summary>As <see cref="Read(ReadOnlySpan{byte}, int)"/> from a sequence of at least 5 bytes.</summary>
    public static int Read(in ReadOnlySequence<byte> sequence, int bytesMax)
    {
        var first = sequence.FirstSpan;
        if (first.Length >= GrpcProtocol.PrefixBytes)
            return Read(first, bytesMax);
        Span<byte> copy = stackalloc byte[GrpcProtocol.PrefixBytes];
        sequence.Slice(0, GrpcProtocol.PrefixBytes).CopyTo(copy);
        return Read(copy, bytesMax);
    }

    public static RpcException TooLargeToSend(int length, int bytesMax) =>
        new(new Status(StatusCode.ResourceExhausted, $"Message to send is too large: {length} bytes > limit {bytesMax}."));

    private static RpcException Flagged(byte flag) => new(new Status(StatusCode.Internal, flag == 1
        ? "Message has the compressed flag set, but the call's grpc-encoding is identity."
        : $"Message has an unknown flag byte: {flag}."));

    private static RpcException TooLarge(uint length, int bytesMax) =>
        new(new Status(StatusCode.ResourceExhausted, $"Received message is too large: {length} bytes > limit {bytesMax}."));
}
