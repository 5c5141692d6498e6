using System.Buffers.Binary;
using LogBroker.Protocol;

namespace LogBroker.Storage;

/// <summary>
/// A past flush of one log: up to here everything was on the disk, so damage below is damage and not a torn tail. With a copy of the
/// epoch rows up to it and of what is known of the segments. Written unsynced at every flush turn, synced at rolls and at
/// intervals, lowered and synced before a cut. Three values of the state store in one batch; numbers big-endian:
/// <code>
///   c  int8 version 1, int32 epoch and int64 offset of the position, int64 base of the file, int64 byte in it
///   e  int8 version 1, then per row int32 epoch, int64 start
///   s  int8 version 1, then per segment int64 base, bytes, largest timestamp, first and last append time (ms, -1 unknown)
/// </code>
/// </summary>
internal sealed record RecoveryCheckpoint(LogPosition Position, Offset FileBase, long FileBytes)
{
    private const byte Version = 1;
    private const int MarkBytes = 1 + 4 + 8 + 8 + 8;
    private const int RowBytes = 4 + 8;
    private const int SegmentBytes = 5 * 8;

    /// <summary>Rows up to the position, or empty when the copy is missing.</summary>
    public LogEpochs Epochs { get; init; } = LogEpochs.None;

    /// <summary>Known segments in order of base; the last may be the open one.</summary>
    public IReadOnlyList<SegmentFacts> Segments { get; init; } = [];

    /// <summary>The stored checkpoint, or null when there is none that can be read.</summary>
    public static RecoveryCheckpoint? Load(IStateStore state, PartitionId partition)
    {
        byte[]? mark = state.Get(StateKey.Of(partition, StateKind.Checkpoint));
        byte[]? rows = state.Get(StateKey.Of(partition, StateKind.EpochRows));
        byte[]? segments = state.Get(StateKey.Of(partition, StateKind.Segments));
        if (mark is not { Length: MarkBytes } || mark[0] != Version || !IsList(rows, RowBytes) || !IsList(segments, SegmentBytes))
        {
            return null;
        }

        var position = new LogPosition(new Epoch(ReadInt32(mark, 1)), new Offset(ReadInt64(mark, 5)));
        return new RecoveryCheckpoint(position, new Offset(ReadInt64(mark, 13)), ReadInt64(mark, 21))
        {
            Epochs = LogEpochs.Of(DecodeRows(rows)).CutTo(position),
            Segments = DecodeSegments(segments),
        };
    }

    public static void StoreMark(StateBatch batch, PartitionId partition, RecoveryCheckpoint checkpoint)
    {
        var value = new byte[MarkBytes];
        value[0] = Version;
        BinaryPrimitives.WriteInt32BigEndian(value.AsSpan(1), checkpoint.Position.Epoch.Value);
        BinaryPrimitives.WriteInt64BigEndian(value.AsSpan(5), checkpoint.Position.Offset.Value);
        BinaryPrimitives.WriteInt64BigEndian(value.AsSpan(13), checkpoint.FileBase.Value);
        BinaryPrimitives.WriteInt64BigEndian(value.AsSpan(21), checkpoint.FileBytes);
        batch.Put(StateKey.Of(partition, StateKind.Checkpoint), value);
    }

    public static void StoreRows(StateBatch batch, PartitionId partition, LogEpochs epochs)
    {
        var value = new byte[1 + (epochs.Rows.Length * RowBytes)];
        value[0] = Version;
        for (int i = 0; i < epochs.Rows.Length; i++)
        {
            Span<byte> at = value.AsSpan(1 + (i * RowBytes));
            BinaryPrimitives.WriteInt32BigEndian(at, epochs.Rows[i].Epoch.Value);
            BinaryPrimitives.WriteInt64BigEndian(at[4..], epochs.Rows[i].Start.Value);
        }

        batch.Put(StateKey.Of(partition, StateKind.EpochRows), value);
    }

    public static void StoreSegments(StateBatch batch, PartitionId partition, IReadOnlyList<SegmentFacts> segments)
    {
        var value = new byte[1 + (segments.Count * SegmentBytes)];
        value[0] = Version;
        for (int i = 0; i < segments.Count; i++)
        {
            Span<byte> at = value.AsSpan(1 + (i * SegmentBytes));
            BinaryPrimitives.WriteInt64BigEndian(at, segments[i].Base.Value);
            BinaryPrimitives.WriteInt64BigEndian(at[8..], segments[i].Bytes);
            BinaryPrimitives.WriteInt64BigEndian(at[16..], segments[i].MaxTimestampMs);
            BinaryPrimitives.WriteInt64BigEndian(at[24..], segments[i].FirstAppendMs);
            BinaryPrimitives.WriteInt64BigEndian(at[32..], segments[i].LastAppendMs);
        }

        batch.Put(StateKey.Of(partition, StateKind.Segments), value);
    }

    /// <summary>Forgets it: recovery will scan all files and take nothing for granted.</summary>
    public static void Clear(StateBatch batch, PartitionId partition) => batch
        .Delete(StateKey.Of(partition, StateKind.Checkpoint))
        .Delete(StateKey.Of(partition, StateKind.EpochRows))
        .Delete(StateKey.Of(partition, StateKind.Segments))
        .Delete(StateKey.Of(partition, StateKind.CleanedUpto));

    /// <summary>Up to where the log is known to be compacted; offset 0 when nothing is known, which costs a compaction more.</summary>
    public static Offset LoadCleanedUpto(IStateStore state, PartitionId partition) =>
        state.Get(StateKey.Of(partition, StateKind.CleanedUpto)) is { Length: 1 + 8 } value && value[0] == Version
            ? new Offset(ReadInt64(value, 1))
            : Offset.Zero;

    public static void StoreCleanedUpto(StateBatch batch, PartitionId partition, Offset offset)
    {
        var value = new byte[1 + 8];
        value[0] = Version;
        BinaryPrimitives.WriteInt64BigEndian(value.AsSpan(1), offset.Value);
        batch.Put(StateKey.Of(partition, StateKind.CleanedUpto), value);
    }

    public static LogPosition? LoadLogStart(IStateStore state, PartitionId partition)
    {
        byte[]? value = state.Get(StateKey.Of(partition, StateKind.LogStart));
        return value is { Length: 12 }
            ? new LogPosition(new Epoch(ReadInt32(value, 0)), new Offset(ReadInt64(value, 4)))
            : null;
    }

    public static void StoreLogStart(StateBatch batch, PartitionId partition, LogPosition start)
    {
        var value = new byte[12];
        BinaryPrimitives.WriteInt32BigEndian(value, start.Epoch.Value);
        BinaryPrimitives.WriteInt64BigEndian(value.AsSpan(4), start.Offset.Value);
        batch.Put(StateKey.Of(partition, StateKind.LogStart), value);
    }

    private static bool IsList([System.Diagnostics.CodeAnalysis.NotNullWhen(true)] byte[]? value, int entryBytes) =>
        value is { Length: >= 1 } && value[0] == Version && (value.Length - 1) % entryBytes == 0;

    private static IEnumerable<EpochRow> DecodeRows(byte[] value)
    {
        for (int at = 1; at < value.Length; at += RowBytes)
        {
            yield return new EpochRow(new Epoch(ReadInt32(value, at)), new Offset(ReadInt64(value, at + 4)));
        }
    }

    private static List<SegmentFacts> DecodeSegments(byte[] value)
    {
        var segments = new List<SegmentFacts>();
        for (int at = 1; at < value.Length; at += SegmentBytes)
        {
            segments.Add(new SegmentFacts(
                new Offset(ReadInt64(value, at)),
                ReadInt64(value, at + 8),
                ReadInt64(value, at + 16),
                ReadInt64(value, at + 24),
                ReadInt64(value, at + 32)));
        }

        return segments;
    }

    private static int ReadInt32(byte[] value, int at) => BinaryPrimitives.ReadInt32BigEndian(value.AsSpan(at));

    private static long ReadInt64(byte[] value, int at) => BinaryPrimitives.ReadInt64BigEndian(value.AsSpan(at));
}

/// <summary>What the state store knows of a segment.</summary>
internal readonly record struct SegmentFacts(Offset Base, long Bytes, long MaxTimestampMs, long FirstAppendMs, long LastAppendMs);
