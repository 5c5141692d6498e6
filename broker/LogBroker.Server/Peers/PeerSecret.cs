using System.Security.Cryptography;

namespace LogBroker.Server;

/// <summary>
/// What the nodes of a cluster share to know each other. It stays in here: nothing shows it, and it never travels. Thread-safe.
/// </summary>
internal sealed class PeerSecret
{
    /// <summary>The shortest secret, in bytes.</summary>
    public const int BytesMin = 16;

    /// <summary>The largest file, in bytes.</summary>
    public const int FileBytesMax = 64 * 1024;

    private const UnixFileMode Others = UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite;

    private readonly byte[] _bytes;

    private PeerSecret(byte[] bytes, bool isReadableByOthers)
    {
        _bytes = bytes;
        IsReadableByOthers = isReadableByOthers;
    }

    /// <summary>True when the file's mode lets others than its owner at it.</summary>
    public bool IsReadableByOthers { get; }

    /// <summary>Reads a secret; white space around it does not count.</summary>
    /// <returns>The secret, or null and what is wrong with the file.</returns>
    public static (PeerSecret? Secret, string? Problem) Read(string path)
    {
        try
        {
            var file = new FileInfo(path);
            if (file.Exists && file.Length > FileBytesMax)
                return (null, $"is larger than {FileBytesMax} bytes");
            byte[] content = File.ReadAllBytes(path);
            ReadOnlySpan<byte> secret = content.AsSpan().Trim(" \t\r\n"u8);
            bool isOpen = !OperatingSystem.IsWindows() && (File.GetUnixFileMode(path) & Others) != 0;
            return secret.Length < BytesMin
                ? (null, $"has {secret.Length} bytes, at least {BytesMin} are needed")
                : (new PeerSecret(secret.ToArray(), isOpen), null);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return (null, $"cannot be read: {e.Message}");
        }
    }

    /// <summary>A secret of these bytes.</summary>
    public static PeerSecret Of(ReadOnlySpan<byte> bytes) => new(bytes.ToArray(), isReadableByOthers: false);

    /// <summary>HMAC-SHA256 of some text by this secret.</summary>
    public byte[] Mac(ReadOnlySpan<byte> text) => HMACSHA256.HashData(_bytes, text);

    /// <inheritdoc/>
    public override string ToString() => "(secret)";
}
