namespace LogBroker.TestKit;

/// <summary>
/// Random numbers out of one seed, the same on every machine and version: SplitMix64. Parts of a simulation fork their own, so that
/// one more draw in one part does not change the others. Not thread-safe.
/// </summary>
public sealed class SimRandom(ulong seed) : Random
{
    private ulong _state = seed;

    public SimRandom Fork() => new(NextULong());

    public ulong NextULong()
    {
        _state += 0x9E3779B97F4A7C15;
        ulong z = _state;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }

    /// <summary>True with a probability of 0 to 1; draws nothing for 0, so that a fault that is off costs nothing.</summary>
    public bool Chance(double probability) => probability > 0 && NextDouble() < probability;

    /// <summary>A number from one to the other, both included.</summary>
    public long Between(long min, long max) => min >= max ? min : min + (long)(NextULong() % (ulong)(max - min + 1));

    /// <summary>A number from 0 to a maximum, small ones more often.</summary>
    public double UpTo(double max) => max * NextDouble() * NextDouble();

    public T Pick<T>(IReadOnlyList<T> from) => from[Next(from.Count)];

    public override int Next() => (int)(NextULong() % int.MaxValue);

    public override int Next(int maxValue) => maxValue <= 1 ? 0 : (int)(NextULong() % (ulong)maxValue);

    public override int Next(int minValue, int maxValue) => minValue + Next(maxValue - minValue);

    public override long NextInt64() => (long)(NextULong() % long.MaxValue);

    public override long NextInt64(long maxValue) => maxValue <= 1 ? 0 : (long)(NextULong() % (ulong)maxValue);

    public override long NextInt64(long minValue, long maxValue) => minValue + NextInt64(maxValue - minValue);

    public override double NextDouble() => (NextULong() >> 11) * (1.0 / (1UL << 53));

    public override float NextSingle() => (float)NextDouble();

    public override void NextBytes(byte[] buffer) => NextBytes(buffer.AsSpan());

    public override void NextBytes(Span<byte> buffer)
    {
        for (int i = 0; i < buffer.Length; i++)
        {
            buffer[i] = (byte)NextULong();
        }
    }

    protected override double Sample() => NextDouble();
}
