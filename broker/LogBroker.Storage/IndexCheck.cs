using System.Buffers.Binary;
using LogBroker.Protocol;

namespace LogBroker.Storage;

/// <summary>
/// Holds the entries of a segment's index files against its batches. A missing or bad index is rebuilt by the broker and so no more
/// than a note, but says that something touched the files. Reads only.
/// </summary>
internal static class IndexCheck
{
    private const int IndexBytesMax = 64 * 1024 * 1024;

    public static void Run(IDisk disk, string partition, Offset baseOffset, SegmentWalk walk)
    {
        CheckOffsets(disk, SegmentName.PathOf(partition, baseOffset, SegmentName.OffsetIndex), baseOffset, walk);
        CheckTimes(disk, SegmentName.PathOf(partition, baseOffset, SegmentName.TimeIndex), baseOffset, walk);
    }

    private static void CheckOffsets(IDisk disk, string path, Offset baseOffset, SegmentWalk walk)
    {
        Dictionary<long, Offset> lastOffsets = walk.Places.ToDictionary(p => p.Position, p => p.LastOffset);
        byte[] bytes = ReadWhole(disk, path, SegmentIndex.OffsetEntryBytes, walk);
        for (int at = 0; at < bytes.Length; at += SegmentIndex.OffsetEntryBytes)
        {
            Offset offset = baseOffset + BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(at));
            int position = BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(at + 4));
            if (!lastOffsets.TryGetValue(position, out Offset last) || last != offset)
            {
                Note(walk, path, at, $"entry ({offset}, byte {position}) names no batch");
                return;
            }
        }
    }

    private static void CheckTimes(IDisk disk, string path, Offset baseOffset, SegmentWalk walk)
    {
        Dictionary<Offset, long> timestamps = walk.Places.ToDictionary(p => p.LastOffset, p => p.MaxTimestampMs);
        byte[] bytes = ReadWhole(disk, path, SegmentIndex.TimeEntryBytes, walk);
        for (int at = 0; at < bytes.Length; at += SegmentIndex.TimeEntryBytes)
        {
            long timestampMs = BinaryPrimitives.ReadInt64BigEndian(bytes.AsSpan(at));
            Offset offset = baseOffset + BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(at + 8));
            if (!timestamps.TryGetValue(offset, out long found) || found != timestampMs)
            {
                Note(walk, path, at, $"entry (timestamp {timestampMs}, offset {offset}) names no batch");
                return;
            }
        }
    }

    private static byte[] ReadWhole(IDisk disk, string path, int entryBytes, SegmentWalk walk)
    {
        if (!disk.FileExists(path))
        {
            return [];
        }

        using IDiskFile file = disk.Open(path, DiskAccess.ReadOnly);
        if (file.Length % entryBytes != 0 || file.Length > IndexBytesMax)
        {
            Note(walk, path, file.Length, $"the length {file.Length} is not that of an index");
            return [];
        }

        var bytes = new byte[file.Length];
        return file.Read(0, bytes) == bytes.Length ? bytes : [];
    }

    private static void Note(SegmentWalk walk, string path, long position, string reason) =>
        walk.Findings.Add(new VerifyFinding(VerifySeverity.Note, path, position, reason + "; the broker rebuilds it"));
}
