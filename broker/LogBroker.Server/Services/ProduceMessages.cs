using System.Buffers;
using System.Text;
using Google.Protobuf;
using LogBroker.Cluster;
using LogBroker.Protocol;
using LogBroker.Protocol.V1;
using LogBroker.Rpc;

namespace LogBroker.Server;

/// <summary>
/// A message of a produce stream. The records of a batch stand in a pooled buffer that its reader hands to the broker or gives
/// back, exactly once.
/// </summary>
internal readonly struct ProduceIn
{
    public ProduceRequestKind Kind { get; init; }

    public string ClientId { get; init; }

    public int ClientIdBytes { get; init; }

    public ProduceHead Head { get; init; }

    public BatchBuffer Records { get; init; }
}

/// <summary>
/// Parses produce messages in place; records are copied once, into the buffer from which they are written to the log. Thread-safe.
/// </summary>
internal sealed class ProduceInMarshaller : Marshaller<ProduceIn>
{
    public const int ClientIdBytesMax = 255;
    private const int NamesMax = 20_000;

    private readonly NameCache _names = new(NamesMax);

    public override ProduceIn Deserialize(in ReadOnlySequence<byte> body)
    {
        if (!ProduceCodec.TryParse(body, out var view))
            throw new RpcException(new Status(StatusCode.InvalidArgument, "ProduceRequest does not parse as a protobuf message"));
        if (view.Kind is ProduceRequestKind.Open)
        {
            var id = view.ClientId.Slice(0, Math.Min(view.ClientId.Length, ClientIdBytesMax));
            return new ProduceIn { Kind = view.Kind, ClientId = Encoding.UTF8.GetString(id), ClientIdBytes = (int)view.ClientId.Length };
        }

        if (view.Kind is not ProduceRequestKind.Batch)
            return new ProduceIn { Kind = view.Kind };
        return new ProduceIn
        {
            Kind = view.Kind,
            Head = new ProduceHead(
                view.CorrelationId, _names.Get(view.Topic), view.Partition, view.Acks, view.TimeoutMs, view.LeaderEpoch,
                view.ExpectedOffset, view.ExpectedKeyVersion),
            Records = BatchBuffer.CopyOf(view.Records),
        };
    }

    public override int GetSize(ProduceIn message) => throw new InvalidOperationException("the broker only reads this message");

    public override void Serialize(ProduceIn message, IBufferWriter<byte> output) =>
        throw new InvalidOperationException("the broker only reads this message");
}

/// <summary>An answer on a produce stream: an ack, or one of the rare others.</summary>
internal readonly record struct ProduceOut(ProduceAckView Ack, ProduceResponse? Other)
{
    public static ProduceOut Heartbeat { get; } = new(default, new ProduceResponse { Heartbeat = new Protocol.V1.Heartbeat() });
}

/// <summary>Writes answers straight into the transport's buffer. Thread-safe.</summary>
internal sealed class ProduceOutMarshaller : Marshaller<ProduceOut>
{
    public override int GetSize(ProduceOut message) => message.Other?.CalculateSize() ?? ProduceAckCodec.SizeOf(message.Ack);

    public override void Serialize(ProduceOut message, IBufferWriter<byte> output)
    {
        if (message.Other is not null)
        {
            message.Other.WriteTo(output);
            return;
        }

        int size = ProduceAckCodec.SizeOf(message.Ack);
        ProduceAckCodec.Write(message.Ack, output.GetSpan(size)[..size]);
        output.Advance(size);
    }

    public override ProduceOut Deserialize(in ReadOnlySequence<byte> body) =>
        throw new InvalidOperationException("the broker only writes this message");
}
