using System.Buffers;
using LogBroker.Protocol;
using LogBroker.Protocol.V1;
using LogBroker.Rpc;

namespace LogBroker.Client;

/// <summary>One partition of an answer, on pooled memory that its reader gives back.</summary>
internal sealed class FetchedPart(FetchedPartitionView view, string topic) : IDisposable
{
    private byte[]? _bytes = Copy(view.Batches);

    public string Topic { get; } = topic;

    public int Partition { get; } = view.Partition;

    /// <summary>The broker that gave it.</summary>
    public string? Server { get; set; }

    public Google.Rpc.Status? Error { get; } = view.Error;

    public long LogStartOffset { get; } = view.LogStartOffset;

    public long HighWatermark { get; } = view.HighWatermark;

    /// <summary>How many bytes of batches there are.</summary>
    public int Length { get; } = (int)view.Batches.Length;

    /// <summary>Record batches behind each other.</summary>
    public ReadOnlyMemory<byte> Batches => _bytes.AsMemory(0, Length);

    public void Dispose()
    {
        if (_bytes is { Length: > 0 })
        {
            ArrayPool<byte>.Shared.Return(_bytes);
        }

        _bytes = [];
    }

    private static byte[] Copy(in ReadOnlySequence<byte> batches)
    {
        if (batches.IsEmpty)
        {
            return [];
        }

        byte[] bytes = ArrayPool<byte>.Shared.Rent((int)batches.Length);
        batches.CopyTo(bytes);
        return bytes;
    }
}

/// <summary>The fetch, with a codec that copies the batches once, into pooled memory.</summary>
internal static class FetchMethod
{
    public static readonly Method<FetchRequest, List<FetchedPart>> Fetch = Method.Create(
        ConsumerReflection.Descriptor.Services[0], "Fetch", Marshaller.Protobuf(FetchRequest.Parser), new AnswerMarshaller());

    private sealed class AnswerMarshaller : Marshaller<List<FetchedPart>>
    {
        private readonly NameCache _names = new(1024);

        public override int GetSize(List<FetchedPart> message) => throw new NotSupportedException("a client does not write answers");

        public override void Serialize(List<FetchedPart> message, IBufferWriter<byte> output) =>
            throw new NotSupportedException("a client does not write answers");

        public override List<FetchedPart> Deserialize(in ReadOnlySequence<byte> body)
        {
            var parts = new List<FetchedPart>();
            FetchResponseReader reader = FetchCodec.Read(body);
            while (reader.MoveNext())
            {
                parts.Add(new FetchedPart(reader.Current, _names.Get(reader.Current.Topic)));
            }

            if (reader.IsMalformed)
            {
                parts.ForEach(static p => p.Dispose());
                throw new RpcException(new Rpc.Status(StatusCode.Internal, "The answer to a fetch is malformed."));
            }

            return parts;
        }
    }
}
