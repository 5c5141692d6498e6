namespace LogBroker.RocksDb;

/// <summary>
/// librocksdb is not on this machine, or what is there cannot be loaded. <see cref="Exception.Message"/> is one line that says
/// where it was looked for and what to install.
/// </summary>
public sealed class RocksDbNotFoundException : Exception
{
    internal RocksDbNotFoundException(string message)
        : base(message)
    {
    }
}
