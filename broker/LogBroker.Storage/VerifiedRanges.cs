namespace LogBroker.Storage;

/// <summary>
/// Which bytes of a segment were checked since the process started, so that what is served was checked at least once. Bounded:
/// when there are too many separate ranges the smallest is forgotten and will be checked again. Thread-safe.
/// </summary>
internal sealed class VerifiedRanges
{
    private const int RangesMax = 128;

    private readonly Lock _gate = new();
    private readonly List<(long Start, long End)> _ranges = [];

    /// <summary>True when all bytes from <paramref name="start"/> up to <paramref name="end"/> were checked.</summary>
    public bool Contains(long start, long end)
    {
        lock (_gate)
        {
            int at = FirstEndingAtOrBehind(start);
            return at < _ranges.Count && _ranges[at].Start <= start && _ranges[at].End >= end;
        }
    }

    /// <summary>End of the checked range that holds the byte at <paramref name="start"/>, or <paramref name="start"/>.</summary>
    public long EndFrom(long start)
    {
        lock (_gate)
        {
            int at = FirstEndingAtOrBehind(start);
            return at < _ranges.Count && _ranges[at].Start <= start ? Math.Max(start, _ranges[at].End) : start;
        }
    }

    /// <summary>Notes that these bytes were checked.</summary>
    public void Add(long start, long end)
    {
        if (start >= end)
        {
            return;
        }

        lock (_gate)
        {
            int at = FirstEndingAtOrBehind(start);
            int behind = at;
            while (behind < _ranges.Count && _ranges[behind].Start <= end)
            {
                start = Math.Min(start, _ranges[behind].Start);
                end = Math.Max(end, _ranges[behind].End);
                behind++;
            }

            _ranges.RemoveRange(at, behind - at);
            _ranges.Insert(at, (start, end));
            if (_ranges.Count > RangesMax)
            {
                _ranges.RemoveAt(Smallest());
            }
        }
    }

    private int FirstEndingAtOrBehind(long position)
    {
        int low = 0;
        int high = _ranges.Count;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (_ranges[middle].End < position)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }

    private int Smallest()
    {
        int smallest = 0;
        for (int i = 1; i < _ranges.Count; i++)
        {
            if (_ranges[i].End - _ranges[i].Start < _ranges[smallest].End - _ranges[smallest].Start)
            {
                smallest = i;
            }
        }

        return smallest;
    }
}
