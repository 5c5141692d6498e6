using LogBroker.Protocol;

namespace LogBroker.Cluster;

/// <summary>
/// The keys of what a leader has appended since some offset and its table view does not hold yet: together they know the newest record of
/// every key at the end of the log, committed or not. Owned by the loop; forgotten when anything of it may be cut.
/// </summary>
internal sealed class TailKeys(Offset from)
{
    /// <summary>More is not kept: whoever asks then waits until the view has come nearer.</summary>
    private const int KeysMax = 1_000_000;

    private readonly Dictionary<ReadOnlyMemory<byte>, TailKey> _newest = new(KeyBytes.Instance);
    private readonly Queue<(long Offset, ReadOnlyMemory<byte> Key)> _order = new();

    /// <summary>Holds all keys from here on.</summary>
    public Offset From => from;

    public bool IsFull => _order.Count >= KeysMax;

    /// <summary>Takes in a batch that gets a base offset.</summary>
    public void Note(ReadOnlyMemory<byte> batch, Offset baseOffset)
    {
        if (RecordReader.TryOpen(batch, Limits.InflatedBytesMax, out RecordReader reader) is not null || reader.IsControl)
        {
            return; // the view passes it over, too
        }

        while (reader.MoveNext())
        {
            LogRecord record = reader.Current;
            if (record.Key is { } key)
            {
                long offset = baseOffset.Value + (record.Offset - reader.BaseOffset);
                byte[] kept = key.ToArray();
                _newest[kept] = new TailKey(offset, record.TimestampMs, record.IsTombstone);
                _order.Enqueue((offset, kept));
            }
        }
    }

    /// <summary>Drops what the view holds.</summary>
    public void Forget(Offset applied)
    {
        while (_order.TryPeek(out (long Offset, ReadOnlyMemory<byte> Key) oldest) && oldest.Offset < applied.Value)
        {
            _order.Dequeue();
            if (_newest.TryGetValue(oldest.Key, out TailKey newest) && newest.Offset == oldest.Offset)
            {
                _newest.Remove(oldest.Key);
            }
        }
    }

    public bool TryFind(ReadOnlyMemory<byte> key, out TailKey newest) => _newest.TryGetValue(key, out newest);
}

/// <summary>The newest record of a key in the tail.</summary>
internal readonly record struct TailKey(long Offset, long TimestampMs, bool IsTombstone);
