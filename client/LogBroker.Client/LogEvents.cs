using Microsoft.Extensions.Logging;

namespace LogBroker.Client;

/// <summary>Every line that the client logs. Event ids are stable: 1xx calls, 2xx producer, 3xx reader, 4xx consumer.</summary>
internal static partial class LogEvents
{
    [LoggerMessage(100, LogLevel.Debug, "attempt {Attempt} failed, trying again in {WaitMs} ms: {Message}")]
    public static partial void CallRetried(ILogger log, int attempt, double waitMs, string message);

    [LoggerMessage(101, LogLevel.Debug, "metadata of {Topic} refreshed from {Server}: {Partitions} partitions")]
    public static partial void MetadataRefreshed(ILogger log, string topic, string server, int partitions);

    [LoggerMessage(102, LogLevel.Debug, "metadata of {Topic} could not be refreshed: {Message}")]
    public static partial void MetadataNotRefreshed(ILogger log, string topic, string message);

    [LoggerMessage(200, LogLevel.Information, "producer {ProducerId} with epoch {Epoch} began")]
    public static partial void ProducerBegan(ILogger log, long producerId, int epoch);

    [LoggerMessage(201, LogLevel.Warning,
        "the produce stream to {Server} ended with {Batches} batches unanswered, which will be sent again: {Message}")]
    public static partial void ProduceStreamLost(ILogger log, string server, int batches, string message);

    [LoggerMessage(202, LogLevel.Information, "the produce stream to {Server} is open")]
    public static partial void ProduceStreamOpened(ILogger log, string server);

    [LoggerMessage(203, LogLevel.Debug,
        "a batch of {Topic}/{Partition} with {Records} records was refused, trying again in {WaitMs} ms: {Message}")]
    public static partial void BatchRefused(ILogger log, string topic, int partition, int records, double waitMs, string message);

    [LoggerMessage(204, LogLevel.Warning, "{Records} records of {Topic}/{Partition} failed: {Message}")]
    public static partial void BatchFailed(ILogger log, string topic, int partition, int records, string message);

    [LoggerMessage(205, LogLevel.Warning, "{Topic}/{Partition} goes on with producer {ProducerId}, epoch {Epoch}, because a batch failed")]
    public static partial void EpochBumped(ILogger log, string topic, int partition, long producerId, int epoch);

    [LoggerMessage(206, LogLevel.Error, "a delivery callback threw; it must not")]
    public static partial void CallbackThrew(ILogger log, Exception exception);

    [LoggerMessage(207, LogLevel.Error, "the producer's loop for {Server} failed; this is a bug in the client")]
    public static partial void SenderFailed(ILogger log, string server, Exception exception);

    [LoggerMessage(208, LogLevel.Warning,
        "{Topic}/{Partition} leaves {Old}, which does not answer, for {New}: {Batches} batches will be sent again")]
    public static partial void LeaderLeft(ILogger log, string topic, int partition, string old, string @new, int batches);

    [LoggerMessage(300, LogLevel.Warning, "reading {Topic} from {Server} was interrupted, trying again in {WaitMs} ms: {Message}")]
    public static partial void ReadInterrupted(ILogger log, string topic, string server, double waitMs, string message);

    [LoggerMessage(301, LogLevel.Warning,
        "records {From} to {Until} of {Topic}/{Partition} were deleted before they were read; going on at {Until}")]
    public static partial void ReadTruncated(ILogger log, string topic, int partition, long from, long until);

    [LoggerMessage(400, LogLevel.Information, "group {Group}: assigned {Added}; let go of {Revoked}")]
    public static partial void PartitionsAssigned(ILogger log, string group, string added, string revoked);

    [LoggerMessage(401, LogLevel.Warning, "group {Group}: the membership was lost with {Partitions}, joining anew")]
    public static partial void PartitionsLost(ILogger log, string group, string partitions);

    [LoggerMessage(402, LogLevel.Debug, "group {Group}: the stream to {Server} ended, opening another one: {Message}")]
    public static partial void GroupStreamLost(ILogger log, string group, string server, string message);

    [LoggerMessage(403, LogLevel.Warning,
        "group {Group}: it could not be left, its partitions go to others when the session ends: {Message}")]
    public static partial void GroupNotLeft(ILogger log, string group, string message);

    [LoggerMessage(404, LogLevel.Warning, "group {Group}: offsets were not committed: {Message}")]
    public static partial void CommitFailed(ILogger log, string group, string message);

    [LoggerMessage(405, LogLevel.Warning,
        "group {Group}: the place to begin could not be found, trying again in {WaitMs} ms: {Message}")]
    public static partial void PreparationRepeated(ILogger log, string group, double waitMs, string message);

    [LoggerMessage(406, LogLevel.Warning, "group {Group}: nothing was asked for within {Interval}, leaving")]
    public static partial void PollIntervalExceeded(ILogger log, string group, TimeSpan interval);

    [LoggerMessage(407, LogLevel.Warning, "group {Group}: reading stopped for a moment: {Message}")]
    public static partial void PartitionStalled(ILogger log, string group, string message);
}
