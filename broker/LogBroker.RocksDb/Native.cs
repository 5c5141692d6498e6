using System.Reflection;
using System.Runtime.InteropServices;

namespace LogBroker.RocksDb;

/// <summary>
/// The functions of librocksdb's C API (<c>rocksdb/c.h</c>) that this binding uses, under their own names. All of them exist
/// unchanged from 7.8 to 10. <c>byte</c> stands for the C API's <c>unsigned char</c> flags, <c>nuint</c> for <c>size_t</c>;
/// an <c>error</c> is a string the library allocated, or zero.
/// </summary>
internal static unsafe partial class Native
{
    private const string Library = NativeLibraryLocator.LibraryName;

    /// <summary>The functions a library must export to be used: those that came last among the ones below.</summary>
    internal static readonly string[] RequiredExports =
        ["rocksdb_open_column_families", "rocksdb_get_pinned_cf", "rocksdb_flush_wal", "rocksdb_checkpoint_object_create"];

    static Native() => NativeLibrary.SetDllImportResolver(typeof(Native).Assembly, Resolve);

    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? path) =>
        name == Library ? NativeLibraryLocator.Load() : 0;

    [LibraryImport(Library)]
    internal static partial void rocksdb_free(nint pointer);

    // --- the database ---

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial nint rocksdb_open_column_families(
        OptionsHandle options, string path, int count, nint* names, nint* familyOptions, nint* families, out nint error);

    [LibraryImport(Library)]
    internal static partial void rocksdb_close(nint database);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial nint* rocksdb_list_column_families(OptionsHandle options, string path, out nuint count, out nint error);

    [LibraryImport(Library)]
    internal static partial void rocksdb_list_column_families_destroy(nint* names, nuint count);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial nint rocksdb_create_column_family(DatabaseHandle database, OptionsHandle options, string name, out nint error);

    [LibraryImport(Library)]
    internal static partial void rocksdb_drop_column_family(DatabaseHandle database, FamilyHandle family, out nint error);

    [LibraryImport(Library)]
    internal static partial void rocksdb_column_family_handle_destroy(nint family);

    [LibraryImport(Library)]
    internal static partial void rocksdb_put_cf(
        DatabaseHandle database,
        WriteOptionsHandle options,
        FamilyHandle family,
        byte* key,
        nuint keyBytes,
        byte* value,
        nuint valueBytes,
        out nint error);

    [LibraryImport(Library)]
    internal static partial void rocksdb_delete_cf(
        DatabaseHandle database, WriteOptionsHandle options, FamilyHandle family, byte* key, nuint keyBytes, out nint error);

    [LibraryImport(Library)]
    internal static partial void rocksdb_write(DatabaseHandle database, WriteOptionsHandle options, BatchHandle batch, out nint error);

    [LibraryImport(Library)]
    internal static partial nint rocksdb_get_pinned_cf(
        DatabaseHandle database, ReadOptionsHandle options, FamilyHandle family, byte* key, nuint keyBytes, out nint error);

    [LibraryImport(Library)]
    internal static partial byte* rocksdb_pinnableslice_value(nint slice, out nuint bytes);

    [LibraryImport(Library)]
    internal static partial void rocksdb_pinnableslice_destroy(nint slice);

    [LibraryImport(Library)]
    internal static partial void rocksdb_flush_wal(DatabaseHandle database, byte sync, out nint error);

    [LibraryImport(Library)]
    internal static partial void rocksdb_flush_cf(DatabaseHandle database, FlushOptionsHandle options, FamilyHandle family, out nint error);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial nint rocksdb_property_value_cf(DatabaseHandle database, FamilyHandle family, string name);

    // --- checkpoints ---

    [LibraryImport(Library)]
    internal static partial nint rocksdb_checkpoint_object_create(DatabaseHandle database, out nint error);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial void rocksdb_checkpoint_create(
        CheckpointHandle checkpoint, string path, ulong logBytesForFlush, out nint error);

    [LibraryImport(Library)]
    internal static partial void rocksdb_checkpoint_object_destroy(nint checkpoint);

    // --- write batches ---

    [LibraryImport(Library)]
    internal static partial nint rocksdb_writebatch_create();

    [LibraryImport(Library)]
    internal static partial void rocksdb_writebatch_destroy(nint batch);

    [LibraryImport(Library)]
    internal static partial void rocksdb_writebatch_clear(BatchHandle batch);

    [LibraryImport(Library)]
    internal static partial int rocksdb_writebatch_count(BatchHandle batch);

    [LibraryImport(Library)]
    internal static partial byte* rocksdb_writebatch_data(BatchHandle batch, out nuint bytes);

    [LibraryImport(Library)]
    internal static partial void rocksdb_writebatch_put_cf(
        BatchHandle batch, FamilyHandle family, byte* key, nuint keyBytes, byte* value, nuint valueBytes);

    [LibraryImport(Library)]
    internal static partial void rocksdb_writebatch_delete_cf(BatchHandle batch, FamilyHandle family, byte* key, nuint keyBytes);

    [LibraryImport(Library)]
    internal static partial void rocksdb_writebatch_delete_range_cf(
        BatchHandle batch, FamilyHandle family, byte* first, nuint firstBytes, byte* end, nuint endBytes);

    // --- iterators ---

    [LibraryImport(Library)]
    internal static partial nint rocksdb_create_iterator_cf(DatabaseHandle database, ReadOptionsHandle options, FamilyHandle family);

    [LibraryImport(Library)]
    internal static partial void rocksdb_iter_destroy(nint iterator);

    [LibraryImport(Library)]
    internal static partial byte rocksdb_iter_valid(IteratorHandle iterator);

    [LibraryImport(Library)]
    internal static partial void rocksdb_iter_seek_to_first(IteratorHandle iterator);

    [LibraryImport(Library)]
    internal static partial void rocksdb_iter_seek_to_last(IteratorHandle iterator);

    [LibraryImport(Library)]
    internal static partial void rocksdb_iter_seek(IteratorHandle iterator, byte* key, nuint keyBytes);

    [LibraryImport(Library)]
    internal static partial void rocksdb_iter_seek_for_prev(IteratorHandle iterator, byte* key, nuint keyBytes);

    [LibraryImport(Library)]
    internal static partial void rocksdb_iter_next(IteratorHandle iterator);

    [LibraryImport(Library)]
    internal static partial void rocksdb_iter_prev(IteratorHandle iterator);

    [LibraryImport(Library)]
    internal static partial byte* rocksdb_iter_key(IteratorHandle iterator, out nuint bytes);

    [LibraryImport(Library)]
    internal static partial byte* rocksdb_iter_value(IteratorHandle iterator, out nuint bytes);

    [LibraryImport(Library)]
    internal static partial void rocksdb_iter_get_error(IteratorHandle iterator, out nint error);
}
