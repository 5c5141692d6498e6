using LogBroker.Storage;

namespace LogBroker.Testing;

/// <summary>The state store of one life of a node: after <see cref="Cut"/> it refuses everything. Thread-safe.</summary>
internal sealed class NodeState(IStateStore store) : IStateStore
{
    private volatile bool _isCut;

    /// <summary>The process is gone.</summary>
    public void Cut() => _isCut = true;

    public byte[]? Get(ReadOnlySpan<byte> key)
    {
        RequireUp("read");
        return store.Get(key);
    }

    public void Write(StateBatch batch, bool sync)
    {
        RequireUp("write");
        store.Write(batch, sync);
    }

    public IReadOnlyList<KeyValuePair<byte[], byte[]>> Scan(ReadOnlySpan<byte> prefix)
    {
        RequireUp("read");
        return store.Scan(prefix);
    }

    public void Dispose() => store.Dispose();

    private void RequireUp(string operation)
    {
        if (_isCut)
        {
            throw new DiskFailedException(operation, "state", 0, "the node was killed");
        }
    }
}
