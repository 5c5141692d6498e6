using LogBroker.Client;
using LogBroker.Protocol;

namespace LogBroker.Cli;

/// <summary>
/// One run of <c>consume -g</c>: a member of a group until Ctrl-C or a count. What was written to stdout, and flushed, is proven by
/// asking for more; so a record is committed only after it was written.
/// </summary>
internal sealed class GroupConsumeRun(
    CommandContext context, ConsumerOptions options, RecordSink sink, long? countMax)
{
    private const int BatchMax = 1_000;
    private static readonly TimeSpan ReaderCheckEvery = TimeSpan.FromMilliseconds(500);

    private volatile bool _readerHasGone;

    /// <summary>Reads until the count, or the interruption.</summary>
    public async Task<ExitCode> RunAsync(CancellationToken ct)
    {
        await using LogBrokerClient client = context.CreateClient();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(ct);
        await using ITimer watch = context.Host.Time.CreateTimer(
            _ =>
            {
                if (context.Host.StdoutReaderHasGone())
                {
                    _readerHasGone = true;
                    stop.Cancel();
                }
            },
            null,
            ReaderCheckEvery,
            ReaderCheckEvery);
        await using (Consumer consumer = client.CreateConsumer(WithNotes()))
        {
            try
            {
                await ReadAsync(consumer, stop);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                // Interrupted, enough was read, or nobody listens; what was written is proven.
            }
            finally
            {
                sink.Flush();
            }
        }

        if (_readerHasGone)
        {
            throw new BrokenPipeException();
        }

        sink.Complete();
        if (!ct.IsCancellationRequested)
        {
            return ExitCode.Ok;
        }

        context.Note(
            $"stopped after {HumanSize.Counted(sink.Count, "record")}; the group goes on where it was: logbroker consume "
            + $"{string.Join(' ', options.Topics)} -g {options.GroupId}");
        return ExitCode.Interrupted;
    }

    private async Task ReadAsync(Consumer consumer, CancellationTokenSource stop)
    {
        int batchMax = (int)Math.Min(BatchMax, countMax ?? BatchMax);
        await foreach (IReadOnlyList<ConsumedRecord> batch in consumer.ConsumeBatchesAsync(batchMax, TimeSpan.Zero, stop.Token))
        {
            foreach (ConsumedRecord record in batch)
            {
                if (countMax is null || sink.Count < countMax)
                {
                    sink.Write(ShownRecord.Of(record));
                    await AfterAsync(consumer, record, batch);
                }
            }

            sink.Flush();
            if (sink.Count >= countMax)
            {
                // The next ask proves what was written, and ends it.
                await stop.CancelAsync();
            }
        }
    }

    /// <summary>When the count ends within a batch, the rest of the batch is not this run's to prove.</summary>
    private async Task AfterAsync(Consumer consumer, ConsumedRecord record, IReadOnlyList<ConsumedRecord> batch)
    {
        if (sink.Count != countMax)
        {
            return;
        }

        var behind = new Dictionary<TopicPartition, long>();
        bool isBehind = false;
        foreach (ConsumedRecord other in batch)
        {
            if (isBehind)
            {
                behind.TryAdd(new TopicPartition(other.Topic, other.Partition), other.Offset);
            }

            isBehind |= other.Partition == record.Partition && other.Offset == record.Offset && other.Topic == record.Topic;
        }

        foreach ((TopicPartition partition, long offset) in behind)
        {
            await consumer.SeekAsync(partition, Position.At(offset));
        }
    }

    private ConsumerOptions WithNotes() => context.IsVerbose || context.Host.StderrIsTerminal
        ? options with
        {
            OnAssigned = (_, partitions, _) => Note("reading", partitions),
            OnRevoking = (_, partitions, _) => Note("no longer reading", partitions),
            OnLost = (_, partitions, _) => Note("lost", partitions),
        }
        : options;

    private ValueTask Note(string what, IReadOnlyList<TopicPartition> partitions)
    {
        context.Note($"{what} {string.Join(", ", partitions)}");
        return ValueTask.CompletedTask;
    }
}
