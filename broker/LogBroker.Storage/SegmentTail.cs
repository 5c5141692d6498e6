using LogBroker.Protocol;

namespace LogBroker.Storage;

/// <summary>
/// Looks at what stands behind the last good item of a segment file: for recovery, which decides by it between a torn end and damage,
/// and for the verifier, which says the same. Reads only; no state, any thread.
/// </summary>
internal static class SegmentTail
{
    private const int BufferBytes = 256 * 1024;

    /// <summary>True when a byte other than zero stands at or behind a position.</summary>
    public static bool HasBytes(IDiskFile file, long from) => LastByteRange(file, from, stopAtFirst: true) > from;

    /// <summary>End of the data at or behind a position, in steps of a buffer; the position itself when there is none.</summary>
    public static long LastByteRange(IDiskFile file, long from, bool stopAtFirst)
    {
        var buffer = new byte[64 * 1024];
        long end = from;
        long at = from;
        while ((at = file.FindData(at)) >= 0)
        {
            int count = file.Read(at, buffer);
            if (count == 0)
            {
                break;
            }

            int last = buffer.AsSpan(0, count).LastIndexOfAnyExcept((byte)0);
            if (last >= 0)
            {
                end = at + last + 1;
                if (stopAtFirst)
                {
                    break;
                }
            }

            at += count;
        }

        return end;
    }

    /// <summary>Looks at every byte for a batch or row whose header and checksum are right.</summary>
    public static bool HasValidBatchBehind(IDiskFile file, long from, long to)
    {
        var buffer = new byte[BufferBytes];
        for (long at = from; at + BatchHeader.Bytes <= to;)
        {
            int count = file.Read(at, buffer.AsSpan(0, (int)Math.Min(buffer.Length, to - at)));
            if (count < BatchHeader.Bytes)
            {
                return false;
            }

            for (int i = 0; i + BatchHeader.Bytes <= count; i++)
            {
                if (IsPlausible(buffer.AsSpan(i, BatchHeader.Bytes)) && IsValid(file, at + i))
                {
                    return true;
                }
            }

            at += count - BatchHeader.Bytes + 1;
        }

        return false;
    }

    private static bool IsPlausible(ReadOnlySpan<byte> header)
    {
        if (header[BatchHeader.MagicAt] != BatchHeader.Magic || header[0] != 0)
        {
            return false;
        }

        long totalBytes = BatchHeader.ReadTotalBytes(header);
        return totalBytes is >= BatchHeader.Bytes and <= BatchScanner.BatchBytesMax
            && new RecordBatch(header).CheckHeader() == BatchFault.None;
    }

    private static bool IsValid(IDiskFile file, long position)
    {
        using var scanner = new BatchScanner(file, position);
        return scanner.MoveNext() == ScanStep.Batch;
    }
}
