using System.Numerics;

namespace LogBroker.Protocol.Tests;

/// <summary>
/// The record format read in the plainest way, from its description and sharing no code with the product: copies everything,
/// throws <see cref="FormatException"/> at the first thing that is wrong. What the walk of the broker is compared with.
/// </summary>
internal sealed class ReferenceParser(byte[] bytes)
{
    private readonly byte[] _bytes = bytes;
    private int _at;

    public sealed record Header(byte[] Key, byte[]? Value);

    public sealed record Entry(long TimestampDelta, int OffsetDelta, byte[]? Key, byte[]? Value, Header[] Headers);

    /// <summary>All records, or null when they do not parse as exactly so many with offsets 0, 1, 2, …</summary>
    public static List<Entry>? Parse(byte[] records, int count)
    {
        try
        {
            var parser = new ReferenceParser(records);
            var entries = new List<Entry>();
            for (int i = 0; i < count; i++)
            {
                Entry entry = parser.ReadRecord();
                Demand(entry.OffsetDelta == i);
                entries.Add(entry);
            }

            Demand(parser._at == records.Length);
            return entries;
        }
        catch (FormatException)
        {
            return null;
        }
    }

    private static void Demand(bool isTrue)
    {
        if (!isTrue)
        {
            throw new FormatException();
        }
    }

    private Entry ReadRecord()
    {
        int length = (int)ReadVarint(32);
        Demand(length >= 0 && length <= _bytes.Length - _at);
        var inner = new ReferenceParser(_bytes[_at..(_at + length)]);
        _at += length;
        Demand(inner.ReadByte() == 0);
        long timestampDelta = (long)inner.ReadVarint(64);
        int offsetDelta = (int)inner.ReadVarint(32);
        byte[]? key = inner.ReadBytes();
        byte[]? value = inner.ReadBytes();
        int headersCount = (int)inner.ReadVarint(32);
        Demand(headersCount is >= 0 and <= 1000);
        var headers = new List<Header>();
        for (int i = 0; i < headersCount; i++)
        {
            byte[]? headerKey = inner.ReadBytes();
            Demand(headerKey is not null);
            headers.Add(new Header(headerKey!, inner.ReadBytes()));
        }

        Demand(inner._at == inner._bytes.Length);
        return new Entry(timestampDelta, offsetDelta, key, value, [.. headers]);
    }

    private byte ReadByte()
    {
        Demand(_at < _bytes.Length);
        return _bytes[_at++];
    }

    private byte[]? ReadBytes()
    {
        int length = (int)ReadVarint(32);
        Demand(length >= -1 && length <= _bytes.Length - _at);
        if (length == -1)
        {
            return null;
        }

        _at += length;
        return _bytes[(_at - length).._at];
    }

    private BigInteger ReadVarint(int bits)
    {
        BigInteger raw = BigInteger.Zero;
        for (int i = 0; i < (bits + 6) / 7; i++)
        {
            byte b = ReadByte();
            raw += new BigInteger(b & 0x7F) << (7 * i);
            if (b < 0x80)
            {
                Demand(raw < BigInteger.One << bits);
                return raw.IsEven ? raw / 2 : -(raw + 1) / 2;
            }
        }

        throw new FormatException();
    }
}
