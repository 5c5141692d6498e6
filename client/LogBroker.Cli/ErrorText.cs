using LogBroker.Client;
using LogBroker.Protocol;

namespace LogBroker.Cli;

/// <summary>Failures of the SDK in the words, and with the exit code, of the command line.</summary>
internal static class ErrorText
{
    private const string LeadersHint = "who leads what is in: logbroker cluster partitions";

    /// <summary>One line, without the program's name.</summary>
    public static string Of(LogBrokerException failure, CommandContext context)
    {
        string message = failure.Message;
        // A producer begins with what became of the record: "not sent to orders/0 within 30 s".
        if (failure is ServerUnreachableException && !message.StartsWith("not ", StringComparison.Ordinal)
            && !message.StartsWith("cannot reach", StringComparison.OrdinalIgnoreCase)
            && !message.Contains("can be reached", StringComparison.OrdinalIgnoreCase))
        {
            message = $"cannot reach {failure.Endpoint ?? context.Servers}: {message}";
        }

        return message;
    }

    /// <summary>What to do about it, or null.</summary>
    public static string? HintOf(LogBrokerException failure, CommandContext context)
    {
        string? hint = Hint(failure, context);
        return hint is not null && failure.Message.EndsWith(hint, StringComparison.Ordinal) ? null : hint;
    }

    /// <summary>The words for a partition that is not there.</summary>
    public static string NoPartition(string topic, int partition, int partitions) =>
        $"topic {topic} has no partition {partition}: it has {HumanSize.Counted(partitions, "partition")}, from 0";

    /// <summary>The exit code.</summary>
    public static ExitCode ExitOf(LogBrokerException failure) =>
        failure.Reason == ErrorCode.None ? ExitCode.Unavailable : ErrorCatalogue.Get(failure.Reason).Exit;

    private static string? Hint(LogBrokerException failure, CommandContext context) => failure.Reason switch
    {
        ErrorCode.None when failure.Partition is not null && failure.InnerException is not ServerUnreachableException => LeadersHint,
        ErrorCode.None => $"is the broker running? start one with logbrokerd, or say where it is with -s HOST:PORT (now {context.Servers})",
        ErrorCode.UnknownTopicOrPartition when failure.Topic is { } topic && failure.Partition is null =>
            context.IsAboutTopics ? "see: logbroker topic list" : $"create it with: logbroker topic create {topic}",
        ErrorCode.UnknownTopicOrPartition or ErrorCode.OffsetOutOfRange when failure.Topic is { } topic =>
            $"where each partition begins and ends is in: logbroker topic describe {topic}",
        ErrorCode.NotLeader when !context.IsAboutCluster => LeadersHint,
        ErrorCode.NotLeader => "what is wrong is in: logbroker cluster status",
        var reason => ErrorCatalogue.Get(reason).ClientAction,
    };
}
