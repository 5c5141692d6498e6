using System.Buffers;
using Google.Protobuf;
using LogBroker.Protocol;
using LogBroker.Protocol.V1;
using LogBroker.Rpc;

namespace LogBroker.Client;

/// <summary>A message to the broker: a batch, or something rare.</summary>
internal readonly record struct ProduceOut(ProduceRequest? Control, ProduceHead Head, ReadOnlyMemory<byte> Records);

/// <summary>A message from the broker: an ack, or something rare.</summary>
internal readonly record struct ProduceIn(ProduceResponse? Control, ProduceAckView Ack);

/// <summary>The produce stream, with codecs that do not copy a batch and allocate nothing for an ack without an error.</summary>
internal static class ProduceStreamMethod
{
    public static readonly Method<ProduceOut, ProduceIn> Produce = Method.Create(
        ProducerReflection.Descriptor.Services[0], "Produce", new OutMarshaller(), new InMarshaller());

    private sealed class OutMarshaller : Marshaller<ProduceOut>
    {
        public override int GetSize(ProduceOut message) =>
            message.Control?.CalculateSize() ?? ProduceCodec.SizeOf(message.Head, message.Records.Length);

        public override void Serialize(ProduceOut message, IBufferWriter<byte> output)
        {
            if (message.Control is not null)
            {
                message.Control.WriteTo(output);
                return;
            }

            int headBytes = ProduceCodec.HeadBytes(message.Head, message.Records.Length);
            ProduceCodec.WriteHead(message.Head, message.Records.Length, output.GetSpan(headBytes)[..headBytes]);
            output.Advance(headBytes);
        }

        /// <summary>The sender keeps the batch until the write has completed.</summary>
        public override ReadOnlyMemory<byte> TailOf(ProduceOut message) => message.Records;

        public override ProduceOut Deserialize(in ReadOnlySequence<byte> body) =>
            throw new NotSupportedException("a client does not read requests");
    }

    private sealed class InMarshaller : Marshaller<ProduceIn>
    {
        public override int GetSize(ProduceIn message) => throw new NotSupportedException("a client does not write responses");

        public override void Serialize(ProduceIn message, IBufferWriter<byte> output) =>
            throw new NotSupportedException("a client does not write responses");

        public override ProduceIn Deserialize(in ReadOnlySequence<byte> body)
        {
            if (!ProduceAckCodec.TryParse(body, out bool isAck, out ProduceAckView ack))
            {
                throw new RpcException(new Rpc.Status(StatusCode.Internal, "The ack is malformed."));
            }

            return isAck ? new ProduceIn(null, ack) : new ProduceIn(ProduceResponse.Parser.ParseFrom(body), default);
        }
    }
}
