using LogBroker.Protocol;

namespace LogBroker.Storage;

public sealed partial class PartitionLog
{
    /// <summary>
    /// True when a read from here would probably wait for the disk: whoever calls then had better not be a thread that others need. A
    /// guess, and cheap: a segment whose index or mapping is not in use yet counts as cold. Any thread.
    /// </summary>
    public bool IsProbablyCold(Offset from, int bytesMax)
    {
        SegmentMap map = Volatile.Read(ref _map);
        int at = map.IndexOf(from);
        if (at < 0 || from >= Bounds.HighWatermark)
        {
            return false;
        }

        Segment segment = map.Segments[at];
        long? position = CursorAt(segment, from);
        if (position is null && !segment.Index.IsOpen)
        {
            return true;
        }

        if (!segment.TryHold())
        {
            return false;
        }

        try
        {
            position ??= EntriesOf(segment).FloorByOffset(from - segment.Base)?.Position ?? 0;
            long bytes = Math.Min(bytesMax, segment.Bytes - position.Value);
            return bytes > 0 && segment.Mapping is { } mapping && !mapping.IsResident(position.Value, (int)bytes);
        }
        catch (Exception e) when (e is DiskReadException or LogDamageException)
        {
            return true; // the read itself will say what is wrong
        }
        finally
        {
            segment.Release();
        }
    }
}
