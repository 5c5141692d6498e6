using LogBroker.Protocol;

namespace LogBroker.Client;

/// <summary>How a reader fetches ahead and what it bears.</summary>
public sealed record ReadOptions
{
    /// <summary>
    /// Bytes that are fetched ahead of the caller, in sum over all partitions; at least one batch is always let in.
    /// Default 16 MiB; 64 KiB to 1 GiB.
    /// </summary>
    public int PrefetchBytes { get; init; } = 16 * 1024 * 1024;

    /// <summary>The largest answer asked for at a time. Default 4 MiB; 1 KiB to 32 MiB.</summary>
    public int FetchMaxBytes { get; init; } = Limits.FetchBytesDefault;

    /// <summary>The most asked of one partition at a time. Default 1 MiB; 1 KiB to 32 MiB.</summary>
    public int PartitionMaxBytes { get; init; } = Limits.FetchPartitionBytesDefault;

    /// <summary>The broker answers when this much is there. Default 1 byte: at once.</summary>
    public int FetchMinBytes { get; init; } = 1;

    /// <summary>The broker answers after this time even if there is nothing. Default 5 s, at most 60 s.</summary>
    public TimeSpan FetchMaxWait { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// The most that one compressed batch may grow to; it may also not grow more than tenfold, but is always allowed 1 MiB.
    /// More is refused with <see cref="ErrorCode.RecordTooLarge"/>. Default 32 MiB.
    /// </summary>
    public int InflatedBytesMax { get; init; } = Limits.BatchBytesMax;

    /// <summary>
    /// How long a reader that was connected goes on trying when no broker can be reached or none leads its partitions. Then it
    /// fails: it never stalls silently. Default 2 minutes; <see cref="Timeout.InfiniteTimeSpan"/> never gives up.
    /// </summary>
    public TimeSpan UnreachableTimeout { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>
    /// True fails with <see cref="ErrorCode.OffsetOutOfRange"/> when records in front of the reader were deleted before it got to
    /// them; false (the default) goes on at the new start, with an event <see cref="ReadEventKind.Truncated"/> for those who read
    /// events, and a warning in the log.
    /// </summary>
    public bool FailOnTruncation { get; init; }

    /// <summary>
    /// True lets replicas that do not lead answer as well: one of the client's rack (<see cref="LogBrokerClientOptions.Rack"/>), else
    /// any, chosen per partition; the leader while that one cannot be reached. Records come in the same order and none is missed, but
    /// later: <see cref="ReadEventKind.CaughtUp"/> then means caught up with what that replica knows. Default false: leaders only.
    /// </summary>
    public bool AllowFollowers { get; init; }

    /// <summary>Throws <see cref="ArgumentException"/> for the first option that is out of its range.</summary>
    internal void Validate()
    {
        Check.Range(PrefetchBytes, 64 * 1024, 1024 * 1024 * 1024, nameof(PrefetchBytes));
        Check.Range(FetchMaxBytes, 1024, Limits.FetchBytesMax, nameof(FetchMaxBytes));
        Check.Range(PartitionMaxBytes, 1024, Limits.FetchBytesMax, nameof(PartitionMaxBytes));
        Check.Range(FetchMinBytes, 1, Limits.FetchBytesMax, nameof(FetchMinBytes));
        Check.Range(FetchMaxWait, TimeSpan.Zero, TimeSpan.FromMilliseconds(Limits.FetchWaitMsMax), nameof(FetchMaxWait));
        Check.Range(InflatedBytesMax, 1024, 1024 * 1024 * 1024, nameof(InflatedBytesMax));
        if (UnreachableTimeout != Timeout.InfiniteTimeSpan)
        {
            Check.Range(UnreachableTimeout, TimeSpan.Zero, TimeSpan.FromDays(30), nameof(UnreachableTimeout));
        }
    }
}
