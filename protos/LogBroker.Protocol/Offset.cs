using System.Globalization;

namespace LogBroker.Protocol;

/// <summary>
/// The number of a record in its partition, dense from 0; as an end, the number that the next record will get.
/// Differences of offsets are counts of records. <see cref="None"/> is -1.
/// </summary>
public readonly record struct Offset(long Value) : IComparable<Offset>
{
    /// <summary>The first offset of every partition.</summary>
    public static Offset Zero => default;

    /// <summary>No offset.</summary>
    public static Offset None => new(-1);

    /// <summary>The larger of two offsets.</summary>
    public static Offset Max(Offset a, Offset b) => a.Value >= b.Value ? a : b;

    /// <summary>The smaller of two offsets.</summary>
    public static Offset Min(Offset a, Offset b) => a.Value <= b.Value ? a : b;

    /// <inheritdoc/>
    public int CompareTo(Offset other) => Value.CompareTo(other.Value);

    /// <summary>Order by number.</summary>
    public static bool operator <(Offset a, Offset b) => a.Value < b.Value;

    /// <summary>Order by number.</summary>
    public static bool operator >(Offset a, Offset b) => a.Value > b.Value;

    /// <summary>Order by number.</summary>
    public static bool operator <=(Offset a, Offset b) => a.Value <= b.Value;

    /// <summary>Order by number.</summary>
    public static bool operator >=(Offset a, Offset b) => a.Value >= b.Value;

    /// <summary>The offset <paramref name="records"/> further on.</summary>
    public static Offset operator +(Offset a, long records) => new(a.Value + records);

    /// <summary>The offset <paramref name="records"/> further back.</summary>
    public static Offset operator -(Offset a, long records) => new(a.Value - records);

    /// <summary>The number of records from <paramref name="b"/> to <paramref name="a"/>.</summary>
    public static long operator -(Offset a, Offset b) => a.Value - b.Value;

    /// <inheritdoc/>
    public override string ToString() => Value.ToString(CultureInfo.InvariantCulture);
}
