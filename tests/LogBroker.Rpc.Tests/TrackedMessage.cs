using System.Buffers;
using System.IO.Pipelines;

namespace LogBroker.Rpc.Tests;

/// <summary>A message of bytes that counts how often it was released.</summary>
internal sealed class TrackedMessage(byte[] bytes)
{
    private int _releases;

    public byte[] Bytes { get; } = bytes;

    public int Releases => Volatile.Read(ref _releases);

    public void Release() => Interlocked.Increment(ref _releases);
}

/// <summary>Its codec: the bytes themselves; can write in pieces, fail, or lie about the size.</summary>
internal sealed class TrackedMarshaller : Marshaller<TrackedMessage>
{
    public const byte Fails = 0xee;
    public const byte Lies = 0xdd;
    private const int PieceBytes = 64 * 1024;

    public bool InPieces { get; init; }

    public override int GetSize(TrackedMessage message) => message.Bytes.Length + (message.Bytes.AsSpan().StartsWith([Lies]) ? 1 : 0);

    public override void Serialize(TrackedMessage message, IBufferWriter<byte> output)
    {
        if (message.Bytes.AsSpan().StartsWith([Fails]))
            throw new InvalidOperationException("cannot be written");
        output.Write(message.Bytes);
    }

    public override async ValueTask SerializeAsync(TrackedMessage message, PipeWriter output, CancellationToken cancellationToken)
    {
        if (!InPieces)
        {
            Serialize(message, output);
            return;
        }
        foreach (var piece in message.Bytes.Chunk(PieceBytes))
        {
            output.Write(piece);
            await output.FlushAsync(cancellationToken);
        }
    }

    public override TrackedMessage Deserialize(in ReadOnlySequence<byte> body) => new(body.ToArray());

    public override void Release(TrackedMessage message) => message.Release();

    /// <summary>A method of such messages.</summary>
    public static Method<TrackedMessage, TrackedMessage> Method(MethodType type, bool inPieces = false) => new(
        type, "test.Tracked", $"{type}", new TrackedMarshaller(), new TrackedMarshaller { InPieces = inPieces });
}
