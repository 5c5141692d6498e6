namespace LogBroker.Storage;

/// <summary>
/// Where the views of tables are kept: keys and values that can be made anew from the log at any time. Forms: RocksDB
/// (<see cref="RocksTableStore"/>) and memory (<see cref="MemoryTableStore"/>); one suite of tests holds both to this contract.
/// Thread-safe.
/// </summary>
/// <remarks>
/// Batches are atomic and in order: if one is there after the process or the machine died, so are all before it. None of them is
/// promised to be there. Apart from the state store, so that its damage, its size and its writes touch neither votes nor log starts.
/// </remarks>
public interface ITableStore : IDisposable
{
    /// <summary>The value of a key, or null.</summary>
    /// <exception cref="DiskFailedException">The disk could not be read.</exception>
    byte[]? Get(ReadOnlySpan<byte> key);

    /// <summary>Whether a key is there.</summary>
    /// <exception cref="DiskFailedException">The disk could not be read.</exception>
    bool Has(ReadOnlySpan<byte> key);

    /// <summary>Carries out a batch, whole or not at all.</summary>
    /// <exception cref="DiskFailedException">The disk refused; the batch may be tried again.</exception>
    void Write(StateBatch batch);

    /// <summary>Removes all keys that begin with <paramref name="prefix"/>, which is not empty.</summary>
    /// <exception cref="DiskFailedException">The disk refused.</exception>
    void Clear(ReadOnlySpan<byte> prefix);

    /// <summary>
    /// Keys that begin with <paramref name="prefix"/> and come behind <paramref name="after"/> (empty for the beginning), in order of
    /// bytes, as of the call: at most <paramref name="entriesMax"/>, and no more once keys and values have
    /// <paramref name="bytesMax"/> bytes.
    /// </summary>
    /// <exception cref="DiskFailedException">The disk could not be read.</exception>
    IReadOnlyList<KeyValuePair<byte[], byte[]>> Scan(
        ReadOnlySpan<byte> prefix, ReadOnlySpan<byte> after, int entriesMax, long bytesMax);
}
