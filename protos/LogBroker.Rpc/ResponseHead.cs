using System.Globalization;
using System.Net;
using System.Net.Http.Headers;

namespace LogBroker.Rpc;

/// <summary>Reads status and metadata from the headers and trailers of a response.</summary>
internal static class ResponseHead
{
    /// <summary>A status when the response is no gRPC or cannot be read; null when it is fine.</summary>
    public static Status? Refusal(HttpResponseMessage response)
    {
        if (response.StatusCode != HttpStatusCode.OK)
        {
            return StatusOf(response.Headers)
                ?? new Status(CodeOf(response.StatusCode), $"The server answered with HTTP status {(int)response.StatusCode}.");
        }
        var contentType = First(response.Content.Headers, GrpcProtocol.ContentTypeHeader);
        if (!GrpcProtocol.IsGrpcContentType(contentType))
        {
            return new Status(
                StatusCode.Unknown, $"The response has content-type '{Escaped.Cut(contentType)}' instead of application/grpc.");
        }
        var encoding = First(response.Headers, GrpcProtocol.EncodingHeader);
        if (encoding is null or "" or GrpcProtocol.IdentityEncoding)
            return null;
        return new Status(StatusCode.Internal, $"The response has grpc-encoding '{Escaped.Cut(encoding)}', which was not offered.");
    }

    /// <summary>The status in headers or trailers; null if there is none.</summary>
    public static Status? StatusOf(HttpHeaders headers)
    {
        var text = First(headers, GrpcProtocol.StatusHeader);
        if (text is null)
            return null;
        var known = int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var code)
            && code <= (int)StatusCode.Unauthenticated;
        var message = PercentCoding.Decode(First(headers, GrpcProtocol.MessageHeader) ?? "");
        return known
            ? new Status((StatusCode)code, message)
            : new Status(StatusCode.Unknown, $"Unknown grpc-status '{Escaped.Cut(text)}': {message}");
    }

    /// <summary>The metadata in headers or trailers, without what gRPC sets itself.</summary>
    public static Metadata MetadataOf(HttpHeaders headers)
    {
        var metadata = new Metadata();
        foreach (var header in headers.NonValidated)
        {
            foreach (var value in header.Value)
                MetadataCoding.AddReceived(metadata, header.Key, value);
        }
        return metadata;
    }

    private static string? First(HttpHeaders headers, string name)
    {
        if (!headers.NonValidated.TryGetValues(name, out var values))
            return null;
        foreach (var value in values)
            return value;
        return null;
    }

    // Source: grpc/doc/http-grpc-status-mapping.md.
    private static StatusCode CodeOf(HttpStatusCode status) => (int)status switch
    {
        400 => StatusCode.Internal,
        401 => StatusCode.Unauthenticated,
        403 => StatusCode.PermissionDenied,
        404 => StatusCode.Unimplemented,
        429 or 502 or 503 or 504 => StatusCode.Unavailable,
        _ => StatusCode.Unknown,
    };
}
