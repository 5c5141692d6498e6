using LogBroker.Protocol;

namespace LogBroker.Storage;

/// <summary>Where a batch with records stands in a segment.</summary>
internal readonly record struct BatchPlace(Offset LastOffset, long Position, long MaxTimestampMs);

/// <summary>
/// The verifier's walk over one segment file: what it holds, and the first thing that is wrong. Independent of recovery on purpose.
/// Reads only. Not thread-safe.
/// </summary>
internal sealed class SegmentWalk
{
    private readonly string _path;
    private readonly Offset _base;
    private readonly LogPosition? _reached;
    private readonly List<BatchPlace> _places = [];

    /// <param name="path">The segment file.</param>
    /// <param name="baseOffset">From its name.</param>
    /// <param name="reached">Where the file in front of it ended; null for the first one.</param>
    public SegmentWalk(string path, Offset baseOffset, LogPosition? reached)
    {
        _path = path;
        _base = baseOffset;
        _reached = reached;
        NextOffset = baseOffset;
        LastEpoch = reached?.Epoch ?? Epoch.None;
    }

    public List<VerifyFinding> Findings { get; } = [];

    /// <summary>Every good batch with records, for the check of the indexes.</summary>
    public IReadOnlyList<BatchPlace> Places => _places;

    public Offset NextOffset { get; private set; }

    public Epoch LastEpoch { get; private set; }

    public long Bytes { get; private set; }

    public int Batches { get; private set; }

    public long Records { get; private set; }

    public int EpochRows { get; private set; }

    public long MaxTimestampMs { get; private set; } = -1;

    public void Run(IDiskFile file, bool isLast)
    {
        if (_reached is { } before && before.Offset != _base)
        {
            Damage(0, $"the segment begins at {_base} where {before.Offset} is due");
        }

        using var scanner = new BatchScanner(file, 0);
        ScanStep step;
        string? fault = null;
        while (fault is null && (step = scanner.MoveNext()) != ScanStep.Blank)
        {
            fault = step == ScanStep.Bad ? scanner.Fault : Take(scanner.Current, scanner.Position);
            if (fault is null)
            {
                Bytes = scanner.NextPosition;
            }
        }

        if (fault is null && SegmentTail.HasBytes(file, Bytes))
        {
            fault = "bytes behind the last item";
        }

        if (fault is not null)
        {
            Report(file, fault, isLast);
        }
    }

    /// <summary>A bad end of the last segment without a good batch behind it is a torn tail; everything else is damage.</summary>
    private void Report(IDiskFile file, string fault, bool isLast)
    {
        long dataEnd = SegmentTail.LastByteRange(file, Bytes, stopAtFirst: false);
        if (isLast && !SegmentTail.HasValidBatchBehind(file, Bytes, dataEnd))
        {
            Findings.Add(new VerifyFinding(
                VerifySeverity.Note, _path, Bytes, $"torn tail of {dataEnd - Bytes} bytes, cut at the next start: {fault}"));
        }
        else
        {
            Damage(Bytes, fault);
        }
    }

    private string? Take(RecordBatch batch, long position)
    {
        if (batch.BaseOffset != NextOffset)
        {
            return $"base offset {batch.BaseOffset} where {NextOffset} is due";
        }

        bool isRestated = position == 0 && _base > Offset.Zero;
        if (batch.IsEpochRow)
        {
            return TakeRow(batch, isRestated);
        }

        if (isRestated)
        {
            return "the segment does not begin with a restated row";
        }

        if (batch.LeaderEpoch != LastEpoch)
        {
            return $"leader epoch {batch.LeaderEpoch} where {LastEpoch} is due";
        }

        _places.Add(new BatchPlace(batch.LastOffset, position, batch.MaxTimestampMs));
        Batches++;
        Records += batch.RecordsCount;
        MaxTimestampMs = Math.Max(MaxTimestampMs, batch.MaxTimestampMs);
        NextOffset = batch.NextOffset;
        return null;
    }

    private string? TakeRow(RecordBatch row, bool isRestated)
    {
        if (isRestated && _reached is not null && row.LeaderEpoch != LastEpoch)
        {
            return $"a restated row of epoch {row.LeaderEpoch} behind a record of epoch {LastEpoch}";
        }

        if (!isRestated && row.LeaderEpoch <= LastEpoch)
        {
            return $"a row of epoch {row.LeaderEpoch} behind one of epoch {LastEpoch}";
        }

        LastEpoch = row.LeaderEpoch;
        EpochRows++;
        return null;
    }

    private void Damage(long position, string reason) =>
        Findings.Add(new VerifyFinding(VerifySeverity.Damage, _path, position, reason));
}
