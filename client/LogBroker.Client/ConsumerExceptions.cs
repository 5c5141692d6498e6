using LogBroker.Protocol;

namespace LogBroker.Client;

/// <summary>
/// The caller of a consumer did not ask for records within <see cref="ConsumerOptions.MaxPollInterval"/>, so the member left its group and
/// others have its partitions. Asking once more joins anew, from what is committed.
/// </summary>
public sealed class PollIntervalExceededException : LogBrokerException
{
    internal PollIntervalExceededException(string group, TimeSpan interval)
        : base(
            ErrorCode.UnknownMember,
            $"no record was asked for within {nameof(ConsumerOptions.MaxPollInterval)} = {interval}, so this member left group "
            + $"{ShownValue.Of(group)}; handle records faster, or raise the interval")
    {
        Group = group;
        Interval = interval;
        IsRetriable = true;
    }

    /// <summary>The group that was left.</summary>
    public string Group { get; }

    /// <summary>The interval.</summary>
    public TimeSpan Interval { get; }
}

/// <summary>
/// Offsets of some partitions were not stored. <see cref="Failures"/> says which and why; all others of the same commit were.
/// </summary>
public sealed class CommitFailedException : LogBrokerException
{
    internal CommitFailedException(IReadOnlyDictionary<TopicPartition, LogBrokerException> failures)
        : base(failures.First().Value.Reason, Text(failures), failures.First().Value)
    {
        Failures = failures;
        Topic = failures.First().Key.Topic;
        Partition = failures.First().Key.Partition;
    }

    /// <summary>Why, by partition.</summary>
    public IReadOnlyDictionary<TopicPartition, LogBrokerException> Failures { get; }

    private static string Text(IReadOnlyDictionary<TopicPartition, LogBrokerException> failures)
    {
        (TopicPartition partition, LogBrokerException first) = failures.First();
        return failures.Count == 1
            ? $"the offset of {partition} was not committed: {first.Message}"
            : $"the offsets of {failures.Count} partitions were not committed, the first {partition}: {first.Message}";
    }
}
