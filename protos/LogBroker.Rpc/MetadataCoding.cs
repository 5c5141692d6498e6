using System.Buffers;

namespace LogBroker.Rpc;

/// <summary>How metadata travels in HTTP/2 headers (source: grpc/doc/PROTOCOL-HTTP2.md, "Custom-Metadata").</summary>
internal static class MetadataCoding
{
    private static readonly SearchValues<char> KeyCharacters = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789-_.");

    /// <summary>The headers that gRPC and HTTP/2 set themselves; users can neither send nor see them as metadata.</summary>
    private static readonly HashSet<string> Reserved = new(StringComparer.OrdinalIgnoreCase)
    {
        GrpcProtocol.ContentTypeHeader, GrpcProtocol.TeHeader, GrpcProtocol.StatusHeader, GrpcProtocol.MessageHeader,
        GrpcProtocol.EncodingHeader, GrpcProtocol.AcceptEncodingHeader, GrpcProtocol.TimeoutHeader, "content-length",
        "content-encoding", "host", "connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade",
    };

    public static bool IsBinaryKey(string key) => key.EndsWith(GrpcProtocol.BinarySuffix, StringComparison.OrdinalIgnoreCase);

    public static bool IsReserved(string key) => key.Length == 0 || key[0] == ':' || Reserved.Contains(key);

    public static string NormalizeKey(string key)
    {
        ArgumentException.ThrowIfNullOrEmpty(key);
        var lower = key.ToLowerInvariant();
        if (lower.AsSpan().ContainsAnyExcept(KeyCharacters))
        {
            throw new ArgumentException(
                $"Metadata key '{Escaped.Cut(key)}' has characters other than letters, digits and '-_.'.", nameof(key));
        }
        return lower;
    }

    public static void RequireText(string key, string value)
    {
        ArgumentNullException.ThrowIfNull(value);
        if (value.AsSpan().ContainsAnyExceptInRange(' ', '~'))
        {
            throw new ArgumentException(
                $"The value of '{key}' has characters outside of printable ASCII; use a '-bin' key.", nameof(value));
        }
    }

    /// <summary>The text of an entry as it goes on the wire; binary is base64 without padding.</summary>
    /// <exception cref="ArgumentException">The key is one that gRPC sets itself.</exception>
    public static string Encode(Metadata.Entry entry)
    {
        if (IsReserved(entry.Key))
            throw new ArgumentException($"'{entry.Key}' is set by gRPC itself and cannot be metadata.");
        return entry.IsBinary ? Convert.ToBase64String(entry.ValueBytes).TrimEnd('=') : entry.Value;
    }

    /// <summary>Adds a received header; several binary values may be joined by commas; base64 that is broken is dropped.</summary>
    public static void AddReceived(Metadata metadata, string key, string value)
    {
        if (IsReserved(key))
            return;
        key = key.ToLowerInvariant();
        if (!IsBinaryKey(key))
        {
            metadata.Add(Metadata.Entry.Received(key, value));
            return;
        }
        foreach (var part in value.AsSpan().Split(','))
        {
            if (DecodeBinary(value.AsSpan()[part].Trim()) is { } bytes)
                metadata.Add(Metadata.Entry.Received(key, bytes));
        }
    }

    /// <summary>Base64 with or without padding; null if it is broken.</summary>
    public static byte[]? DecodeBinary(ReadOnlySpan<char> text)
    {
        text = text.TrimEnd('=');
        var padded = string.Concat(text, (text.Length % 4) switch { 2 => "==", 3 => "=", _ => "" });
        var bytes = new byte[padded.Length / 4 * 3];
        return Convert.TryFromBase64String(padded, bytes, out var written) ? bytes[..written] : null;
    }
}
