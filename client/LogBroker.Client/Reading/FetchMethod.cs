using System.Buffers;
using LogBroker.Protocol;
using LogBroker.Protocol.V1;
using LogBroker.Rpc;

namespace LogBroker.Client;

/// <summary>The pooled array in which an answer arrived; goes back when its last part was read. Thread-safe.</summary>
internal sealed class FetchedBody(byte[] pooled)
{
    private int _users = 1;

    public void AddUser() => Interlocked.Increment(ref _users);

    public void DropUser()
    {
        if (Interlocked.Decrement(ref _users) == 0)
        {
            ArrayPool<byte>.Shared.Return(pooled);
        }
    }
}

/// <summary>One partition of an answer, in the memory in which it arrived; its reader disposes of it.</summary>
internal sealed class FetchedPart : IDisposable
{
    private FetchedBody? _body;

    public FetchedPart(FetchedPartitionView view, string topic, FetchedBody body)
    {
        Topic = topic;
        Partition = view.Partition;
        Error = view.Error;
        LogStartOffset = view.LogStartOffset;
        HighWatermark = view.HighWatermark;
        if (!view.Batches.IsEmpty)
        {
            Invariant.Require(view.Batches.IsSingleSegment);
            Batches = view.Batches.First;
            _body = body;
            body.AddUser();
        }
    }

    public string Topic { get; }

    public int Partition { get; }

    /// <summary>The broker that gave it.</summary>
    public string? Server { get; set; }

    public Google.Rpc.Status? Error { get; }

    public long LogStartOffset { get; }

    public long HighWatermark { get; }

    /// <summary>How many bytes of batches there are; still told after the disposal.</summary>
    public int Length => Batches.Length;

    /// <summary>Record batches behind each other; not to be read after the disposal.</summary>
    public ReadOnlyMemory<byte> Batches { get; }

    public void Dispose() => Interlocked.Exchange(ref _body, null)?.DropUser();
}

/// <summary>The fetch, with a codec that leaves the batches where they arrived.</summary>
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

        public override bool TakesBody => true;

        public override List<FetchedPart> Deserialize(in ReadOnlySequence<byte> body)
        {
            byte[] copy = ArrayPool<byte>.Shared.Rent((int)body.Length);
            body.CopyTo(copy);
            return DeserializeTaken(copy, 0, (int)body.Length);
        }

        public override List<FetchedPart> DeserializeTaken(byte[] pooled, int start, int length)
        {
            var body = new FetchedBody(pooled);
            var parts = new List<FetchedPart>();
            try
            {
                FetchResponseReader reader = FetchCodec.Read(new ReadOnlySequence<byte>(pooled, start, length));
                while (reader.MoveNext())
                {
                    parts.Add(new FetchedPart(reader.Current, _names.Get(reader.Current.Topic), body));
                }

                if (reader.IsMalformed)
                {
                    parts.ForEach(static p => p.Dispose());
                    throw new RpcException(new Rpc.Status(StatusCode.Internal, "The answer to a fetch is malformed."));
                }

                return parts;
            }
            finally
            {
                body.DropUser();
            }
        }
    }
}
