namespace LogBroker.Protocol;

/// <summary>Which part of a record does not parse.</summary>
internal enum RecordFault
{
    None = 0,
    Length,
    Attributes,
    TimestampDelta,
    OffsetDelta,
    KeyLength,
    ValueLength,
    HeadersCount,
    TooManyHeaders,
    HeaderKeyLength,
    HeaderValueLength,
    TrailingBytes,
}

/// <summary>
/// Where the parts of one record stand in the record area of its batch (uncompressed, without the 61-byte header).
/// <code>
///   length varint (bytes behind it) · attributes int8 = 0 · timestampDelta varlong · offsetDelta varint
///   keyLength varint (-1 null) · key · valueLength varint (-1 null) · value
///   headersCount varint · per header: keyLength varint, key (UTF-8), valueLength varint (-1 null), value
/// </code>
/// </summary>
internal readonly struct RecordLayout
{
    /// <summary>Bytes of the shortest record: seven numbers of one byte each.</summary>
    public const int BytesMin = 7;

    private RecordLayout(int end, long timestampDeltaMs, int offsetDelta, BytesAt key, BytesAt value, int headersAt, int headersCount)
    {
        End = end;
        TimestampDeltaMs = timestampDeltaMs;
        OffsetDelta = offsetDelta;
        Key = key;
        Value = value;
        HeadersAt = headersAt;
        HeadersCount = headersCount;
    }

    /// <summary>Position behind the record.</summary>
    public int End { get; }

    public long TimestampDeltaMs { get; }

    public int OffsetDelta { get; }

    public BytesAt Key { get; }

    public BytesAt Value { get; }

    /// <summary>Position of the first header's key length.</summary>
    public int HeadersAt { get; }

    public int HeadersCount { get; }

    /// <summary>
    /// Reads the record that begins at <paramref name="at"/>, checking every length and that it ends exactly where it says. On a fault
    /// <paramref name="faultAt"/> is the position of the part that is wrong.
    /// </summary>
    public static RecordFault TryRead(ReadOnlySpan<byte> records, int at, int headersMax, out RecordLayout record, out int faultAt)
    {
        record = default;
        faultAt = at;
        if (!Varint.TryRead(records, ref at, out int length) || length < 0 || length > records.Length - at)
        {
            return RecordFault.Length;
        }

        int end = at + length;
        ReadOnlySpan<byte> bytes = records[..end];
        faultAt = at;
        if (at >= end || bytes[at++] != 0)
        {
            return RecordFault.Attributes;
        }

        faultAt = at;
        if (!Varint.TryRead(bytes, ref at, out long timestampDeltaMs))
        {
            return RecordFault.TimestampDelta;
        }

        faultAt = at;
        if (!Varint.TryRead(bytes, ref at, out int offsetDelta))
        {
            return RecordFault.OffsetDelta;
        }

        faultAt = at;
        if (!BytesAt.TryRead(bytes, ref at, out BytesAt key))
        {
            return RecordFault.KeyLength;
        }

        faultAt = at;
        if (!BytesAt.TryRead(bytes, ref at, out BytesAt value))
        {
            return RecordFault.ValueLength;
        }

        faultAt = at;
        if (!Varint.TryRead(bytes, ref at, out int headersCount) || headersCount < 0)
        {
            return RecordFault.HeadersCount;
        }

        if (headersCount > headersMax)
        {
            return RecordFault.TooManyHeaders;
        }

        record = new RecordLayout(end, timestampDeltaMs, offsetDelta, key, value, at, headersCount);
        if (headersCount != 0)
        {
            RecordFault fault = SkipHeaders(bytes, headersCount, ref at, ref faultAt);
            if (fault != RecordFault.None)
            {
                return fault;
            }
        }

        faultAt = at;
        return at == end ? RecordFault.None : RecordFault.TrailingBytes;
    }

    private static RecordFault SkipHeaders(ReadOnlySpan<byte> bytes, int count, ref int at, ref int faultAt)
    {
        for (int i = 0; i < count; i++)
        {
            faultAt = at;
            if (!BytesAt.TryRead(bytes, ref at, out BytesAt key) || key.IsNull)
            {
                return RecordFault.HeaderKeyLength;
            }

            faultAt = at;
            if (!BytesAt.TryRead(bytes, ref at, out _))
            {
                return RecordFault.HeaderValueLength;
            }
        }

        return RecordFault.None;
    }
}

/// <summary>Position and length of bytes that may be null (length -1).</summary>
internal readonly record struct BytesAt(int Start, int Length)
{
    public bool IsNull => Length < 0;

    // A bare `null` here would become an empty memory: arrays convert to memory, and so does a null one.
    public ReadOnlyMemory<byte>? In(ReadOnlyMemory<byte> bytes) =>
        IsNull ? default(ReadOnlyMemory<byte>?) : bytes.Slice(Start, Length);

    /// <summary>Reads a length and moves behind the bytes it counts; false when they are not there.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, ref int at, out BytesAt found)
    {
        if (!Varint.TryRead(bytes, ref at, out int length) || length < -1 || length > bytes.Length - at)
        {
            found = default;
            return false;
        }

        found = new BytesAt(at, length);
        at += Math.Max(length, 0);
        return true;
    }
}
