using LogBroker.Storage;

namespace LogBroker.Cli;

/// <summary>Checks the segments of partitions one after the other, with a progress line. Not thread-safe.</summary>
internal sealed class StorageWalk(CommandContext context)
{
    private long _bytesDone;

    /// <summary>Segments so far.</summary>
    public int Segments { get; private set; }

    /// <summary>Records so far.</summary>
    public long Records { get; private set; }

    /// <summary>Bytes of batches so far.</summary>
    public long Bytes { get; private set; }

    /// <summary>Each segment, when it has been checked.</summary>
    public IEnumerable<(StoragePlace Place, SegmentReport Segment)> Over(StoragePlace[] places, CancellationToken ct)
    {
        var disk = new OsDisk();
        long bytesInAll = places.Sum(p => new DirectoryInfo(p.Directory).EnumerateFiles("*.log").Sum(f => f.Length));
        using ProgressLine? progress = ProgressLine.Start(
            context,
            () => (bytesInAll == 0 ? null : (double)_bytesDone / bytesInAll, $"{HumanSize.Counted(Records, "record")} checked"));
        foreach (StoragePlace place in places)
        {
            foreach (SegmentReport segment in LogVerifier.Verify(disk, place.Directory))
            {
                ct.ThrowIfCancellationRequested();
                _bytesDone += segment.FileBytes;
                Segments++;
                Records += segment.Records;
                Bytes += segment.Bytes;
                yield return (place, segment);
            }
        }
    }
}
