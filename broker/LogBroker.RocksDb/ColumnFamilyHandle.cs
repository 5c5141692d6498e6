namespace LogBroker.RocksDb;

/// <summary>
/// One column family of an open <see cref="RocksDb"/>, which owns it: there is nothing to dispose. Thread-safe. After its
/// database is disposed its use is an <see cref="ObjectDisposedException"/>.
/// </summary>
public sealed class ColumnFamilyHandle
{
    internal ColumnFamilyHandle(string name, RocksDb database, FamilyHandle handle)
    {
        Name = name;
        Database = database;
        Handle = handle;
    }

    /// <summary>The name it was created with.</summary>
    public string Name { get; }

    internal RocksDb Database { get; }

    internal FamilyHandle Handle { get; }
}
