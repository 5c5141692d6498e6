using System.Buffers;
using LogBroker.Protocol;

namespace LogBroker.Storage;

/// <summary>What stands at a position of a segment file.</summary>
internal enum ScanStep
{
    /// <summary>A batch or row whose header and checksum are right.</summary>
    Batch,

    /// <summary>Zeros where a header would be, or the end of the file.</summary>
    Blank,

    /// <summary>Bytes that are no valid batch.</summary>
    Bad,
}

/// <summary>
/// Walks the batches of a segment file front to back through one buffer, checking header and CRC of each; order and epochs are the
/// caller's business. For recovery, rebuilding of indexes and the verifier. Not thread-safe.
/// </summary>
internal sealed class BatchScanner(IDiskFile file, long from) : IDisposable
{
    /// <summary>Larger than any batch that the broker takes, with room for a raised limit.</summary>
    public const int BatchBytesMax = Limits.BatchBytesMax + 1024;

    private const int ReadBytes = 256 * 1024;

    private readonly long _fileBytes = file.Length;
    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(ReadBytes);
    private long _bufferStart = from;
    private int _bufferBytes;
    private int _batchBytes;

    /// <summary>Where the present batch begins; after <see cref="ScanStep.Blank"/> or <see cref="ScanStep.Bad"/>, where it would.</summary>
    public long Position { get; private set; } = from;

    /// <summary>Behind the present batch.</summary>
    public long NextPosition => Position + _batchBytes;

    /// <summary>What is wrong, after <see cref="ScanStep.Bad"/>.</summary>
    public string Fault { get; private set; } = "";

    /// <summary>The present batch, good until the next step.</summary>
    public RecordBatch Current => new(_buffer.AsSpan((int)(Position - _bufferStart), _batchBytes));

    /// <summary>The bytes of the present batch, good until the next step.</summary>
    public ReadOnlyMemory<byte> CurrentMemory => _buffer.AsMemory((int)(Position - _bufferStart), _batchBytes);

    /// <summary>Goes to the next batch.</summary>
    /// <exception cref="DiskReadException">The disk could not be read.</exception>
    public ScanStep MoveNext()
    {
        Position += _batchBytes;
        _batchBytes = 0;
        ReadOnlySpan<byte> header = Bytes(BatchHeader.Bytes);
        if (header.IndexOfAnyExcept((byte)0) < 0)
        {
            return ScanStep.Blank;
        }

        if (header.Length < BatchHeader.Bytes)
        {
            return Bad("the file ends inside a batch header");
        }

        long totalBytes = BatchHeader.ReadTotalBytes(header);
        if (totalBytes is < BatchHeader.Bytes or > BatchBytesMax)
        {
            return Bad($"batch length {totalBytes} is out of range");
        }

        var batch = new RecordBatch(header);
        if (batch.CheckHeader() is not BatchFault.None and BatchFault fault)
        {
            return Bad(Describe(fault));
        }

        ReadOnlySpan<byte> whole = Bytes((int)totalBytes);
        if (whole.Length < totalBytes)
        {
            return Bad("the file ends inside a batch");
        }

        batch = new RecordBatch(whole);
        uint crc = batch.ComputeCrc();
        if (crc != batch.Crc)
        {
            return Bad($"crc expected {batch.Crc:x8}, got {crc:x8}");
        }

        _batchBytes = (int)totalBytes;
        return ScanStep.Batch;
    }

    /// <summary>Words for a fault of a header.</summary>
    public static string Describe(BatchFault fault) => fault switch
    {
        BatchFault.BadMagic => "the format version is not 2",
        BatchFault.BadHeader => "header fields contradict each other",
        BatchFault.BadCrc => "the checksum is wrong",
        BatchFault.BadLength => "the batch length is out of range",
        BatchFault.Incomplete => "the batch is not complete",
        _ => "unknown",
    };

    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = [];
    }

    private ScanStep Bad(string fault)
    {
        Fault = fault;
        return ScanStep.Bad;
    }

    /// <summary>Up to <paramref name="count"/> bytes at the position; fewer at the end of the file.</summary>
    private ReadOnlySpan<byte> Bytes(int count)
    {
        int from = (int)(Position - _bufferStart);
        if (from + count > _bufferBytes)
        {
            count = Fill(count);
            from = (int)(Position - _bufferStart);
        }

        return _buffer.AsSpan(from, count);
    }

    private int Fill(int count)
    {
        int kept = Math.Max(0, _bufferBytes - (int)(Position - _bufferStart));
        byte[] target = count <= _buffer.Length ? _buffer : ArrayPool<byte>.Shared.Rent(count);
        _buffer.AsSpan(_bufferBytes - kept, kept).CopyTo(target);
        if (target != _buffer)
        {
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = target;
        }

        _bufferStart = Position;
        int wanted = (int)Math.Min(target.Length - kept, Math.Max(0, _fileBytes - Position - kept));
        _bufferBytes = kept + file.Read(Position + kept, target.AsSpan(kept, wanted));
        return Math.Min(count, _bufferBytes);
    }
}
