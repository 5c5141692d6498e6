namespace LogBroker.Client;

/// <summary>How a table is read. The default asks leaders, whose view may be a moment behind and says so.</summary>
public sealed record TableReadOptions
{
    /// <summary>
    /// True sees everything that was acknowledged before the call: the leader proves that it leads, and its view catches up. Not with
    /// <see cref="AllowFollowers"/>. Default false.
    /// </summary>
    public bool Linearizable { get; init; }

    /// <summary>
    /// True lets replicas that do not lead answer as well: one of the client's rack, else any. Default false.
    /// </summary>
    public bool AllowFollowers { get; init; }

    /// <summary>Checks that the options do not contradict each other.</summary>
    /// <exception cref="ArgumentException">They do.</exception>
    public void Validate()
    {
        if (Linearizable && AllowFollowers)
        {
            throw new ArgumentException(
                $"{nameof(Linearizable)} and {nameof(AllowFollowers)} contradict each other: only a leader can prove that it has all",
                nameof(AllowFollowers));
        }
    }
}

/// <summary>How fresh an answer of a table is.</summary>
/// <param name="Partition">The partition that answered.</param>
/// <param name="AppliedOffset">The view holds everything in front of this offset.</param>
/// <param name="HighWatermark">The end of the partition, as the replica that answered knows it.</param>
/// <param name="Behind">How long ago the view last held everything that was committed; zero when it does.</param>
public readonly record struct TableFreshness(int Partition, long AppliedOffset, long HighWatermark, TimeSpan Behind);

/// <summary>The newest record of a key.</summary>
/// <param name="Key">The key.</param>
/// <param name="HasValue">False when the table has no such key.</param>
/// <param name="Value">The value; the default of the type when there is none.</param>
/// <param name="Partition">The partition that the key belongs to.</param>
/// <param name="Offset">Of the record, which is also the version of the key; -1 when there is none.</param>
/// <param name="Timestamp">Of the record; null when there is none.</param>
/// <param name="Freshness">How fresh the answer is.</param>
public readonly record struct TableEntry<TKey, TValue>(
    TKey Key, bool HasValue, TValue? Value, int Partition, long Offset, DateTimeOffset? Timestamp, TableFreshness Freshness);
