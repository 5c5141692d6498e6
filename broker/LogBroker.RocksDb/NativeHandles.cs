using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace LogBroker.RocksDb;

// Who keeps whom alive: a column family, an iterator and a checkpoint each hold a reference to the database, an iterator also
// to its options and column family. So the native database closes when the last of them is released, in whatever order they
// are disposed or finalized, and a call in flight on another thread keeps what it uses.

/// <summary>A handle that keeps others alive until it is itself released.</summary>
internal abstract class OwningHandle : SafeHandleZeroOrMinusOneIsInvalid
{
    private readonly SafeHandle[] _owners;

    /// <summary>
    /// Takes over <paramref name="pointer"/>. Its maker holds the database meanwhile, so that it can be destroyed if an owner
    /// turns out to be disposed.
    /// </summary>
    protected OwningHandle(nint pointer, params SafeHandle[] owners)
        : base(ownsHandle: true)
    {
        SetHandle(pointer);
        _owners = owners;
        var taken = 0;
        try
        {
            for (; taken < owners.Length; taken++)
            {
                var added = false;
                owners[taken].DangerousAddRef(ref added);
            }
        }
        catch
        {
            Destroy();
            SetHandleAsInvalid();
            for (var i = 0; i < taken; i++)
                owners[i].DangerousRelease();
            throw;
        }
    }

    protected abstract void Destroy();

    protected override bool ReleaseHandle()
    {
        Destroy();
        foreach (var owner in _owners)
            owner.DangerousRelease();
        return true;
    }
}

internal sealed class OptionsHandle() : OwningHandle(Native.rocksdb_options_create())
{
    protected override void Destroy() => Native.rocksdb_options_destroy(handle);
}

internal sealed class WriteOptionsHandle() : OwningHandle(Native.rocksdb_writeoptions_create())
{
    protected override void Destroy() => Native.rocksdb_writeoptions_destroy(handle);
}

internal sealed class FlushOptionsHandle() : OwningHandle(Native.rocksdb_flushoptions_create())
{
    protected override void Destroy() => Native.rocksdb_flushoptions_destroy(handle);
}

/// <summary>Read options and the bounds they point at: RocksDB keeps the address of a bound, not its bytes.</summary>
internal sealed unsafe class ReadOptionsHandle() : OwningHandle(Native.rocksdb_readoptions_create())
{
    private readonly List<nint> _bounds = [];

    /// <summary>Copies <paramref name="key"/> to memory that lives as long as this handle.</summary>
    internal byte* Keep(ReadOnlySpan<byte> key)
    {
        var copy = (byte*)NativeMemory.Alloc((nuint)Math.Max(1, key.Length));
        key.CopyTo(new Span<byte>(copy, key.Length));
        _bounds.Add((nint)copy);
        return copy;
    }

    protected override void Destroy()
    {
        Native.rocksdb_readoptions_destroy(handle);
        foreach (var bound in _bounds)
            NativeMemory.Free((void*)bound);
    }
}

internal sealed class DatabaseHandle(nint pointer) : OwningHandle(pointer)
{
    protected override void Destroy() => Native.rocksdb_close(handle);
}

internal sealed class FamilyHandle(nint pointer, DatabaseHandle database) : OwningHandle(pointer, database)
{
    protected override void Destroy() => Native.rocksdb_column_family_handle_destroy(handle);
}

internal sealed class IteratorHandle(nint pointer, DatabaseHandle database, FamilyHandle family, ReadOptionsHandle options)
    : OwningHandle(pointer, options, family, database)
{
    protected override void Destroy() => Native.rocksdb_iter_destroy(handle);
}

internal sealed class CheckpointHandle(nint pointer, DatabaseHandle database) : OwningHandle(pointer, database)
{
    protected override void Destroy() => Native.rocksdb_checkpoint_object_destroy(handle);
}

internal sealed class BatchHandle() : OwningHandle(Native.rocksdb_writebatch_create())
{
    protected override void Destroy() => Native.rocksdb_writebatch_destroy(handle);
}
