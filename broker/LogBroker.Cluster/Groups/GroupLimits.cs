namespace LogBroker.Cluster;

/// <summary>Bounds of groups and their members. Immutable.</summary>
public sealed record GroupLimits
{
    /// <summary>Longest group id, instance id, rack and client id, in bytes of UTF-8.</summary>
    public const int NameBytesMax = 249;

    /// <summary>Longest member id, in characters.</summary>
    public const int MemberIdCharsMax = 64;

    /// <summary>Longest regular expression, in bytes of UTF-8.</summary>
    public const int RegexBytesMax = 256;

    /// <summary>
    /// Largest product of the counts in braces of a regular expression: each multiplies the size of the automaton, so that a few
    /// characters could otherwise ask for gigabytes. With 900, <c>(\w{1,30}){1,30}b</c> took 15 seconds for 200 names; with 100 it is
    /// milliseconds.
    /// </summary>
    public const int RegexRepeatsMax = 100;

    /// <summary>Most members of a group.</summary>
    public int MembersMax { get; init; } = 5_000;

    /// <summary>Most topics that one member names.</summary>
    public int TopicsPerMemberMax { get; init; } = 1_000;

    /// <summary>Most different regular expressions in one group: each is matched with every topic.</summary>
    public int RegexesPerGroupMax { get; init; } = 100;

    /// <summary>Shortest session and rebalance timeout, in milliseconds.</summary>
    public int TimeoutMsMin { get; init; } = 6_000;

    /// <summary>Longest session and rebalance timeout, in milliseconds.</summary>
    public int TimeoutMsMax { get; init; } = 1_800_000;

    /// <summary>The session timeout of a member that names none, in milliseconds.</summary>
    public int SessionTimeoutMsDefault { get; init; } = 45_000;

    /// <summary>The rebalance timeout of a member that names none, in milliseconds.</summary>
    public int RebalanceTimeoutMsDefault { get; init; } = 300_000;

    /// <summary>How often members send heartbeats at least, in milliseconds; a third of the session timeout when that is shorter.</summary>
    public int HeartbeatMsMax { get; init; } = 5_000;

    /// <summary>
    /// Least time between two computations of the target, in milliseconds, to which a quarter of a millisecond per member is added:
    /// many who join at once cost a few computations, and one who joins a quiet group does not wait.
    /// </summary>
    public int AssignmentIntervalMs { get; init; } = 25;

    /// <summary>
    /// A coordinator that is this late with <see cref="GroupEvent.TimePassed"/>, in milliseconds, was itself away: heartbeats were not
    /// taken in that time, so that all sessions begin anew, as after a failover.
    /// </summary>
    public int StallMs { get; init; } = 1_000;
}
