using System.Runtime.InteropServices;

namespace LogBroker.Bench.Load;

/// <summary>
/// Makes the values of one producer without allocating: bodies from a pool, half of their bytes random, and a head that says when the
/// record was due (a timestamp of <see cref="System.Diagnostics.Stopwatch"/>) and its number. Used by one thread at a time. A value is
/// valid until the pool has gone round, which takes at least 16 more calls.
/// </summary>
internal sealed class ValueSource
{
    private const int PoolBytesDefault = 256 * 1024;

    private readonly byte[][] _values;
    private readonly ulong[] _bodyHashes;
    private readonly long _producer;
    private int _next;
    private long _sequence;

    /// <param name="valueBytes">Bytes of a value, at least <see cref="ValueChecksum.HeadBytes"/>.</param>
    /// <param name="producer">Number of the producer, from 0: it makes heads of different producers different.</param>
    /// <param name="poolBytes">Memory of the pool; small ones for many sources.</param>
    public ValueSource(int valueBytes, int producer, int poolBytes = PoolBytesDefault)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(valueBytes, ValueChecksum.HeadBytes);
        _producer = (long)producer << 48;
        var random = new Random(producer + 1);
        _values = new byte[Math.Clamp(poolBytes / valueBytes, 16, 1024)][];
        _bodyHashes = new ulong[_values.Length];
        for (int i = 0; i < _values.Length; i++)
        {
            byte[] value = _values[i] = new byte[valueBytes];
            Span<byte> body = value.AsSpan(ValueChecksum.HeadBytes);
            random.NextBytes(body[..(body.Length / 2)]);
            body[(body.Length / 2)..].Fill((byte)'v');
            _bodyHashes[i] = ValueChecksum.OfBody(body);
        }
    }

    /// <summary>The hash of the value that <see cref="Next"/> returned last.</summary>
    public ulong LastHash { get; private set; }

    /// <summary>The next value.</summary>
    public byte[] Next(long intendedTicks)
    {
        int at = _next;
        _next = at + 1 == _values.Length ? 0 : at + 1;
        byte[] value = _values[at];
        long number = _producer | _sequence++;
        Span<long> head = MemoryMarshal.Cast<byte, long>(value.AsSpan(0, ValueChecksum.HeadBytes));
        head[0] = intendedTicks;
        head[1] = number;
        LastHash = ValueChecksum.OfParts((ulong)intendedTicks, (ulong)number, _bodyHashes[at]);
        return value;
    }

    /// <summary>When the record of a value was due.</summary>
    public static long IntendedTicks(ReadOnlySpan<byte> value) => MemoryMarshal.Read<long>(value);
}
