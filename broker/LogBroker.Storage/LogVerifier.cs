using LogBroker.Protocol;

namespace LogBroker.Storage;

/// <summary>
/// Checks log files offline, reading only: header and checksum of every batch, dense offsets across files, order of epochs, restated
/// rows, stamps, and the entries of both indexes. Needs no state store.
/// </summary>
/// <remarks>
/// Failure policy: a file that cannot be read is a finding like any other; nothing is written. May run beside a broker: what it
/// appends meanwhile may show as a torn tail, which is a note. Thread-safe: no state.
/// </remarks>
public static class LogVerifier
{
    /// <summary>
    /// The partitions under a path: of a data directory, of one topic's directory, or the path itself when it holds segments.
    /// Empty when there are none.
    /// </summary>
    public static IReadOnlyList<string> PartitionsUnder(IDisk disk, string path)
    {
        if (!disk.DirectoryExists(path))
        {
            return [];
        }

        if (disk.List(path).Any(e => SegmentName.TryParse(e.Name, SegmentName.Log) is not null))
        {
            return [path];
        }

        IReadOnlyList<PartitionDirectory> ofDataDirectory = DataDirectory.ListPartitions(disk, path);
        return ofDataDirectory.Count > 0
            ? [.. ofDataDirectory.Select(p => p.Path)]
            : [.. disk.List(path).Where(e => e.IsDirectory && e.Name.All(char.IsAsciiDigit)).Select(e => path + "/" + e.Name)];
    }

    /// <summary>Checks the segments of one partition, one after the other in order of offsets.</summary>
    /// <param name="disk">Where the files are.</param>
    /// <param name="partition">Directory of the partition.</param>
    public static IEnumerable<SegmentReport> Verify(IDisk disk, string partition)
    {
        List<Offset> bases = [.. disk.List(partition)
            .Select(e => SegmentName.TryParse(e.Name, SegmentName.Log))
            .OfType<Offset>()
            .Order()];
        LogPosition? reached = null;
        for (int i = 0; i < bases.Count; i++)
        {
            if (reached is { } inside && bases[i] < inside.Offset && bases.Contains(inside.Offset))
            {
                // What a crash in the middle of a compaction left of merged segments; the next start removes it.
                yield return Merged(disk, partition, bases[i], inside);
                continue;
            }

            SegmentReport report = VerifySegment(disk, partition, bases[i], reached, isLast: i == bases.Count - 1);
            reached = new LogPosition(report.LastEpoch, report.NextOffset);
            yield return report;
        }
    }

    /// <summary>The good batches and rows of one segment file, front to back; ends in front of the first bad one.</summary>
    public static IEnumerable<DumpedBatch> Dump(IDisk disk, string segmentFile)
    {
        using IDiskFile file = disk.Open(segmentFile, DiskAccess.ReadOnly);
        using var scanner = new BatchScanner(file, 0);
        while (scanner.MoveNext() == ScanStep.Batch)
        {
            yield return new DumpedBatch(scanner.Position, scanner.Current.Bytes.ToArray());
        }
    }

    private static SegmentReport Merged(IDisk disk, string partition, Offset baseOffset, LogPosition reached)
    {
        string path = SegmentName.PathOf(partition, baseOffset, SegmentName.Log);
        using IDiskFile file = disk.Open(path, DiskAccess.ReadOnly);
        var note = new VerifyFinding(
            VerifySeverity.Note, path, 0, "was merged into the segment in front of it by compaction; the broker removes it");
        return new SegmentReport(
            partition, path, baseOffset, reached.Offset, 0, file.Length, 0, 0, 0, reached.Epoch, -1, [note]);
    }

    private static SegmentReport VerifySegment(IDisk disk, string partition, Offset baseOffset, LogPosition? reached, bool isLast)
    {
        string path = SegmentName.PathOf(partition, baseOffset, SegmentName.Log);
        var walk = new SegmentWalk(path, baseOffset, reached);
        long fileBytes = 0;
        try
        {
            using IDiskFile file = disk.Open(path, DiskAccess.ReadOnly);
            fileBytes = file.Length;
            walk.Run(file, isLast);
            IndexCheck.Run(disk, partition, baseOffset, walk);
        }
        catch (DiskException e)
        {
            walk.Findings.Add(new VerifyFinding(VerifySeverity.Damage, path, walk.Bytes, "cannot be read: " + e.Message));
        }

        return new SegmentReport(
            partition,
            path,
            baseOffset,
            walk.NextOffset,
            walk.Bytes,
            fileBytes,
            walk.Batches,
            walk.Records,
            walk.EpochRows,
            walk.LastEpoch,
            walk.MaxTimestampMs,
            walk.Findings);
    }
}
