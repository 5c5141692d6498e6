using LogBroker.Client;
using LogBroker.Protocol;

namespace LogBroker.Cli;

/// <summary>What the tally wants to know of a record when its answer comes.</summary>
/// <param name="Number">Its number in the input, from 1.</param>
/// <param name="Bytes">Of key and value.</param>
internal sealed record ProducedRecord(long Number, int Bytes);

/// <summary>The counts of a run at one moment.</summary>
internal sealed record ProduceSummary
{
    /// <summary>Records given to the producer.</summary>
    public long HandedOver { get; init; }

    /// <summary>Records acknowledged.</summary>
    public long Acknowledged { get; init; }

    /// <summary>Records failed.</summary>
    public long Failed { get; init; }

    /// <summary>Bytes of keys and values acknowledged.</summary>
    public long Bytes { get; init; }

    /// <summary>The first failure, or null.</summary>
    public LogBrokerException? Failure { get; init; }

    /// <summary>The record that it happened to.</summary>
    public long FailedRecord { get; init; }

    /// <summary>Count, first and last offset by partition.</summary>
    public IReadOnlyList<(int Partition, long Records, long First, long Last)> Partitions { get; init; } = [];

    /// <summary>Records without an answer.</summary>
    public long Unanswered => HandedOver - Acknowledged - Failed;

    /// <summary>As <c>-o json</c> shows it.</summary>
    public OutputRecord ToRecord(string topic, TimeSpan elapsed) => new()
    {
        { "topic", topic },
        { "recordsAcknowledged", Acknowledged },
        { "recordsFailed", Failed },
        { "bytesAcknowledged", Bytes },
        { "elapsedMs", (long)elapsed.TotalMilliseconds },
        {
            "partitions",
            Partitions.Select(p => new OutputRecord
            {
                { "partition", p.Partition },
                { "records", p.Records },
                { "firstOffset", p.First },
                { "lastOffset", p.Last },
            }).ToArray()
        },
    };
}

/// <summary>
/// Counts what becomes of records, and with <c>-o jsonl</c> or <c>-o tsv</c> writes a receipt for each. Thread-safe: answers come
/// on the producer's
/// threads.
/// </summary>
internal sealed class ProduceTally(CommandContext context)
{
    private readonly Lock _lock = new();
    private readonly SortedDictionary<int, (long Records, long First, long Last)> _partitions = [];
    private readonly bool _writesReceipts = context is { HasOutputFormat: true, Format: OutputFormat.Jsonl or OutputFormat.Tsv };
    private long _handedOver;
    private long _acknowledged;
    private long _failed;
    private long _bytes;
    private long _failedRecord;
    private LogBrokerException? _failure;

    /// <summary>Cancelled when a failure means that no record can be written any more.</summary>
    public CancellationTokenSource? StopRequested { get; set; }

    /// <summary>Counts a record that the producer is about to get.</summary>
    public void HandedOver() => Interlocked.Increment(ref _handedOver);

    /// <summary>The end of a record.</summary>
    public void OnDelivered(object? state, in ProduceReceipt receipt, LogBrokerException? error)
    {
        var record = (ProducedRecord)state!;
        if (error is not null)
        {
            Failed(record.Number, error);
            return;
        }

        lock (_lock)
        {
            _acknowledged++;
            _bytes += record.Bytes;
            _partitions[receipt.Partition] = _partitions.TryGetValue(receipt.Partition, out (long Records, long First, long Last) so)
                ? (so.Records + 1, so.First, receipt.Offset)
                : (1, receipt.Offset, receipt.Offset);
            if (_writesReceipts)
            {
                Write(receipt);
            }
        }
    }

    /// <summary>A record failed.</summary>
    public void Failed(long number, LogBrokerException error)
    {
        lock (_lock)
        {
            _failed++;
            if (_failure is null || number < _failedRecord)
            {
                _failure = error;
                _failedRecord = number;
            }
        }

        if (!ConcernsOnlyItself(error))
        {
            StopRequested?.Cancel();
        }
    }

    /// <summary>The counts now.</summary>
    public ProduceSummary Summary()
    {
        lock (_lock)
        {
            return new ProduceSummary
            {
                HandedOver = Interlocked.Read(ref _handedOver),
                Acknowledged = _acknowledged,
                Failed = _failed,
                Bytes = _bytes,
                Failure = _failure,
                FailedRecord = _failedRecord,
                Partitions = [.. _partitions.Select(p => (p.Key, p.Value.Records, p.Value.First, p.Value.Last))],
            };
        }
    }

    private static bool ConcernsOnlyItself(LogBrokerException error) =>
        error.Reason is ErrorCode.RecordTooLarge or ErrorCode.InvalidTimestamp or ErrorCode.InvalidArgument;

    private void Write(in ProduceReceipt receipt)
    {
        try
        {
            context.Output.Item(new OutputRecord
            {
                { "topic", receipt.Topic },
                { "partition", receipt.Partition },
                { "offset", receipt.Offset },
                { "leaderEpoch", receipt.LeaderEpoch },
                { "durability", DurabilityText(receipt.Durability) },
                { "duplicate", receipt.IsDuplicate },
                { "timestampMs", receipt.Timestamp.ToUnixTimeMilliseconds() },
            });
        }
        catch (IOException)
        {
            // The reader of the receipts has gone; the records are written all the same.
        }
    }

    private static string DurabilityText(Durability durability) => durability switch
    {
        Durability.None => "none",
        Durability.LeaderMemory => "leader-memory",
        Durability.LeaderFsync => "leader-fsync",
        Durability.QuorumMemory => "quorum-memory",
        Durability.QuorumFsync => "quorum-fsync",
        _ => "unknown",
    };
}
