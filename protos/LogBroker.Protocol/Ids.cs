namespace LogBroker.Protocol;

/// <summary>The number of a broker in its cluster: 1 to 2^31 - 1. <see cref="None"/> (0) means no node.</summary>
public readonly record struct NodeId(int Value)
{
    /// <summary>No node: a partition without a leader, for example.</summary>
    public static NodeId None => default;

    /// <inheritdoc/>
    public override string ToString() => Value.ToString(System.Globalization.CultureInfo.InvariantCulture);
}

/// <summary>
/// Identifies one data directory, so one disk: a wiped node comes back with another one. Written once, in <c>meta.json</c>.
/// </summary>
public readonly record struct DirectoryId(Guid Value)
{
    /// <inheritdoc/>
    public override string ToString() => Value.ToString("N");
}

/// <summary>Identifies a cluster; given at forming and never changed.</summary>
public readonly record struct ClusterId(Guid Value)
{
    /// <inheritdoc/>
    public override string ToString() => Value.ToString("N");
}

/// <summary>Identifies a topic for ever: a topic deleted and created again under the same name has another one.</summary>
public readonly record struct TopicId(Guid Value)
{
    /// <summary>32 lower-case hex digits.</summary>
    public override string ToString() => Value.ToString("N");

    /// <summary>The first 8 hex digits, as in directory names.</summary>
    public string Short => Value.ToString("N")[..8];
}

/// <summary>A partition by topic id: what the broker uses inside. Names are for people and clients.</summary>
public readonly record struct PartitionId(TopicId Topic, int Index)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Topic.Short}-{Index}";
}

/// <summary>A partition by topic name: what clients and people use.</summary>
public readonly record struct TopicPartition(string Topic, int Partition)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Topic}/{Partition}";
}

/// <summary>
/// Identifies an idempotent producer: 1 to 2^63 - 1, handed out by the broker and never reused. <see cref="None"/> is -1, as in a
/// batch header.
/// </summary>
public readonly record struct ProducerId(long Value)
{
    /// <summary>A batch without a producer id.</summary>
    public static ProducerId None => new(-1);

    /// <summary>True unless this is <see cref="None"/>.</summary>
    public bool IsSome => Value >= 0;

    /// <inheritdoc/>
    public override string ToString() => Value.ToString(System.Globalization.CultureInfo.InvariantCulture);
}
