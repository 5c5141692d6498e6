using LogBroker.Protocol;

namespace LogBroker.Storage;

/// <summary>
/// A lease over whole batches of one segment. Between the holder and a revoking thread stands <c>_state</c>: a copy in progress
/// is waited for, a revoked lease refuses further copies; until it is filled it counts as copying.
/// </summary>
internal sealed class SegmentSlice(Segment segment, long issuedAt) : LogSlice
{
    private const int Idle = 0;
    private const int Copying = 1;
    private const int Returned = 2;

    private long _start;
    private int _length;
    private Offset _base;
    private Offset _next;
    private int _state = Copying;

    public override int Length => _length;

    public override Offset BaseOffset => _base;

    public override Offset NextOffset => _next;

    /// <summary>Timestamp of the issue, in ticks of the time provider.</summary>
    public long IssuedAt { get; } = issuedAt;

    // Links of the segment's list, guarded by its lock.
    internal SegmentSlice? NextLease { get; set; }

    internal SegmentSlice? PreviousLease { get; set; }

    /// <summary>Says what is leased, before the slice is handed out.</summary>
    public void Fill(long start, int length, Offset baseOffset, Offset next)
    {
        _start = start;
        _length = length;
        _base = baseOffset;
        _next = next;
        Volatile.Write(ref _state, Idle);
    }

    /// <summary>Gives back a lease that was never filled.</summary>
    public void Abandon()
    {
        Volatile.Write(ref _state, Returned);
        segment.Return(this);
    }

    public override void CopyTo(int start, Span<byte> destination)
    {
        Invariant.Require(start >= 0 && start + (long)destination.Length <= _length);
        if (Interlocked.CompareExchange(ref _state, Copying, Idle) != Idle)
        {
            throw new DiskReadException("lease", segment.Path, 0, "the lease was given back or is too old and its segment was deleted");
        }

        try
        {
            segment.Copy(_start + start, destination);
        }
        finally
        {
            Volatile.Write(ref _state, Idle);
        }
    }

    public override void Dispose()
    {
        if (Interlocked.CompareExchange(ref _state, Returned, Idle) == Idle)
        {
            segment.Return(this);
        }
    }

    /// <summary>Takes the lease back unless a copy is running: then the next sweep does.</summary>
    public void Revoke() => Dispose();
}
