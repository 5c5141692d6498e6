namespace LogBroker.Protocol;

/// <summary>
/// Names a prefix of a partition's log: the epoch of its last epoch row and the offset behind its last record.
/// Compared lexicographically; a longer prefix has a greater position. An offset alone is no position, because rows take no
/// offset. Source: the replication specification, section 1.
/// </summary>
public readonly record struct LogPosition(Epoch Epoch, Offset Offset) : IComparable<LogPosition>
{
    /// <summary>The position of the empty log.</summary>
    public static LogPosition Zero => default;

    /// <inheritdoc/>
    public int CompareTo(LogPosition other)
    {
        int byEpoch = Epoch.CompareTo(other.Epoch);
        return byEpoch != 0 ? byEpoch : Offset.CompareTo(other.Offset);
    }

    /// <summary>Lexicographic order.</summary>
    public static bool operator <(LogPosition a, LogPosition b) => a.CompareTo(b) < 0;

    /// <summary>Lexicographic order.</summary>
    public static bool operator >(LogPosition a, LogPosition b) => a.CompareTo(b) > 0;

    /// <summary>Lexicographic order.</summary>
    public static bool operator <=(LogPosition a, LogPosition b) => a.CompareTo(b) <= 0;

    /// <summary>Lexicographic order.</summary>
    public static bool operator >=(LogPosition a, LogPosition b) => a.CompareTo(b) >= 0;

    /// <inheritdoc/>
    public override string ToString() => $"({Epoch}, {Offset})";
}
