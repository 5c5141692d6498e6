namespace LogBroker.Rpc;

/// <summary>Writes prefix and message into a buffer, holding the marshaller to the size it announced.</summary>
internal static class MessageWriting
{
    /// <exception cref="RpcException">RESOURCE_EXHAUSTED if the message is over the limit.</exception>
    /// <exception cref="InvalidOperationException">The marshaller wrote another number of bytes than it announced.</exception>
    /// <returns>The bytes of the message that must follow what was written.</returns>
    public static ReadOnlyMemory<byte> Write<T>(PooledBuffer output, Marshaller<T> marshaller, T message, int bytesMax)
    {
        var tail = marshaller.TailOf(message);
        var start = output.Length;
        try
        {
            var size = marshaller.GetSize(message);
            if (size > bytesMax)
                throw MessagePrefix.TooLargeToSend(size, bytesMax);
            output.Reserve(GrpcProtocol.PrefixBytes + size - tail.Length);
            MessagePrefix.Write(output.GetSpan(GrpcProtocol.PrefixBytes), size);
            output.Advance(GrpcProtocol.PrefixBytes);
            marshaller.Serialize(message, output);
            var written = output.Length - start - GrpcProtocol.PrefixBytes;
            if (written + tail.Length != size)
                throw WrongSize(marshaller, size, written + tail.Length);
            return tail;
        }
        catch
        {
            output.Truncate(start);
            throw;
        }
        finally
        {
            marshaller.Release(message);
        }
    }

    public static InvalidOperationException WrongSize(object marshaller, long size, long written) =>
        new($"{marshaller.GetType()} announced {size} bytes and wrote {written}.");
}
