using LogBroker.Protocol;

namespace LogBroker.Storage;

/// <summary>
/// Remembers where reads ended, so that a reader that goes on needs no index. A few slots by offset; a slot is only a hint and may
/// be lost to another reader. Thread-safe.
/// </summary>
internal sealed class ReadCursors
{
    private const int Slots = 32;

    private readonly Cursor?[] _slots = new Cursor?[Slots];

    /// <summary>The byte at which the batch with this base offset begins in this segment, if that is remembered.</summary>
    public long? Find(Segment segment, Offset offset)
    {
        Cursor? cursor = Volatile.Read(ref _slots[SlotOf(offset)]);
        return cursor is not null && cursor.Segment == segment && cursor.Offset == offset ? cursor.Position : null;
    }

    /// <summary>Remembers it.</summary>
    public void Note(Segment segment, Offset offset, long position) =>
        Volatile.Write(ref _slots[SlotOf(offset)], new Cursor(segment, offset, position));

    /// <summary>Forgets all; after a cut.</summary>
    public void Clear() => Array.Clear(_slots);

    private static int SlotOf(Offset offset) => (int)((ulong)(offset.Value * -7046029254386353131L) >> 59);

    private sealed record Cursor(Segment Segment, Offset Offset, long Position);
}
