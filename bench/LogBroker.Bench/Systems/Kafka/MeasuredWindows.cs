namespace LogBroker.Bench.Systems.Kafka;

/// <summary>A window that a tool reported, when it arrived (seconds on any one clock), and the tool's CPU seconds by then.</summary>
internal sealed record TimedWindow(double AtSeconds, long Records, double Seconds, double? CpuSeconds);

/// <summary>What of a tool's windows counts: those that end after the warm-up, up to the duration.</summary>
internal sealed record MeasuredWindows(long Records, double Seconds, double? CpuSeconds)
{
    /// <summary>
    /// The windows are in the order of arrival, and the warm-up began at <paramref name="startSeconds"/> on their clock. A tool that
    /// reached its limit of bytes before the warm-up was over leaves the later half of its windows.
    /// </summary>
    /// <exception cref="BenchException">There are fewer than two windows.</exception>
    public static MeasuredWindows Of(
        IReadOnlyList<TimedWindow> windows, double startSeconds, TimeSpan warmup, TimeSpan duration)
    {
        if (windows.Count < 2)
        {
            throw new BenchException("The load ended before there was anything to measure");
        }

        double from = startSeconds + warmup.TotalSeconds;
        int first = 1;
        while (first < windows.Count && windows[first - 1].AtSeconds < from)
        {
            first++;
        }

        if (first == windows.Count)
        {
            first = Math.Max(1, windows.Count / 2);
        }

        long records = 0;
        double seconds = 0;
        int next = first;
        while (next < windows.Count && (next == first || seconds + (windows[next].Seconds / 2) <= duration.TotalSeconds))
        {
            records += windows[next].Records;
            seconds += windows[next].Seconds;
            next++;
        }

        return new MeasuredWindows(records, seconds, windows[next - 1].CpuSeconds - windows[first - 1].CpuSeconds);
    }
}
