using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace LogBroker.Rpc.Server;

/// <summary>Metadata and status in the header collections of Kestrel.</summary>
internal static class HeaderMetadata
{
    private static readonly string[] StatusTexts =
        [.. Enumerable.Range(0, (int)StatusCode.Unauthenticated + 1).Select(static code => code.ToString(CultureInfo.InvariantCulture))];

    public static Metadata Read(IHeaderDictionary headers)
    {
        var metadata = new Metadata();
        foreach (var (key, values) in headers)
        {
            foreach (var value in values)
                MetadataCoding.AddReceived(metadata, key, value ?? "");
        }
        return metadata;
    }

    public static void Write(Metadata metadata, IHeaderDictionary headers)
    {
        foreach (var entry in metadata)
            headers[entry.Key] = StringValues.Concat(headers[entry.Key], MetadataCoding.Encode(entry));
    }

    public static void WriteStatus(Status status, IHeaderDictionary headers)
    {
        var code = (int)status.StatusCode;
        headers[GrpcProtocol.StatusHeader] =
            (uint)code < (uint)StatusTexts.Length ? StatusTexts[code] : StatusTexts[(int)StatusCode.Unknown];
        if (status.Detail.Length > 0)
            headers[GrpcProtocol.MessageHeader] = PercentCoding.Encode(status.Detail);
    }
}
