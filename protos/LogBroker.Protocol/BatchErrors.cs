using System.Globalization;

namespace LogBroker.Protocol;

/// <summary>The errors that a bad batch is answered with: position, value and limit in the message and again as metadata.</summary>
internal static class BatchErrors
{
    public static BrokerError Corrupt(int bytePosition, string problem) =>
        new(ErrorCode.CorruptBatch, $"batch is corrupt at byte {Number(bytePosition)}: {problem}")
        {
            Metadata = new Dictionary<string, string> { ["field"] = "records", ["bytePosition"] = Number(bytePosition) },
        };

    public static BrokerError Record(RecordFault fault, int recordIndex, int bytePosition)
    {
        if (fault == RecordFault.TooManyHeaders)
        {
            string message = $"record {Number(recordIndex)} at byte {Number(bytePosition)} has more than "
                + $"{Number(Limits.HeadersPerRecordMax)} headers";
            return new BrokerError(ErrorCode.InvalidArgument, message)
            {
                Metadata = new Dictionary<string, string>
                {
                    ["field"] = "records",
                    ["bytePosition"] = Number(bytePosition),
                    ["limit"] = Number(Limits.HeadersPerRecordMax),
                },
            };
        }

        return Corrupt(bytePosition, $"record {Number(recordIndex)}: {Describe(fault)}");
    }

    public static BrokerError Crc(uint stated, uint computed) =>
        new(ErrorCode.CorruptBatch, $"batch crc expected {Hex(stated)} got {Hex(computed)}")
        {
            Metadata = new Dictionary<string, string>
            {
                ["field"] = "records",
                ["bytePosition"] = Number(BatchHeader.CrcAt),
                ["expected"] = Hex(stated),
                ["got"] = Hex(computed),
            },
        };

    public static BrokerError Magic(byte magic) =>
        new(ErrorCode.UnsupportedVersion, $"batch format version (magic) {Number(magic)} is not supported; supported: 2")
        {
            Metadata = new Dictionary<string, string> { ["magic"] = Number(magic), ["supported"] = "2" },
        };

    public static BrokerError Codec(int codec)
    {
        string name = codec switch
        {
            (int)CompressionCodec.Snappy => "snappy",
            (int)CompressionCodec.Lz4 => "lz4",
            (int)CompressionCodec.Zstd => "zstd",
            _ => $"number {Number(codec)}",
        };
        return new BrokerError(ErrorCode.UnsupportedCompression, $"compression codec {name} is not supported; supported: none, gzip")
        {
            Metadata = new Dictionary<string, string> { ["codec"] = name, ["supported"] = "none,gzip" },
        };
    }

    public static BrokerError WithoutKey(int recordIndex) =>
        new(
            ErrorCode.RecordWithoutKey,
            $"record {Number(recordIndex)} has no key, and the topic's cleanup.policy compact keeps the newest record of each key")
        {
            Metadata = new Dictionary<string, string> { ["field"] = "records.key", ["record"] = Number(recordIndex) },
        };

    public static BrokerError TooLarge(long bytes, int bytesMax) =>
        new(ErrorCode.RecordTooLarge, $"batch size {Number(bytes)} > max {Number(bytesMax)} bytes")
        {
            Metadata = new Dictionary<string, string> { ["size"] = Number(bytes), ["limit"] = Number(bytesMax) },
        };

    public static BrokerError InflatesTooMuch(int compressedBytes, long inflatedBytesMax) =>
        new(
            ErrorCode.RecordTooLarge,
            $"compressed batch of {Number(compressedBytes)} bytes inflates to more than {Number(inflatedBytesMax)} bytes")
        {
            Metadata = new Dictionary<string, string>
            {
                ["compressedBytes"] = Number(compressedBytes),
                ["limit"] = Number(inflatedBytesMax),
            },
        };

    public static BrokerError Argument(ErrorCode code, string field, string problem) =>
        new(code, $"batch {field}: {problem}") { Metadata = new Dictionary<string, string> { ["field"] = $"records.{field}" } };

    public static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);

    private static string Hex(uint crc) => "0x" + crc.ToString("x8", CultureInfo.InvariantCulture);

    private static string Describe(RecordFault fault) => fault switch
    {
        RecordFault.Length => "length is negative, malformed or reaches beyond the batch",
        RecordFault.Attributes => "attributes are missing or not 0",
        RecordFault.TimestampDelta => "timestamp delta is malformed or cut off",
        RecordFault.OffsetDelta => "offset delta is malformed or cut off",
        RecordFault.KeyLength => "key length is below -1, malformed or reaches beyond the record",
        RecordFault.ValueLength => "value length is below -1, malformed or reaches beyond the record",
        RecordFault.HeadersCount => "headers count is negative, malformed or cut off",
        RecordFault.HeaderKeyLength => "header key length is negative, malformed or reaches beyond the record",
        RecordFault.HeaderValueLength => "header value length is below -1, malformed or reaches beyond the record",
        _ => "bytes are left over behind its last field",
    };
}
