using System.Globalization;
using LogBroker.Protocol;

namespace LogBroker.Storage;

internal sealed partial class LogRecovery
{
    private const int CopyBytes = 256 * 1024;

    /// <summary>
    /// Cuts the log at the end of a segment's good items and takes later files away, durably before anything is appended (R17, R20 2).
    /// </summary>
    private void CutAt(Segment segment, LogDamage fault, List<Offset> laterBases)
    {
        long position = segment.Bytes;
        long dataEnd = SegmentTail.LastByteRange(segment.File, position, stopAtFirst: false);
        bool isDamage = laterBases.Count > 0 || SegmentTail.HasValidBatchBehind(segment.File, position, dataEnd);
        if (isDamage && dataEnd > position)
        {
            KeepBytes(segment, position, dataEnd);
        }

        for (int i = laterBases.Count - 1; i >= 0; i--)
        {
            TakeAway(laterBases[i]);
        }

        if (laterBases.Count > 0)
        {
            env.Disk.SyncDirectory(directory);
        }

        _cut = fault;
        Announce(segment, fault, dataEnd - position, isDamage);
        if (position == 0)
        {
            RemoveEmpty(segment);
            return;
        }

        segment.File.SetLength(position);
        segment.File.Sync();
        segment.SetFileBytes(position);
    }

    private void Announce(Segment segment, LogDamage fault, long bytes, bool isDamage)
    {
        if (isDamage)
        {
            env.Metrics.CorruptBatches.Add(1);
            string kept = _cutFiles.Count > 0 ? _cutFiles[0] : "";
            StorageLog.DamageCut(env.Log, id, segment.Path, fault.Position, fault.Reason, kept);
        }
        else
        {
            env.Metrics.TornTails.Add(1);
            StorageLog.TailCut(env.Log, id, segment.Path, fault.Position, bytes, fault.Reason);
        }
    }

    /// <summary>A file that was begun and holds nothing: its first write did not reach the disk.</summary>
    private void RemoveEmpty(Segment segment)
    {
        _segments.Remove(segment);
        _ = segment.Retire();
        DeleteFiles(segment.Base);
        env.Disk.SyncDirectory(directory);
    }

    /// <summary>Copies bytes that are to be cut into a file of their own, durably.</summary>
    private void KeepBytes(Segment segment, long from, long to)
    {
        string path = CutPath(segment.Base, from);
        string temporary = path + SegmentName.Temporary;
        env.Disk.DeleteFile(temporary);
        using (IDiskFile kept = env.Disk.Open(temporary, DiskAccess.CreateNew))
        {
            var buffer = new byte[CopyBytes];
            for (long at = from; at < to;)
            {
                int count = segment.File.Read(at, buffer.AsSpan(0, (int)Math.Min(buffer.Length, to - at)));
                kept.Write(at - from, buffer.AsSpan(0, count));
                at += count;
            }

            kept.Sync();
        }

        env.Disk.Rename(temporary, path);
        env.Disk.SyncDirectory(directory);
        _cutFiles.Add(path);
    }

    /// <summary>Takes a whole later file out of the log, keeping its bytes if there are any.</summary>
    private void TakeAway(Offset baseOffset)
    {
        string path = PathOf(baseOffset);
        bool hasBytes;
        using (IDiskFile file = env.Disk.Open(path, DiskAccess.ReadOnly))
        {
            hasBytes = SegmentTail.HasBytes(file, 0);
        }

        if (hasBytes)
        {
            string kept = CutPath(baseOffset, 0);
            env.Disk.Rename(path, kept);
            _cutFiles.Add(kept);
        }

        DeleteFiles(baseOffset);
    }

    private string CutPath(Offset baseOffset, long from) =>
        SegmentName.PathOf(directory, baseOffset, "." + from.ToString(CultureInfo.InvariantCulture) + SegmentName.Cut);

    /// <summary>When no file holds an item at or behind the log start, all go (R20 3).</summary>
    private void RemoveAllIfBelowStart()
    {
        if (_segments.Count > 0 && _end >= _start.Offset)
        {
            return;
        }

        for (int i = _segments.Count - 1; i >= 0; i--)
        {
            Segment segment = _segments[i];
            _ = segment.Retire();
            DeleteFiles(segment.Base);
        }

        if (_segments.Count > 0)
        {
            env.Disk.SyncDirectory(directory);
        }

        _segments.Clear();
        _epochs = LogEpochs.None;
        _end = _start.Offset;
    }

    /// <summary>
    /// Writes everything above the checkpoint once more and syncs it (R20 4): it may be in the page cache only, and after a failed
    /// sync in pages that are marked clean, where a mere sync would write nothing.
    /// </summary>
    private void RewriteTail()
    {
        foreach (Segment segment in _segments)
        {
            long from = _checkpoint is null || segment.Base > _checkpoint.FileBase ? 0
                : segment.Base == _checkpoint.FileBase ? _checkpoint.FileBytes
                : segment.Bytes;
            if (from >= segment.Bytes)
            {
                continue;
            }

            var buffer = new byte[(int)Math.Min(CopyBytes, segment.Bytes - from)];
            for (long at = from; at < segment.Bytes;)
            {
                Span<byte> piece = buffer.AsSpan(0, (int)Math.Min(buffer.Length, segment.Bytes - at));
                Invariant.Require(segment.File.Read(at, piece) == piece.Length);
                segment.File.Write(at, piece);
                at += piece.Length;
            }

            segment.File.Sync();
            _rewrittenBytes += segment.Bytes - from;
        }

        if (_rewrittenBytes > 0)
        {
            env.Disk.SyncDirectory(directory);
            StorageLog.TailRewritten(env.Log, id, _rewrittenBytes);
        }
    }

    /// <summary>
    /// Closes scanned segments in front of the last one, and gives the last one room to grow. A last file that does not have the length
    /// of an open one was cut, or those behind it were removed, by a process that may have been killed before that was durable: it
    /// is made durable before anything is appended (R17).
    /// </summary>
    private void OpenTail()
    {
        int room = Math.Min(config.SegmentBytesMax, int.MaxValue - (64 * 1024 * 1024));
        Segment? tail = _segments.Count > 0 ? _segments[^1] : null;
        if (!_tailWasTrusted && (tail is null || tail.IsClosed || tail.FileBytes < room))
        {
            tail?.File.Sync();
            env.Disk.SyncDirectory(directory);
        }

        for (int i = 0; i < _segments.Count; i++)
        {
            Segment segment = _segments[i];
            if (i == _segments.Count - 1 && !segment.IsClosed)
            {
                segment.SetFileBytes(Math.Max(segment.Bytes, room));
            }
            else if (!segment.IsClosed)
            {
                segment.Close();
            }
        }
    }
}
