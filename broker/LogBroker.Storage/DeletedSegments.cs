namespace LogBroker.Storage;

/// <summary>
/// Segments whose files were deleted while leases hold them: their room is not free until the last lease is back, and a lease on one
/// has a bounded age, after which it is taken back. Thread-safe.
/// </summary>
public sealed class DeletedSegments(TimeProvider time)
{
    /// <summary>Age in milliseconds after which a lease on a deleted segment is revoked.</summary>
    public const int LeaseAgeMsMax = 60_000;

    private readonly Lock _gate = new();
    private readonly List<Segment> _held = [];

    /// <summary>Bytes of deleted segments that are still held.</summary>
    public long HeldBytes
    {
        get
        {
            lock (_gate)
            {
                return _held.Sum(s => s.Bytes);
            }
        }
    }

    /// <summary>Revokes leases that are too old and forgets segments nobody holds. Called at intervals.</summary>
    public void Sweep() => Sweep(LeaseAgeMsMax);

    internal void Sweep(int leaseAgeMsMax)
    {
        long oldest = time.GetTimestamp() - (long)(time.TimestampFrequency * (leaseAgeMsMax / 1000.0));
        lock (_gate)
        {
            _held.RemoveAll(s => !s.RevokeLeases(oldest));
        }
    }

    internal void Add(Segment segment)
    {
        lock (_gate)
        {
            if (!_held.Contains(segment))
            {
                _held.Add(segment);
            }
        }
    }
}
