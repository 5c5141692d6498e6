namespace LogBroker.Client.Tests;

/// <summary>Clients for tests: quick to retry.</summary>
internal static class Clients
{
    public static ProducerOptions SmallBatches { get; } = new() { BatchBytes = 1024 };

    public static LogBrokerClient Of(FakeBroker broker) => Of(broker.Address);

    public static LogBrokerClient Of(string servers) => new(new LogBrokerClientOptions
    {
        Servers = servers,
        RetryBackoff = TimeSpan.FromMilliseconds(2),
        RetryBackoffMax = TimeSpan.FromMilliseconds(50),
    });

    /// <summary>Waits until a condition holds.</summary>
    public static async Task UntilAsync(Func<bool> condition)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        using var ticks = new PeriodicTimer(TimeSpan.FromMilliseconds(2));
        while (!condition())
        {
            await ticks.WaitForNextTickAsync(patience.Token);
        }
    }
}
