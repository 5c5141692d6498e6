namespace LogBroker.Rpc;

/// <summary>Names and sizes of gRPC over HTTP/2 (source: grpc/doc/PROTOCOL-HTTP2.md).</summary>
internal static class GrpcProtocol
{
    public const string ContentType = "application/grpc";
    public const string ContentTypeHeader = "content-type";
    public const string UserAgentHeader = "user-agent";
    public const string TeHeader = "te";
    public const string StatusHeader = "grpc-status";
    public const string MessageHeader = "grpc-message";
    public const string StatusDetailsHeader = "grpc-status-details-bin";
    public const string EncodingHeader = "grpc-encoding";
    public const string AcceptEncodingHeader = "grpc-accept-encoding";
    public const string TimeoutHeader = "grpc-timeout";
    public const string IdentityEncoding = "identity";
    public const string BinarySuffix = "-bin";
    public const string UserAgent = "logbroker-dotnet/0.1";

    /// <summary>Compressed flag (1 byte) and message length (4 bytes, big-endian) in front of each message.</summary>
    public const int PrefixBytes = 5;

    /// <summary>Default limit of one message in either direction where nothing else is said.</summary>
    public const int DefaultMessageBytesMax = 4 * 1024 * 1024;

    // HTTP/2 error codes (RFC 9113 §7).
    public const int ErrorNone = 0x0;
    public const int ErrorProtocol = 0x1;
    public const int ErrorInternal = 0x2;
    public const int ErrorRefusedStream = 0x7;
    public const int ErrorCancel = 0x8;
    public const int ErrorEnhanceYourCalm = 0xb;
    public const int ErrorInadequateSecurity = 0xc;

    /// <summary>True for <c>application/grpc</c> and <c>application/grpc+proto</c>, with or without parameters.</summary>
    public static bool IsGrpcContentType(string? contentType)
    {
        if (contentType is null || !contentType.StartsWith(ContentType, StringComparison.OrdinalIgnoreCase))
            return false;
        return contentType.Length == ContentType.Length || contentType[ContentType.Length] is ';' or '+' or ' ';
    }
}
