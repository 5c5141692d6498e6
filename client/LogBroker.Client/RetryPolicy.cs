namespace LogBroker.Client;

/// <summary>
/// How long to wait before a retry: doubling from <paramref name="min"/> to <paramref name="max"/>, each wait drawn from the upper half
/// of its range so that many clients do not come back at once. Thread-safe.
/// </summary>
internal sealed class RetryPolicy(TimeSpan min, TimeSpan max, Func<double> random)
{
    public RetryPolicy(LogBrokerClientOptions options)
        : this(options.RetryBackoff, options.RetryBackoffMax, Random.Shared.NextDouble)
    {
    }

    /// <summary>The wait before the retry after so many failed attempts, from 1; at least what the server asks for.</summary>
    public TimeSpan Wait(int failedAttempts, TimeSpan? serverAsks = null)
    {
        int doublings = Math.Clamp(failedAttempts - 1, 0, 30);
        double full = Math.Min(max.Ticks, min.Ticks * (double)(1L << doublings));
        var wait = new TimeSpan((long)(full * (0.5 + (0.5 * random()))));
        return serverAsks is { } asked && asked > wait ? asked : wait;
    }
}
