namespace LogBroker.Chaos;

/// <summary>The only places where this program lets time pass.</summary>
internal static class Wait
{
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(20);

    /// <summary>Lets a fault, a pause or the pace of a load last.</summary>
    public static Task ForAsync(TimeSpan time, CancellationToken cancellation = default) =>
        Task.Delay(time, cancellation); // because faults have a length: this is no synchronisation

    /// <summary>Waits until a condition of other processes holds, which nobody announces.</summary>
    /// <exception cref="TimeoutException">It did not in time.</exception>
    public static async Task UntilAsync(Func<Task<bool>> isSo, TimeSpan deadline, Func<string> what)
    {
        long startedAt = TimeProvider.System.GetTimestamp();
        while (!await isSo())
        {
            if (TimeProvider.System.GetElapsedTime(startedAt) > deadline)
                throw new TimeoutException($"after {deadline.TotalSeconds:0} s still not: {what()}");
            await ForAsync(Step);
        }
    }

    /// <inheritdoc cref="UntilAsync(Func{Task{bool}}, TimeSpan, Func{string})"/>
    public static Task UntilAsync(Func<bool> isSo, TimeSpan deadline, Func<string> what) =>
        UntilAsync(() => Task.FromResult(isSo()), deadline, what);
}
