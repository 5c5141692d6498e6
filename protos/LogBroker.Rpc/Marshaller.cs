using System.Buffers;
using System.IO.Pipelines;
using Google.Protobuf;

namespace LogBroker.Rpc;

/// <summary>
/// Turns messages into bytes and back. Implementations are shared by all calls of a method and must be thread-safe;
/// one message is handled by one thread at a time.
/// </summary>
/// <typeparam name="T">The message.</typeparam>
public abstract class Marshaller<T>
{
    /// <summary>The bytes that <see cref="Serialize"/> will write, exactly; asked first, because they precede the message.</summary>
    public abstract int GetSize(T message);

    /// <summary>Writes exactly <see cref="GetSize"/> bytes, straight into the transport's buffer.</summary>
    public abstract void Serialize(T message, IBufferWriter<byte> output);

    /// <summary>
    /// Client only: the last bytes of a message, when they stand in memory that stays as it is until the write has completed. A stream
    /// sends large ones from there; <see cref="Serialize"/> writes what is in front of them, and <see cref="GetSize"/> counts both.
    /// The default has none.
    /// </summary>
    public virtual ReadOnlyMemory<byte> TailOf(T message) => default;

    /// <summary>
    /// Reads one message in place: <paramref name="body"/> is the transport's own buffer and is valid only during this
    /// call, so what is kept must be copied. Bad bytes are refused by throwing
    /// <see cref="InvalidProtocolBufferException"/> (ends the call with INVALID_ARGUMENT on the server and INTERNAL on the
    /// client) or <see cref="RpcException"/>.
    /// </summary>
    public abstract T Deserialize(in ReadOnlySequence<byte> body);

    /// <summary>Client only: true when responses are read by <see cref="DeserializeTaken"/>.</summary>
    public virtual bool TakesBody => false;

    /// <summary>
    /// Client only: as <see cref="Deserialize"/>, for a message that goes on living in the array in which it arrived. The array is
    /// from the shared pool and belongs to this call, which gives it back exactly once, also when it throws.
    /// </summary>
    public virtual T DeserializeTaken(byte[] pooled, int start, int length)
    {
        try
        {
            return Deserialize(new ReadOnlySequence<byte>(pooled, start, length));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(pooled);
        }
    }

    /// <summary>
    /// Server only: the asynchronous form of <see cref="Serialize"/>, for large messages that should go out piece by piece
    /// (write some, await <see cref="PipeWriter.FlushAsync"/>, go on), so that the buffered bytes stay few. Bytes already
    /// given out cannot be taken back: failing midway ends the call. The default calls <see cref="Serialize"/>.
    /// </summary>
    public virtual ValueTask SerializeAsync(T message, PipeWriter output, CancellationToken cancellationToken)
    {
        Serialize(message, output);
        return ValueTask.CompletedTask;
    }

    /// <summary>
    /// Called exactly once for each message that was handed to a stream writer, to a call as its request, or returned by a
    /// handler as its response: after its bytes were copied out, or as soon as it is clear that they never will be. For
    /// messages that own leased memory. The default does nothing.
    /// </summary>
    public virtual void Release(T message)
    {
    }
}

/// <summary>Makes marshallers. Thread-safe: no state.</summary>
public static class Marshaller
{
    /// <summary>The codec that Google.Protobuf generated for a message.</summary>
    public static Marshaller<T> Protobuf<T>(MessageParser<T> parser)
        where T : IMessage<T> => new ProtobufMarshaller<T>(parser);

    private sealed class ProtobufMarshaller<T>(MessageParser<T> parser) : Marshaller<T>
        where T : IMessage<T>
    {
        public override int GetSize(T message) => message.CalculateSize();

        public override void Serialize(T message, IBufferWriter<byte> output) => message.WriteTo(output);

        public override T Deserialize(in ReadOnlySequence<byte> body) => parser.ParseFrom(body);
    }
}
