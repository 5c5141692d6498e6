using System.Runtime.InteropServices;

namespace LogBroker.RocksDb;

/// <summary>An error that librocksdb reported. <see cref="Exception.Message"/> is the library's own text.</summary>
public class RocksDbException : Exception
{
    /// <summary>Makes an exception of a text as the library writes it (<c>IO error: …</c>).</summary>
    public RocksDbException(string message)
        : base(message) => Kind = KindOf(message);

    /// <summary>What the library said it is, read from the beginning of its text.</summary>
    public RocksDbErrorKind Kind { get; }

    /// <summary>Throws if <paramref name="error"/> is set, and gives the native string back.</summary>
    internal static void ThrowIf(nint error)
    {
        if (error == 0)
            return;
        var message = Marshal.PtrToStringUTF8(error);
        Native.rocksdb_free(error);
        throw new RocksDbException(string.IsNullOrEmpty(message) ? "librocksdb reported an error without a text" : message);
    }

    private static RocksDbErrorKind KindOf(string message)
    {
        var colon = message.IndexOf(':', StringComparison.Ordinal);
        return (colon < 0 ? message : message[..colon]) switch
        {
            "NotFound" => RocksDbErrorKind.NotFound,
            "Corruption" => RocksDbErrorKind.Corruption,
            "Not implemented" => RocksDbErrorKind.NotSupported,
            "Invalid argument" => RocksDbErrorKind.InvalidArgument,
            "IO error" => RocksDbErrorKind.Io,
            "Shutdown in progress" => RocksDbErrorKind.ShutdownInProgress,
            "Resource busy" => RocksDbErrorKind.Busy,
            _ => RocksDbErrorKind.Other,
        };
    }
}
