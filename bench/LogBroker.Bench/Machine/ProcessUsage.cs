namespace LogBroker.Bench.Machine;

/// <summary>One look at one process.</summary>
internal readonly record struct ProcessSample(double CpuSeconds, long RssBytes, long RssAnonBytes, long? BytesWritten);

/// <summary>
/// Adds looks at several processes up to what they used together. A process that has ended keeps its last CPU time and bytes
/// written, and no memory. Not thread-safe.
/// </summary>
internal sealed class ProcessUsage
{
    private readonly Dictionary<int, ProcessSample> _first = [];
    private readonly Dictionary<int, ProcessSample> _last = [];
    private readonly List<long> _rssAnonBytesOverTime = [];

    public long RssBytesPeak { get; private set; }

    public long RssAnonBytesPeak { get; private set; }

    public IReadOnlyList<long> RssAnonBytesOverTime => _rssAnonBytesOverTime;

    public double CpuSeconds => _last.Sum(p => p.Value.CpuSeconds - _first[p.Key].CpuSeconds);

    /// <summary>Of the process that used most; null when there is only one.</summary>
    public double? CpuSecondsOfBusiest =>
        _last.Count < 2 ? null : _last.Max(p => p.Value.CpuSeconds - _first[p.Key].CpuSeconds);

    /// <summary>Null when one of the processes does not let itself be read.</summary>
    public long? BytesWritten => _last.Count == 0 || _last.Any(p => p.Value.BytesWritten is null || _first[p.Key].BytesWritten is null)
        ? null
        : _last.Sum(p => p.Value.BytesWritten!.Value - _first[p.Key].BytesWritten!.Value);

    /// <param name="seconds">Since the first look; the first look of each second goes into the series.</param>
    /// <param name="samples">By process id; those that have ended are missing.</param>
    public void Add(double seconds, IReadOnlyDictionary<int, ProcessSample> samples)
    {
        foreach ((int id, ProcessSample sample) in samples)
        {
            _first.TryAdd(id, sample);
            _last[id] = sample;
        }

        long rssAnonBytes = samples.Values.Sum(s => s.RssAnonBytes);
        RssBytesPeak = Math.Max(RssBytesPeak, samples.Values.Sum(s => s.RssBytes));
        RssAnonBytesPeak = Math.Max(RssAnonBytesPeak, rssAnonBytes);
        if (samples.Count > 0 && seconds >= _rssAnonBytesOverTime.Count)
        {
            _rssAnonBytesOverTime.Add(rssAnonBytes);
        }
    }
}
