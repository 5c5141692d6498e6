using LogBroker.Client;
using LogBroker.Protocol;

namespace LogBroker.Cli;

/// <summary>
/// One run of <c>consume</c>. Reads with one reader, or with one per partition when they begin at different offsets; what they read goes
/// through one lock to stdout. Remembers where it is, for the resume hint.
/// </summary>
internal sealed class ConsumeRun(
    CommandContext context, string[] topics, ConsumePlan plan, ReadOptions options, RecordSink sink, long? countMax)
{
    private static readonly TimeSpan ReaderCheckEvery = TimeSpan.FromMilliseconds(500);

    private readonly Lock _lock = new();
    private readonly SortedDictionary<(string Topic, int Partition), long> _next = [];
    private readonly Dictionary<string, int> _partitionCounts = [];
    private volatile bool _readerHasGone;

    /// <summary>Reads until the end, the count, or the interruption.</summary>
    public async Task<ExitCode> RunAsync(CancellationToken ct)
    {
        await using LogBrokerClient client = context.CreateClient();
        await CheckTopicsAsync(client, ct);
        bool bothOnTerminal = context.Host.StdoutIsTerminal;
        using ProgressLine? progress = bothOnTerminal || plan.Until is null
            ? null
            : ProgressLine.Start(context, () => (null, HumanSize.Counted(sink.Count, "record") + " read"));
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(ct);

        // A follower may have nothing to write for hours, and would not notice that nobody listens.
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
        try
        {
            await Task.WhenAll(Readers(client, stop.Token).Select(r => ReadAsync(r, stop)));
            sink.Complete();
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            sink.Complete();
            progress?.Dispose();
            WriteResumeHint();
            return ExitCode.Interrupted;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            if (_readerHasGone)
            {
                throw new BrokenPipeException();
            }

            sink.Complete();
        }
        catch (LogBrokerException)
        {
            sink.Flush();
            progress?.Dispose();
            WriteResumeHint();
            throw;
        }

        if (sink.Count == 0 && context.Host.StderrIsTerminal)
        {
            context.Note("no records");
        }

        return ExitCode.Ok;
    }

    /// <summary>The <c>--from</c> that goes on where this run stopped, for one topic; null when it has read nothing.</summary>
    internal static string? ResumeFrom(IReadOnlyDictionary<int, long> next, int partitionCount, Position others)
    {
        if (next.Count == 0)
        {
            return null;
        }

        if (next.Count == 1 && partitionCount == 1)
        {
            return OutputText.Plain(next.Values.Single());
        }

        string pairs = string.Join(',', next.OrderBy(p => p.Key).Select(p => $"{p.Key}={p.Value}"));
        return next.Count >= partitionCount ? pairs : $"{pairs},{others}";
    }

    private async Task CheckTopicsAsync(LogBrokerClient client, CancellationToken ct)
    {
        ClusterMetadata metadata = await client.Cluster.GetMetadataAsync(topics, ct);
        foreach (string topic in topics)
        {
            TopicMetadata found = metadata.Topics.FirstOrDefault(t => t.Name == topic)
                ?? throw new CliException(
                    ExitCode.NotFound, $"there is no topic {ShownValue.Of(topic)}", $"create it with: logbroker topic create {topic}");
            foreach (int partition in plan.Partitions ?? [.. plan.Offsets.Keys])
            {
                if (partition >= found.Partitions.Count)
                {
                    throw new CliException(
                        ExitCode.NotFound,
                        ErrorText.NoPartition(topic, partition, found.Partitions.Count));
                }
            }

            _partitionCounts[topic] = plan.Partitions?.Count ?? (plan.ReadsOthers ? found.Partitions.Count : plan.Offsets.Count);
        }
    }

    private IEnumerable<IAsyncEnumerable<ReadEvent>> Readers(LogBrokerClient client, CancellationToken ct)
    {
        foreach ((int partition, long offset) in plan.Offsets)
        {
            if (plan.Partitions is null || plan.Partitions.Contains(partition))
            {
                yield return client.ReadEventsAsync(topics, Position.At(offset), plan.Until, [partition], options, ct);
            }
        }

        if (plan.Offsets.Count == 0)
        {
            yield return client.ReadEventsAsync(topics, plan.From, plan.Until, plan.Partitions, options, ct);
        }
        else if (plan.ReadsOthers)
        {
            foreach (string topic in topics)
            {
                int[] others =
                [
                    .. (plan.Partitions ?? [.. Enumerable.Range(0, _partitionCounts[topic])]).Where(p => !plan.Offsets.ContainsKey(p)),
                ];
                if (others.Length > 0)
                {
                    yield return client.ReadEventsAsync([topic], plan.From, plan.Until, others, options, ct);
                }
            }
        }
    }

    private async Task ReadAsync(IAsyncEnumerable<ReadEvent> events, CancellationTokenSource stop)
    {
        try
        {
            await ReadToEndAsync(events, stop);
        }
        catch
        {
            // The other readers of this run have no reason to go on.
            await stop.CancelAsync();
            throw;
        }
    }

    private async Task ReadToEndAsync(IAsyncEnumerable<ReadEvent> events, CancellationTokenSource stop)
    {
        await using IAsyncEnumerator<ReadEvent> reader = events.GetAsyncEnumerator(stop.Token);
        while (true)
        {
            ValueTask<bool> moving = reader.MoveNextAsync();
            if (!moving.IsCompleted)
            {
                lock (_lock)
                {
                    sink.Flush();
                }
            }

            if (!await moving)
            {
                return;
            }

            lock (_lock)
            {
                if (stop.IsCancellationRequested || !Take(reader.Current, stop))
                {
                    return;
                }
            }
        }
    }

    /// <summary>False when enough was read.</summary>
    private bool Take(in ReadEvent happened, CancellationTokenSource stop)
    {
        switch (happened.Kind)
        {
            case ReadEventKind.Record:
                _next[(happened.Topic, happened.Partition)] = happened.Offset + 1;
                sink.Write(ShownRecord.Of(happened.Record));
                if (sink.Count == countMax)
                {
                    stop.Cancel();
                    return false;
                }

                break;
            case ReadEventKind.Truncated:
                context.Note(
                    $"warning: {happened.Topic} partition {happened.Partition}: offsets {happened.PreviousOffset} to {happened.Offset - 1} "
                    + "were deleted before they were read");
                _next[(happened.Topic, happened.Partition)] = happened.Offset;
                break;
            default:
                _next[(happened.Topic, happened.Partition)] = happened.Offset;
                break;
        }

        return true;
    }

    private void WriteResumeHint()
    {
        lock (_lock)
        {
            foreach (string topic in topics)
            {
                var next = _next.Where(n => n.Key.Topic == topic).ToDictionary(n => n.Key.Partition, n => n.Value);
                if (ResumeFrom(next, _partitionCounts.GetValueOrDefault(topic), plan.From) is { } from)
                {
                    string only = next.Count == 1 && plan.Partitions is [int partition] ? $" -p {partition}" : "";
                    string whence = options.AllowFollowers ? " --from-followers" : "";
                    context.Note(
                        $"stopped after {HumanSize.Counted(sink.Count, "record")}; "
                        + $"go on with: logbroker consume {topic}{only}{whence} --from {from}");
                }
            }
        }
    }
}
