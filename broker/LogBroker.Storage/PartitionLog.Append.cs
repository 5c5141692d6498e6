using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using LogBroker.Protocol;

namespace LogBroker.Storage;

/// <summary>What became of a group.</summary>
/// <param name="Count">Batches appended, from the first of the group on; the rest were not written and never will be.</param>
/// <param name="BaseOffset">Offset of the first record of the group.</param>
/// <param name="Error">Why batches are left over, or null.</param>
public readonly record struct AppendOutcome(int Count, Offset BaseOffset, BrokerError? Error);

public sealed partial class PartitionLog
{
    private bool _isRefusing;

    /// <summary>
    /// Appends a group of batches as the leader of the last epoch: stamps base offsets and the epoch into their headers, outside
    /// the CRC, and writes the group with one call (one per segment when it is rolled in between). Not durable before the next flush.
    /// </summary>
    /// <param name="batches">Whole valid batches with records, one per element; their headers are changed.</param>
    /// <param name="epoch">The leader's epoch, which must be that of the last row.</param>
    /// <param name="nowMs">The broker's clock, for age and retention.</param>
    public AppendOutcome Append(ReadOnlySpan<Memory<byte>> batches, Epoch epoch, long nowMs)
    {
        RequireUsable();
        Invariant.Require(epoch == _epochs.Last && epoch > Epoch.None);
        Offset first = _bounds.End;
        if (Damage is { } damage)
        {
            return new AppendOutcome(0, first, LogErrors.Quarantined(damage));
        }

        long started = _env.Time.GetTimestamp();
        long totalBytes = 0;
        Offset next = first;
        foreach (Memory<byte> batch in batches)
        {
            Span<byte> bytes = batch.Span;
            BatchHeader.StampBaseOffset(bytes, next);
            BatchHeader.StampLeaderEpoch(bytes, epoch);
            next = new RecordBatch(bytes).NextOffset;
            totalBytes += bytes.Length;
        }

        AppendOutcome outcome = AppendStamped(batches, totalBytes, nowMs);
        _env.Metrics.AppendSeconds.Record(_env.Time.GetElapsedTime(started).TotalSeconds);
        return outcome;
    }

    /// <summary>
    /// Appends the row with which a leader begins its epoch, at the end of the log. Not durable before the next flush. It may use
    /// the headroom of the disk.
    /// </summary>
    /// <returns>Null, or why nothing was written.</returns>
    public BrokerError? AppendRow(Epoch epoch, long nowMs)
    {
        RequireUsable();
        Invariant.Require(epoch > _epochs.Last);
        if (Damage is { } damage)
        {
            return LogErrors.Quarantined(damage);
        }

        var row = new EpochRow(epoch, _bounds.End);
        var bytes = new byte[EpochRow.Bytes];
        row.WriteTo(bytes);
        return AppendRow(row, bytes);
    }

    private BrokerError? AppendRow(EpochRow row, ReadOnlySpan<byte> bytes)
    {
        Segment tail;
        try
        {
            tail = _map.Tail is not { } present ? BeginSegment() : present.IsClosed ? Roll() : present;
            WriteAtEnd(tail, bytes);
        }
        catch (DiskFullException)
        {
            return RefuseForRoom();
        }
        catch (DiskBusyException e)
        {
            return LogErrors.OutOfResources(e);
        }

        tail.EndsWithRecord = false;
        tail.Appended(tail.Bytes + bytes.Length, row.Start);
        Publish(_epochs.Add(row));
        PublishAppended(tail, row.Start);
        return null;
    }

    private AppendOutcome AppendStamped(ReadOnlySpan<Memory<byte>> batches, long totalBytes, long nowMs)
    {
        Offset first = _bounds.End;
        if (!MayUseHeadroom && !_env.Space.TryTake(totalBytes))
        {
            return new AppendOutcome(0, first, RefuseForRoom());
        }

        int done = 0;
        try
        {
            while (done < batches.Length)
            {
                Segment tail = SegmentFor(batches[done].Span, nowMs);
                int run = RunThatFits(tail, batches[done..]);
                WriteAtEnd(tail, batches.Slice(done, run));
                NoteAppended(tail, batches.Slice(done, run), nowMs);
                done += run;
            }
        }
        catch (DiskFullException)
        {
            return new AppendOutcome(done, first, RefuseForRoom());
        }
        catch (DiskBusyException e)
        {
            return new AppendOutcome(done, first, LogErrors.OutOfResources(e));
        }
        finally
        {
            if (done > 0)
            {
                PublishAppended(_map.Tail!, _map.Tail!.Next);
            }
        }

        _isRefusing = false;
        _env.Metrics.AppendedBytes.Add(totalBytes);
        return new AppendOutcome(done, first, null);
    }

    /// <summary>The open segment, after a roll if this batch must not go into the present one.</summary>
    private Segment SegmentFor(ReadOnlySpan<byte> batch, long nowMs)
    {
        if (_map.Tail is not { } tail)
        {
            return BeginSegment();
        }

        if (tail.IsClosed)
        {
            return Roll();
        }

        bool mayRoll = tail.EndsWithRecord;
        bool mustRoll = tail.Bytes + batch.Length > SegmentBytesLimit
            || tail.Index.IsFull
            || new RecordBatch(batch).LastOffset - tail.Base > int.MaxValue
            || (tail.FirstAppendMs >= 0 && nowMs - tail.FirstAppendMs >= _config.RollMsMax);
        return mayRoll && mustRoll ? Roll() : tail;
    }

    /// <summary>How many batches go into the segment in one write; at least one.</summary>
    private int RunThatFits(Segment tail, ReadOnlySpan<Memory<byte>> batches)
    {
        long bytes = tail.Bytes + batches[0].Length;
        int run = 1;
        while (run < batches.Length
            && bytes + batches[run].Length <= SegmentBytesLimit
            && new RecordBatch(batches[run].Span).LastOffset - tail.Base <= int.MaxValue)
        {
            bytes += batches[run].Length;
            run++;
        }

        return run;
    }

    private void NoteAppended(Segment tail, ReadOnlySpan<Memory<byte>> batches, long nowMs)
    {
        long position = tail.Bytes;
        Offset next = tail.Next;
        foreach (Memory<byte> bytes in batches)
        {
            var batch = new RecordBatch(bytes.Span);
            Invariant.Require(batch.BaseOffset == next);
            tail.Index.Add(
                (int)(batch.LastOffset - tail.Base), (int)position, bytes.Length, batch.MaxTimestampMs, _config.IndexIntervalBytes);
            position += bytes.Length;
            next = batch.NextOffset;
        }

        if (tail.FirstAppendMs < 0)
        {
            tail.FirstAppendMs = nowMs;
            _segmentsVersion++;
        }

        tail.LastAppendMs = Math.Max(tail.LastAppendMs, nowMs);
        tail.EndsWithRecord = true;
        tail.Appended(position, next);
    }

    private void PublishAppended(Segment tail, Offset end) => Publish(_bounds.With(
        appended: new LogPosition(_epochs.Last, end),
        tailBase: tail.Base,
        tailBytes: tail.Bytes));

    /// <summary>Begins the segment behind the present one and closes that. Only behind a record (R9 b).</summary>
    private Segment Roll()
    {
        Segment full = _map.Tail!;
        Invariant.Require(full.EndsWithRecord);
        Segment begun = BeginSegment();
        if (!full.IsClosed)
        {
            GuardedByFatal("closing of a segment", full.Close);
        }

        _env.Metrics.SegmentsRolled.Add(1);
        return begun;
    }

    /// <summary>Creates the file for the end of the log, with its restated row unless the base is 0.</summary>
    private Segment BeginSegment()
    {
        Offset baseOffset = _bounds.End;
        if (_map.Tail is { } tail)
        {
            baseOffset = tail.Next;
        }

        string path = SegmentName.PathOf(Directory, baseOffset, SegmentName.Log);
        IDiskFile? file = null;
        try
        {
            file = _env.Disk.Open(path, DiskAccess.CreateNew);
            file.SetLength(SegmentBytesLimit);
            var segment = new Segment(_env.Disk, Directory, baseOffset, file, SegmentBytesLimit);
            if (baseOffset > Offset.Zero)
            {
                var row = new byte[EpochRow.Bytes];
                new EpochRow(_epochs.Last, baseOffset).WriteTo(row);
                file.Write(0, row);
                segment.Appended(row.Length, baseOffset);
            }

            segment.MarkNameUnsynced();
            _segmentsVersion++;
            Publish(_map.Add(segment));
            return segment;
        }
        catch (DiskException e) when (e is DiskFullException or DiskBusyException)
        {
            if (file is not null)
            {
                file.Dispose();
                GuardedByFatal("removal of a segment that found no room", () =>
                {
                    _env.Disk.DeleteFile(path);
                    _env.Disk.SyncDirectory(Directory);
                });
            }

            throw;
        }
        catch (DiskFailedException e)
        {
            throw EndProcess("begin of a segment", e);
        }
    }

    private void WriteAtEnd(Segment tail, ReadOnlySpan<byte> bytes)
    {
        try
        {
            tail.File.Write(tail.Bytes, bytes);
        }
        catch (DiskFullException)
        {
            EraseRefused(tail);
            throw;
        }
        catch (DiskFailedException e)
        {
            throw EndProcess("append", e);
        }
    }

    private void WriteAtEnd(Segment tail, ReadOnlySpan<Memory<byte>> batches)
    {
        try
        {
            tail.File.Write(tail.Bytes, AsReadOnly(batches));
        }
        catch (DiskFullException)
        {
            EraseRefused(tail);
            throw;
        }
        catch (DiskFailedException e)
        {
            throw EndProcess("append", e);
        }
    }

    /// <summary>
    /// Takes away what a write for which there was no room left behind the end, durably before the refusal is answered: whole batches
    /// of it could otherwise be found again by a recovery, and refused means that they never will be.
    /// </summary>
    private void EraseRefused(Segment tail) => GuardedByFatal("erasing of a refused group", () =>
    {
        tail.File.SetLength(tail.Bytes);
        tail.File.SetLength(Math.Max(tail.FileBytes, tail.Bytes));
        tail.File.SyncData();
    });

    private BrokerError RefuseForRoom()
    {
        if (!_isRefusing)
        {
            _isRefusing = true;
            StorageLog.DiskFull(_env.Log, Directory);
        }

        _env.Space.NoteFull();
        _env.Metrics.DiskFullRefusals.Add(1);
        return LogErrors.DiskFull(Directory);
    }

    private static ReadOnlySpan<ReadOnlyMemory<byte>> AsReadOnly(ReadOnlySpan<Memory<byte>> batches) =>
        MemoryMarshal.CreateReadOnlySpan(
            ref Unsafe.As<Memory<byte>, ReadOnlyMemory<byte>>(ref MemoryMarshal.GetReference(batches)),
            batches.Length);
}
