using System.Globalization;

namespace LogBroker.Protocol;

/// <summary>The number of a leadership of one partition, rising by elections from 1. <see cref="None"/> (0) is before the first.</summary>
public readonly record struct Epoch(int Value) : IComparable<Epoch>
{
    /// <summary>Before the first leader; also "not known" in requests.</summary>
    public static Epoch None => default;

    /// <summary>The next epoch.</summary>
    /// <exception cref="OverflowException">After 2^31 - 1 elections.</exception>
    public Epoch Next => new(checked(Value + 1));

    /// <inheritdoc/>
    public int CompareTo(Epoch other) => Value.CompareTo(other.Value);

    /// <summary>Order by number.</summary>
    public static bool operator <(Epoch a, Epoch b) => a.Value < b.Value;

    /// <summary>Order by number.</summary>
    public static bool operator >(Epoch a, Epoch b) => a.Value > b.Value;

    /// <summary>Order by number.</summary>
    public static bool operator <=(Epoch a, Epoch b) => a.Value <= b.Value;

    /// <summary>Order by number.</summary>
    public static bool operator >=(Epoch a, Epoch b) => a.Value >= b.Value;

    /// <inheritdoc/>
    public override string ToString() => Value.ToString(CultureInfo.InvariantCulture);
}
