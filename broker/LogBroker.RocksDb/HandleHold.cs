using System.Runtime.InteropServices;

namespace LogBroker.RocksDb;

/// <summary>Keeps a handle from being released for the length of a scope.</summary>
internal readonly ref struct HandleHold
{
    private readonly SafeHandle _handle;

    /// <exception cref="ObjectDisposedException">The handle was disposed.</exception>
    internal HandleHold(SafeHandle handle)
    {
        var held = false;
        handle.DangerousAddRef(ref held);
        _handle = handle;
    }

    public void Dispose() => _handle.DangerousRelease();
}
