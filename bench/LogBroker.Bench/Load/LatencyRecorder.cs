using System.Diagnostics;
using HdrHistogram;
using LogBroker.Bench.Results;

namespace LogBroker.Bench.Load;

/// <summary>
/// Latencies of a run in microseconds, to three significant digits, as one histogram and one per second. What was due outside of the
/// measured part is ignored, so that a warm-up leaves no trace however late it ends. Thread-safe.
/// </summary>
internal sealed class LatencyRecorder
{
    /// <summary>Longer ones count as ten minutes in the percentiles; the maximum is exact.</summary>
    private const long MicrosecondsMax = 600_000_000;

    private static readonly double[] CurvePercentiles =
        [0, 10, 20, 30, 40, 50, 60, 70, 75, 80, 85, 90, 92.5, 95, 97, 98, 99, 99.5, 99.7, 99.8, 99.9, 99.95, 99.97, 99.99, 99.995, 99.999];

    private readonly Lock _lock = new();
    private readonly long _startTicks;
    private readonly LongHistogram _all = NewHistogram();
    private readonly LongHistogram?[] _seconds;
    private readonly double[] _secondsMax;
    private double _max;

    /// <param name="startTicks">Begin of the measured part, a timestamp of <see cref="Stopwatch"/>.</param>
    /// <param name="duration">Its length.</param>
    public LatencyRecorder(long startTicks, TimeSpan duration)
    {
        _startTicks = startTicks;
        EndTicks = startTicks + MeasuredSpan.TicksOf(duration);
        _seconds = new LongHistogram?[Math.Max(1, (int)Math.Ceiling(duration.TotalSeconds))];
        _secondsMax = new double[_seconds.Length];
    }

    /// <summary>End of the measured part.</summary>
    public long EndTicks { get; }

    /// <summary>Adds one: when it was due, and when it happened (both timestamps of <see cref="Stopwatch"/>).</summary>
    public void Record(long intendedTicks, long happenedTicks)
    {
        if (intendedTicks < _startTicks || intendedTicks >= EndTicks)
        {
            return;
        }

        double microseconds = Math.Max(0, (happenedTicks - intendedTicks) * 1e6 / Stopwatch.Frequency);
        long rounded = Math.Min((long)Math.Round(microseconds), MicrosecondsMax);
        int second = (int)Math.Min((intendedTicks - _startTicks) / Stopwatch.Frequency, _seconds.Length - 1);
        lock (_lock)
        {
            _all.RecordValue(rounded);
            (_seconds[second] ??= NewHistogram()).RecordValue(rounded);
            _secondsMax[second] = Math.Max(_secondsMax[second], microseconds);
            _max = Math.Max(_max, microseconds);
        }
    }

    /// <summary>
    /// What was recorded; null for nothing. Percentiles for which there are too few values (fewer than one beyond them) are null or
    /// left out.
    /// </summary>
    public Latency? ToLatency()
    {
        lock (_lock)
        {
            long count = _all.TotalCount;
            if (count == 0)
            {
                return null;
            }

            return new Latency
            {
                Count = count,
                P50 = _all.GetValueAtPercentile(50),
                P90 = Tail(90),
                P99 = _all.GetValueAtPercentile(99),
                P999 = Tail(99.9),
                P9999 = Tail(99.99),
                Max = _max,
                Mean = _all.GetMean(),
                Curve =
                [
                    .. CurvePercentiles.Where(p => HasTail(count, p)).Select(p => new CurvePoint(p, _all.GetValueAtPercentile(p))),
                    new CurvePoint(100, _max),
                ],
                OverTime = [.. Enumerable.Range(0, _seconds.Length).Where(i => _seconds[i] is not null).Select(OfSecond)],
            };
        }
    }

    private static bool HasTail(long count, double percentile) => count * (100 - percentile) / 100 >= 1 - 1e-9;

    private static LongHistogram NewHistogram() => new(1, MicrosecondsMax, 3);

    private double? Tail(double percentile) =>
        HasTail(_all.TotalCount, percentile) ? _all.GetValueAtPercentile(percentile) : null;

    private SecondPoint OfSecond(int second)
    {
        LongHistogram histogram = _seconds[second]!;
        return new SecondPoint(second, histogram.GetValueAtPercentile(50), histogram.GetValueAtPercentile(99), _secondsMax[second]);
    }
}
