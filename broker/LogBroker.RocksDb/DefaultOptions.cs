namespace LogBroker.RocksDb;

/// <summary>
/// What calls without options use. A type of its own, so that a missing library shows where the first option object is made
/// and not inside a type initializer.
/// </summary>
internal static class DefaultOptions
{
    internal static ReadOptions Read { get; } = new();

    internal static WriteOptions Write { get; } = new();
}
