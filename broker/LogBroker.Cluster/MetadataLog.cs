using System.Buffers;
using LogBroker.Protocol;
using LogBroker.Storage;

namespace LogBroker.Cluster;

/// <summary>
/// The partition <c>__cluster_metadata</c> and what its records add up to. An ordinary partition: a change is real when its record is
/// committed, and is applied only then.
/// Failure policy: a change that is refused (disk full, busy, stopping) has not happened; there is no other kind of failure that the
/// process survives. A record that cannot be read refuses the start.
/// Ownership: one caller at a time; <see cref="Broker"/> holds its lock around every change.
/// </summary>
internal sealed class MetadataLog(PartitionReplica replica, IBrokerThreads threads, TopicConfig topicDefaults, bool isAlone)
{
    /// <summary>How long a change waits for a majority; a node alone waits for its disk only.</summary>
    private const int CommitMsMax = 10_000;

    /// <summary>Name of the topic.</summary>
    public const string TopicName = "__cluster_metadata";

    private const int ReadBytesMax = 1024 * 1024;

    /// <summary>Its id, the same in every cluster.</summary>
    public static TopicId TopicId { get; } = new(new Guid("00000000-0000-0000-0000-00000000006d"));

    /// <summary>Kept for ever, in small segments, durable.</summary>
    public static TopicInfo TopicWith(int segmentBytesMax) => new(
        TopicName,
        TopicId,
        1,
        1,
        new Dictionary<string, string>(),
        new TopicConfig { RetentionMs = -1, SegmentBytesMax = segmentBytesMax, SegmentAgeMsMax = long.MaxValue },
        "");

    private Offset _applied;

    /// <summary>The replica of the log on this node.</summary>
    public PartitionReplica Replica => replica;

    /// <summary>Records in front of this offset are applied.</summary>
    public Offset Applied => _applied;

    /// <summary>What the records applied so far add up to.</summary>
    public MetadataState State { get; private init; } = new(topicDefaults);

    /// <summary>The same metadata, read on from another replica of the log.</summary>
    public MetadataLog With(PartitionReplica other) => new(other, threads, topicDefaults, isAlone) { State = State, _applied = _applied };

    /// <summary>Applies all committed records; null, or why one cannot be.</summary>
    public BrokerError? CatchUp()
    {
        LogBounds bounds = replica.Log.Bounds;
        _applied = Offset.Max(_applied, bounds.LogStart);
        while (_applied < bounds.HighWatermark)
        {
            Result<LogSlice> read = replica.Log.Read(_applied, bounds.HighWatermark, ReadBytesMax);
            if (!read.IsOk)
            {
                return read.Error;
            }

            using LogSlice slice = read.Value;
            var bytes = new byte[slice.Length];
            slice.CopyTo(0, bytes);
            if (Apply(bytes) is { } error)
            {
                return error;
            }

            _applied = slice.NextOffset;
        }

        return null;
    }

    /// <summary>Appends records that belong together, waits until they are committed, and applies them.</summary>
    public async Task<BrokerError?> Change(IReadOnlyList<MetadataRecord> records, long nowMs)
    {
        using var builder = new BatchBuilder(Limits.BatchBytesDefault);
        foreach (MetadataRecord record in records)
        {
            if (!builder.TryAppend(nowMs, OptionalBytes.Null, record.Write()))
            {
                return new BrokerError(
                    ErrorCode.LimitExceeded,
                    $"the change of the metadata is larger than {Limits.BatchBytesDefault} bytes; nothing was changed");
            }
        }

        ReadOnlyMemory<byte> batch = builder.Finish();
        var sink = new OneOutcome();
        var command = new ProduceCommand(replica.Name, 0, RequiredAcks.Quorum, isAlone ? int.MaxValue : CommitMsMax, Epoch.None);
        await replica.Produce(command, BatchBuffer.CopyOf(new ReadOnlySequence<byte>(batch)), sink, isInternal: true);
        await threads.Until(sink.Done);
        ProduceOutcome outcome = await sink.Done;
        return outcome.Error ?? CatchUp();
    }

    private BrokerError? Apply(ReadOnlyMemory<byte> batches)
    {
        while (!batches.IsEmpty)
        {
            BrokerError? error = RecordReader.TryOpen(batches, Limits.BatchBytesMax, out RecordReader reader);
            while (error is null && reader.MoveNext())
            {
                if (reader.Current.Offset < _applied || reader.Current.Value is not { } value)
                {
                    continue;
                }

                Result<MetadataRecord> record = MetadataRecord.Read(value.Span);
                if (!record.IsOk)
                {
                    return record.Error with { Message = $"{TopicName} offset {reader.Current.Offset}: {record.Error.Message}" };
                }

                State.Apply(record.Value);
            }

            if ((error ?? reader.Error) is { } damage)
            {
                return damage;
            }

            batches = batches[reader.TotalBytes..];
        }

        return null;
    }

    private sealed class OneOutcome : IProduceSink
    {
        private readonly TaskCompletionSource<ProduceOutcome> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<ProduceOutcome> Done => _done.Task;

        public void Completed(ulong correlationId, in ProduceOutcome outcome) => _done.SetResult(outcome);
    }
}
