using Microsoft.Extensions.Logging;

namespace LogBroker.Client;

/// <summary>Every line that the client logs. Event ids are stable: 1xx calls, 2xx producer, 3xx reader.</summary>
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
}
