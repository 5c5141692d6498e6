using System.Buffers;
using System.IO.Pipelines;
using Google.Protobuf;
using LogBroker.Cluster;
using LogBroker.Protocol;
using LogBroker.Protocol.V1;
using LogBroker.Rpc;
using LogBroker.Storage;

namespace LogBroker.Server;

/// <summary>The answer of a fetch: envelopes, and leases that the marshaller gives back when their bytes were written.</summary>
internal sealed class FetchOut(FetchedHead[] heads, FetchAnswer answer)
{
    public FetchedHead[] Heads => heads;

    public FetchAnswer Answer => answer;
}

/// <summary>Writes envelope and leased bytes straight into the response. Thread-safe.</summary>
internal sealed class FetchOutMarshaller : Marshaller<FetchOut>
{
    public override int GetSize(FetchOut message)
    {
        long size = 0;
        for (int i = 0; i < message.Heads.Length; i++)
            size += FetchCodec.SizeOf(message.Heads[i], message.Answer.Items[i].Slice.Length);
        return checked((int)size);
    }

    public override void Serialize(FetchOut message, IBufferWriter<byte> output)
    {
        for (int i = 0; i < message.Heads.Length; i++)
        {
            WriteHead(message, i, output);
            LeaseWriting.Write(message.Answer.Items[i].Slice, output);
        }
    }

    public override async ValueTask SerializeAsync(FetchOut message, PipeWriter output, CancellationToken cancellationToken)
    {
        for (int i = 0; i < message.Heads.Length; i++)
        {
            WriteHead(message, i, output);
            await LeaseWriting.WriteAsync(message.Answer.Items[i].Slice, output, cancellationToken);
        }
    }

    public override FetchOut Deserialize(in ReadOnlySequence<byte> body) =>
        throw new InvalidOperationException("the broker only writes this message");

    public override void Release(FetchOut message) => message.Answer.Dispose();

    private static void WriteHead(FetchOut message, int i, IBufferWriter<byte> output)
    {
        int batchesBytes = message.Answer.Items[i].Slice.Length;
        int size = FetchCodec.HeadBytes(message.Heads[i], batchesBytes);
        FetchCodec.WriteHead(message.Heads[i], batchesBytes, output.GetSpan(size)[..size]);
        output.Advance(size);
    }
}

/// <summary>An event of a read stream: a frame with its lease, or one of the rare others.</summary>
internal sealed class ReadOut
{
    public ReadFrameHead Head { get; init; }

    public FetchAnswer? Answer { get; init; }

    public ReadEvent? Other { get; init; }

    public LogSlice Slice => Answer!.Items[0].Slice;
}

/// <summary>Writes frames from their leases, other events by the generated codec. Thread-safe.</summary>
internal sealed class ReadOutMarshaller : Marshaller<ReadOut>
{
    public override int GetSize(ReadOut message) =>
        message.Other?.CalculateSize() ?? ReadFrameCodec.SizeOf(message.Head, message.Slice.Length);

    public override void Serialize(ReadOut message, IBufferWriter<byte> output)
    {
        if (message.Other is not null)
        {
            message.Other.WriteTo(output);
            return;
        }

        WriteHead(message, output);
        LeaseWriting.Write(message.Slice, output);
    }

    public override ValueTask SerializeAsync(ReadOut message, PipeWriter output, CancellationToken cancellationToken)
    {
        if (message.Other is not null)
        {
            message.Other.WriteTo(output);
            return ValueTask.CompletedTask;
        }

        WriteHead(message, output);
        return LeaseWriting.WriteAsync(message.Slice, output, cancellationToken);
    }

    public override ReadOut Deserialize(in ReadOnlySequence<byte> body) =>
        throw new InvalidOperationException("the broker only writes this message");

    public override void Release(ReadOut message) => message.Answer?.Dispose();

    private static void WriteHead(ReadOut message, IBufferWriter<byte> output)
    {
        int size = ReadFrameCodec.HeadBytes(message.Head, message.Slice.Length);
        ReadFrameCodec.WriteHead(message.Head, message.Slice.Length, output.GetSpan(size)[..size]);
        output.Advance(size);
    }
}
