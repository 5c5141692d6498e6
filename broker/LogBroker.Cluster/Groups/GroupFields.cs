using System.Buffers.Binary;
using System.Text;
using LogBroker.Protocol;

namespace LogBroker.Cluster;

/// <summary>Writes fields of Kafka's flexible messages one behind the other; numbers are big-endian. Not thread-safe.</summary>
internal sealed class GroupFieldWriter
{
    private readonly MemoryStream _bytes = new();

    public byte[] ToArray() => _bytes.ToArray();

    public void Int8(sbyte value) => _bytes.WriteByte((byte)value);

    public void Int16(short value)
    {
        Span<byte> bytes = stackalloc byte[2];
        BinaryPrimitives.WriteInt16BigEndian(bytes, value);
        _bytes.Write(bytes);
    }

    public void Int32(int value)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(bytes, value);
        _bytes.Write(bytes);
    }

    public void Int64(long value)
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteInt64BigEndian(bytes, value);
        _bytes.Write(bytes);
    }

    public void Uuid(Guid value)
    {
        Span<byte> bytes = stackalloc byte[16];
        value.TryWriteBytes(bytes, bigEndian: true, out _);
        _bytes.Write(bytes);
    }

    /// <summary>A string as in keys: i16 length and UTF-8.</summary>
    public void PlainString(string value)
    {
        byte[] utf8 = Encoding.UTF8.GetBytes(value);
        Invariant.RequireAtMost(utf8.Length, (int)short.MaxValue);
        Int16((short)utf8.Length);
        _bytes.Write(utf8);
    }

    /// <summary>A string as in values: its length plus 1, and UTF-8.</summary>
    public void String(string value)
    {
        byte[] utf8 = Encoding.UTF8.GetBytes(value);
        Length(utf8.Length + 1);
        _bytes.Write(utf8);
    }

    /// <summary>As <see cref="String"/>, and null for "".</summary>
    public void OptionalString(string value)
    {
        if (value.Length == 0)
        {
            Length(0);
            return;
        }

        String(value);
    }

    /// <summary>The count of an array.</summary>
    public void Count(int count) => Length(count + 1);

    /// <summary>An unsigned varint.</summary>
    public void Length(int value)
    {
        uint rest = (uint)value;
        for (; rest >= 0x80; rest >>= 7)
        {
            _bytes.WriteByte((byte)(rest | 0x80));
        }

        _bytes.WriteByte((byte)rest);
    }

    /// <summary>The head of a tagged field.</summary>
    public void Tag(int tag, int bytesCount)
    {
        Length(tag);
        Length(bytesCount);
    }

    public void NoTags() => Length(0);
}

/// <summary>Reads what <see cref="GroupFieldWriter"/> writes; past the end it reads zeros and remembers that it did.</summary>
internal ref struct GroupFieldReader(ReadOnlySpan<byte> bytes)
{
    private ReadOnlySpan<byte> _rest = bytes;

    /// <summary>True when there was less than was asked for, or something impossible.</summary>
    public bool IsShort { get; private set; }

    /// <summary>True when all was read and nothing was missing.</summary>
    public readonly bool IsExact => !IsShort && _rest.IsEmpty;

    public sbyte Int8() => (sbyte)Take(1)[0];

    public short Int16() => BinaryPrimitives.ReadInt16BigEndian(Take(2));

    public int Int32() => BinaryPrimitives.ReadInt32BigEndian(Take(4));

    public long Int64() => BinaryPrimitives.ReadInt64BigEndian(Take(8));

    public Guid Uuid() => new(Take(16), bigEndian: true);

    public string PlainString()
    {
        int length = Int16();
        return length < 0 || length > _rest.Length ? Short() : Encoding.UTF8.GetString(Take(length));
    }

    /// <summary>A string of a value; null for null.</summary>
    public string? String()
    {
        int length = Length() - 1;
        return length < 0 ? null : length > _rest.Length ? Short() : Encoding.UTF8.GetString(Take(length));
    }

    /// <summary>The count of an array, 0 for null: never more than there are bytes left.</summary>
    public int Count()
    {
        int count = Length() - 1;
        if (count > _rest.Length)
        {
            Short();
            return 0;
        }

        return Math.Max(count, 0);
    }

    /// <summary>An unsigned varint of 31 bits.</summary>
    public int Length()
    {
        uint value = 0;
        for (int shift = 0; shift < 35; shift += 7)
        {
            byte next = Take(1)[0];
            value |= (uint)(next & 0x7F) << shift;
            if (next < 0x80 && (shift < 28 || next < 0x08))
            {
                return (int)value;
            }
        }

        Short();
        return 0;
    }

    /// <summary>The head of a tagged field; false, and the field skipped, when it is another one than asked for.</summary>
    public bool Tag(int tag, int bytesCount)
    {
        int found = Length();
        int length = Length();
        if (found == tag && length == bytesCount)
        {
            return true;
        }

        if (length > _rest.Length)
        {
            Short();
        }
        else
        {
            Take(length);
        }

        return false;
    }

    /// <summary>Tagged fields that nothing here knows.</summary>
    public void SkipTags()
    {
        for (int left = Length(); left > 0 && !IsShort; left--)
        {
            Tag(-1, 0);
        }
    }

    private string Short()
    {
        IsShort = true;
        _rest = default;
        return "";
    }

    private ReadOnlySpan<byte> Take(int count)
    {
        if (count > _rest.Length)
        {
            Short();
            return new byte[count];
        }

        ReadOnlySpan<byte> taken = _rest[..count];
        _rest = _rest[count..];
        return taken;
    }
}
