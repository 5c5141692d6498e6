using LogBroker.Protocol;

namespace LogBroker.Client;

/// <summary>Where a group begins in a partition for which it has committed nothing.</summary>
public enum AutoOffsetReset
{
    /// <summary>At the log start.</summary>
    Earliest = 0,

    /// <summary>At the end: only what is written from now on.</summary>
    Latest = 1,

    /// <summary>Nowhere: the next ask for records throws <see cref="ErrorCode.OffsetOutOfRange"/>.</summary>
    None = 2,
}

/// <summary>When the offsets of a consumer are committed.</summary>
public enum CommitMode
{
    /// <summary>
    /// Asking for the next record proves the previous one; what is proven is committed in the background every
    /// <see cref="ConsumerOptions.CommitInterval"/>, when partitions are taken away, and at the end.
    /// </summary>
    Auto = 0,

    /// <summary>Only by <see cref="Consumer.CommitAsync(CancellationToken)"/>.</summary>
    Manual = 1,
}

/// <summary>How the partitions of a group are dealt out to its members.</summary>
public enum Assignor
{
    /// <summary>What the group has already; uniform for a new one.</summary>
    Default = 0,

    /// <summary>Evenly over all topics, and whoever has a partition keeps it where possible.</summary>
    Uniform = 1,

    /// <summary>Neighbouring partitions, the same numbers of every topic to the same member.</summary>
    Range = 2,
}

/// <summary>Hears of partitions that come and go; awaited, one call at a time, on a thread of the consumer.</summary>
/// <param name="consumer">The consumer; in a typed one this is its <see cref="Consumer{TKey, TValue}.Untyped"/>.</param>
/// <param name="partitions">The partitions, by topic and number.</param>
/// <param name="cancellationToken">Fires when the consumer is disposed of or the membership is lost.</param>
public delegate ValueTask RebalanceCallback(
    Consumer consumer, IReadOnlyList<TopicPartition> partitions, CancellationToken cancellationToken);

/// <summary>What a <see cref="Consumer"/> reads and how it is a member of its group.</summary>
public sealed record ConsumerOptions
{
    /// <summary>The group: 1 to 249 bytes of UTF-8.</summary>
    public required string GroupId { get; init; }

    /// <summary>The topics. They need not exist yet. At least one, unless there is a <see cref="TopicRegex"/>.</summary>
    public IReadOnlyList<string> Topics { get; init; } = [];

    /// <summary>
    /// Topics whose whole name matches as well, also those that are created later; null for none. In the syntax of RE2, without
    /// back references and look-around; at most 256 bytes.
    /// </summary>
    public string? TopicRegex { get; init; }

    /// <summary>
    /// Names the member over restarts: its partitions are kept for it until its session ends. Unique within the group; null for none;
    /// at most 249 bytes.
    /// </summary>
    public string? GroupInstanceId { get; init; }

    /// <summary>How partitions are dealt out. Default: what the group has already, uniform for a new one.</summary>
    public Assignor Assignor { get; init; }

    /// <summary>A member that was not heard for this long is dead to its group. Default 45 s; 6 s to 30 min.</summary>
    public TimeSpan SessionTimeout { get; init; } = TimeSpan.FromSeconds(45);

    /// <summary>
    /// How long the member may take to let go of partitions that are taken away: to finish the record at hand, to run
    /// <see cref="OnRevoking"/> and to commit. Default 5 min; 6 s to 30 min.
    /// </summary>
    public TimeSpan RebalanceTimeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>
    /// The longest time between two asks for records. A member that takes longer commits what is proven and leaves the group, and its
    /// next ask throws <see cref="PollIntervalExceededException"/>. Default 5 min; 1 s to 1 day.
    /// </summary>
    public TimeSpan MaxPollInterval { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Where to begin where nothing is committed. Default <see cref="AutoOffsetReset.Earliest"/>.</summary>
    public AutoOffsetReset AutoOffsetReset { get; init; }

    /// <summary>When offsets are committed. Default <see cref="CommitMode.Auto"/>.</summary>
    public CommitMode CommitMode { get; init; }

    /// <summary>How often what is proven is committed with <see cref="CommitMode.Auto"/>. Default 5 s; 10 ms to 1 h.</summary>
    public TimeSpan CommitInterval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// How it fetches ahead. <see cref="ReadOptions.UnreachableTimeout"/> counts for each partition: while one cannot be read the
    /// others go on. Default: never gives up.
    /// </summary>
    public ReadOptions Read { get; init; } = new() { UnreachableTimeout = Timeout.InfiniteTimeSpan };

    /// <summary>Partitions were assigned and are about to be read. What it throws fails the next ask for records.</summary>
    public RebalanceCallback? OnAssigned { get; init; }

    /// <summary>
    /// Partitions are being taken away: nothing more of them is handed out, and they may still be committed here. What it throws fails the
    /// next ask for records; they are let go of all the same.
    /// </summary>
    public RebalanceCallback? OnRevoking { get; init; }

    /// <summary>
    /// The membership was lost (its session ended, or it was replaced) and others may have the partitions already: nothing can be
    /// committed for them any more. The consumer joins anew by itself.
    /// </summary>
    public RebalanceCallback? OnLost { get; init; }

    /// <summary>Checks all ranges.</summary>
    /// <exception cref="ArgumentException">An option is out of its range; the message names it, the value and the range.</exception>
    /// <exception cref="LogBrokerException">A topic name is not well-formed.</exception>
    public void Validate()
    {
        Check.Group(GroupId);
        ArgumentNullException.ThrowIfNull(Topics);
        foreach (string topic in Topics)
        {
            Check.Topic(topic);
        }

        if (Topics.Count == 0 && string.IsNullOrEmpty(TopicRegex))
        {
            throw new ArgumentException("Topics is empty and there is no TopicRegex; name at least one topic", nameof(Topics));
        }

        Check.Text(TopicRegex ?? string.Empty, 0, 256, nameof(TopicRegex));
        Check.Text(GroupInstanceId ?? string.Empty, 0, 249, nameof(GroupInstanceId));
        Check.Range(SessionTimeout, TimeSpan.FromSeconds(6), TimeSpan.FromMinutes(30), nameof(SessionTimeout));
        Check.Range(RebalanceTimeout, TimeSpan.FromSeconds(6), TimeSpan.FromMinutes(30), nameof(RebalanceTimeout));
        Check.Range(MaxPollInterval, TimeSpan.FromSeconds(1), TimeSpan.FromDays(1), nameof(MaxPollInterval));
        Check.Range((int)AutoOffsetReset, 0, 2, nameof(AutoOffsetReset));
        Check.Range((int)CommitMode, 0, 1, nameof(CommitMode));
        Check.Range((int)Assignor, 0, 2, nameof(Assignor));
        Check.Range(CommitInterval, TimeSpan.FromMilliseconds(10), TimeSpan.FromHours(1), nameof(CommitInterval));
        ArgumentNullException.ThrowIfNull(Read);
        Read.Validate();
    }

    /// <summary>The assignor as the broker names it.</summary>
    internal string AssignorName => Assignor switch
    {
        Assignor.Uniform => "uniform",
        Assignor.Range => "range",
        _ => string.Empty,
    };
}
