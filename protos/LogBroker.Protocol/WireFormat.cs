using System.Buffers;
using System.Numerics;
using System.Text;

namespace LogBroker.Protocol;

/// <summary>The tags and sizes of protobuf's wire format that the hand codecs of hot messages need.</summary>
internal static class WireFormat
{
    public const uint Varint = 0;
    public const uint Fixed64 = 1;
    public const uint LengthDelimited = 2;
    public const uint StartGroup = 3;
    public const uint EndGroup = 4;
    public const uint Fixed32 = 5;

    public static uint Tag(int field, uint wireType) => ((uint)field << 3) | wireType;

    public static int SizeOf(ulong value) => ((BitOperations.Log2(value | 1) * 9) + 73) >> 6;

    /// <summary>Size of a field with a tag of one byte (fields 1 to 15); 0 for the default value, which is not written.</summary>
    public static int FieldSize(ulong value) => value == 0 ? 0 : 1 + SizeOf(value);

    /// <inheritdoc cref="FieldSize(ulong)"/>
    public static int FieldSize(long value) => FieldSize((ulong)value);

    /// <summary>Size of a field that is written whenever it is there, with a tag of one byte.</summary>
    public static int OptionalSize(long? value) => value is { } there ? 1 + SizeOf((ulong)there) : 0;

    /// <summary>Size of a length-delimited field with a tag of one byte, written even when it is empty.</summary>
    public static int MessageSize(int bytes) => 1 + SizeOf((ulong)bytes) + bytes;

    /// <summary>Size of a string or bytes field with a tag of one byte; 0 when it is empty.</summary>
    public static int BytesSize(int bytes) => bytes == 0 ? 0 : MessageSize(bytes);
}

/// <summary>Writes protobuf fields behind each other into a span that was sized before.</summary>
internal ref struct WireWriter(Span<byte> destination)
{
    private readonly Span<byte> _destination = destination;

    public int Written { get; private set; }

    /// <summary>A number; negative ones take ten bytes. The default 0 is not written.</summary>
    public void Field(int field, long value)
    {
        if (value != 0)
        {
            Varint(WireFormat.Tag(field, WireFormat.Varint));
            Varint((ulong)value);
        }
    }

    /// <summary>A number that is written whenever it is there, 0 too.</summary>
    public void Optional(int field, long? value)
    {
        if (value is { } there)
        {
            Varint(WireFormat.Tag(field, WireFormat.Varint));
            Varint((ulong)there);
        }
    }

    /// <summary>A string of which the size in UTF-8 is known; the default "" is not written.</summary>
    public void Field(int field, string value, int utf8Bytes)
    {
        if (utf8Bytes != 0)
        {
            Length(field, utf8Bytes);
            Written += Encoding.UTF8.GetBytes(value, _destination[Written..]);
        }
    }

    /// <summary>Tag and length of a message or of bytes, which follow.</summary>
    public void Length(int field, int bytes)
    {
        Varint(WireFormat.Tag(field, WireFormat.LengthDelimited));
        Varint((ulong)bytes);
    }

    /// <summary>The next so many bytes, to be written by somebody else.</summary>
    public Span<byte> Take(int bytes)
    {
        Span<byte> taken = _destination.Slice(Written, bytes);
        Written += bytes;
        return taken;
    }

    private void Varint(ulong value)
    {
        while (value >= 0x80)
        {
            _destination[Written++] = (byte)(value | 0x80);
            value >>= 7;
        }

        _destination[Written++] = (byte)value;
    }
}

/// <summary>
/// Reads protobuf fields in place. After a false answer the message is malformed and must be refused. As in the generated parsers,
/// numbers are cut to their width, and a field with another wire type than declared is unknown.
/// </summary>
internal ref struct WireReader(in ReadOnlySequence<byte> bytes)
{
    private const int VarintBytesMax = 10;
    private const int GroupDepthMax = 100;

    private SequenceReader<byte> _reader = new(bytes);

    public readonly bool IsAtEnd => _reader.End;

    public bool TryReadTag(out uint tag)
    {
        bool isRead = TryReadVarint(out ulong raw);
        tag = (uint)raw;
        return isRead && tag >= 8;
    }

    public bool TryReadVarint(out ulong value)
    {
        value = 0;
        for (int i = 0; i < VarintBytesMax; i++)
        {
            if (!_reader.TryRead(out byte b))
            {
                return false;
            }

            value |= (ulong)(b & 0x7F) << (7 * i);
            if (b < 0x80)
            {
                return true;
            }
        }

        return false;
    }

    public bool TryReadInt32(out int value)
    {
        bool isRead = TryReadVarint(out ulong raw);
        value = (int)raw;
        return isRead;
    }

    public bool TryReadInt64(out long value)
    {
        bool isRead = TryReadVarint(out ulong raw);
        value = (long)raw;
        return isRead;
    }

    public bool TryReadBool(out bool value)
    {
        bool isRead = TryReadVarint(out ulong raw);
        value = raw != 0;
        return isRead;
    }

    public bool TryReadBytes(out ReadOnlySequence<byte> value)
    {
        value = default;
        return TryReadInt32(out int length) && length >= 0 && _reader.TryReadExact(length, out value);
    }

    /// <summary>Skips the value of an unknown field.</summary>
    public bool TrySkip(uint tag) => TrySkip(tag, depth: 0);

    private bool TrySkip(uint tag, int depth)
    {
        switch (tag & 7)
        {
            case WireFormat.Varint:
                return TryReadVarint(out _);
            case WireFormat.Fixed64:
                return TryAdvance(8);
            case WireFormat.LengthDelimited:
                return TryReadBytes(out _);
            case WireFormat.Fixed32:
                return TryAdvance(4);
            case WireFormat.StartGroup when depth < GroupDepthMax:
                return TrySkipGroup(tag, depth + 1);
            default:
                return false;
        }
    }

    private bool TrySkipGroup(uint startTag, int depth)
    {
        uint endTag = (startTag & ~7u) | WireFormat.EndGroup;
        while (TryReadTag(out uint tag))
        {
            if ((tag & 7) == WireFormat.EndGroup)
            {
                return tag == endTag;
            }

            if (!TrySkip(tag, depth))
            {
                return false;
            }
        }

        return false;
    }

    private bool TryAdvance(int bytes)
    {
        if (_reader.Remaining < bytes)
        {
            return false;
        }

        _reader.Advance(bytes);
        return true;
    }
}
