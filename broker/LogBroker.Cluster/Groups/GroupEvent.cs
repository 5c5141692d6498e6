namespace LogBroker.Cluster;

/// <summary>
/// What happens to a group. A stream is a number above 0 that the coordinator gives to each opened stream and never gives again.
/// Immutable.
/// </summary>
public abstract record GroupEvent
{
    /// <summary>
    /// A member opened a stream. Answered by <see cref="MemberMessage.Assigned"/> once it has a place, at the latest with the next
    /// computation of the target; or refused. An earlier stream of the member is at its end: what it still carries counts for nothing,
    /// on both sides.
    /// </summary>
    /// <param name="Stream">The stream.</param>
    /// <param name="MemberId">As the client chose it: 1 to 64 characters of [a-zA-Z0-9_-].</param>
    /// <param name="MemberEpoch">0 joins, or joins anew and holds nothing; else the last epoch that it was told.</param>
    public sealed record MemberJoined(long Stream, string MemberId, int MemberEpoch) : GroupEvent
    {
        /// <summary>Counts the streams that the member has opened, from 1; 0 when it does not count them.</summary>
        public int Attempt { get; init; }

        /// <summary>Names the member over restarts, or "".</summary>
        public string InstanceId { get; init; } = "";

        /// <summary>Its rack, or "".</summary>
        public string Rack { get; init; } = "";

        /// <summary>Its client id, or "".</summary>
        public string ClientId { get; init; } = "";

        /// <summary>Where the stream comes from.</summary>
        public string Host { get; init; } = "";

        /// <summary>The topics that it names.</summary>
        public IReadOnlyList<string> Topics { get; init; } = [];

        /// <summary>Topics whose whole name matches are subscribed to as well; "" for none.</summary>
        public string TopicRegex { get; init; } = "";

        /// <summary>The assignor that it wishes for, or "".</summary>
        public string Assignor { get; init; } = "";

        /// <summary>In milliseconds; 0 for the default.</summary>
        public int SessionTimeoutMs { get; init; }

        /// <summary>In milliseconds; 0 for the default.</summary>
        public int RebalanceTimeoutMs { get; init; }

        /// <summary>What it holds, when it has an epoch.</summary>
        public GroupPartitionSet Held { get; init; } = GroupPartitionSet.Empty;
    }

    /// <summary>A member is alive, and says what it holds, when <paramref name="Held"/> is not null.</summary>
    /// <param name="Stream">The stream that it came on.</param>
    /// <param name="MemberId">The member.</param>
    /// <param name="MemberEpoch">The last epoch that it was told.</param>
    /// <param name="Seen">Number of the last assignment on this stream that it has acted on; 0 before the first.</param>
    /// <param name="Held">All that it holds, or null when it does not say.</param>
    public sealed record HeartbeatReceived(long Stream, string MemberId, int MemberEpoch, int Seen, GroupPartitionSet? Held) : GroupEvent;

    /// <summary>A member ends its membership; a static one keeps its place until its session ends when it leaves temporarily.</summary>
    public sealed record MemberLeft(string MemberId, int MemberEpoch, bool IsTemporary) : GroupEvent;

    /// <summary>A stream is at its end; the member keeps its place until its session ends.</summary>
    public sealed record StreamClosed(long Stream, string MemberId) : GroupEvent;

    /// <summary>The time of <see cref="GroupEffects.WakeAtMs"/> has come. Too early or too often is harmless.</summary>
    public sealed record TimePassed : GroupEvent;

    /// <summary>Topics were created, deleted or grown. Any other event with a new view of the topics says the same.</summary>
    public sealed record TopicsChanged : GroupEvent;
}
