using LogBroker.Client;

namespace LogBroker.Chaos;

/// <summary>
/// Follows the topic through the SDK and enters what it is given. Restarts at an offset when asked to, as another process. Can be held up,
/// as a slow consumer is.
/// </summary>
internal sealed class ChaosReader(LoadContext context, string name)
{
    private const int PollRecordsMax = 500;

    private readonly Valve _valve = new();
    private readonly long[] _next = new long[context.PartitionsCount];
    private CancellationTokenSource _life = new();
    private long[] _restartAt = new long[context.PartitionsCount];

    public string Name => name;

    /// <summary>The offset behind the last record it was given, for each partition.</summary>
    public long NextOf(int partition) => Interlocked.Read(ref _next[partition]);

    /// <summary>It takes nothing until it is released.</summary>
    public void Hold() => _valve.Close();

    public void Release() => _valve.Open();

    /// <summary>Ends the client; another goes on from these offsets.</summary>
    public void RestartAt(long[] offsets)
    {
        _restartAt = offsets;
        _life.Cancel();
    }

    public async Task RunAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            _life = CancellationTokenSource.CreateLinkedTokenSource(stop);
            try
            {
                await using var client = context.NewClient(name);
                // The SDK begins at one position in all partitions: a reader with several places reads each partition by itself.
                if (_restartAt.All(offset => offset == 0))
                    await FollowAsync(client, [.. Enumerable.Range(0, context.PartitionsCount)], 0, _life.Token);
                else
                    await Task.WhenAll(_restartAt.Select((offset, p) => FollowAsync(client, [p], offset, _life.Token)));
            }
            catch (OperationCanceledException)
            {
                // Stopped or restarted.
            }
        }
    }

    private async Task FollowAsync(LogBrokerClient client, int[] partitions, long offset, CancellationToken cancellation)
    {
        int process = context.Recorder.NewProcess();
        context.Recorder.Mark(
            process, OpAction.Assign, [.. partitions.Select(p => new PlacedRecord(p, offset, RecordValue.Unreadable))]);
        foreach (int partition in partitions)
            Interlocked.Exchange(ref _next[partition], offset);
        var events = client.ReadEventsAsync([context.Topic], Position.At(offset), partitions: partitions, cancellationToken: cancellation);
        var taken = new List<PlacedRecord>();
        int invocation = context.Recorder.Invoke(process, OpAction.Poll);
        try
        {
            await using var each = events.GetAsyncEnumerator(cancellation);
            while (true)
            {
                await _valve.PassAsync(cancellation);
                var next = each.MoveNextAsync();
                if (taken.Count > 0 && (!next.IsCompleted || taken.Count >= PollRecordsMax))
                    invocation = TakeOver(process, invocation, taken);
                if (!await next)
                    return;
                if (!Take(each.Current, taken))
                    invocation = TakeOver(process, invocation, taken);
            }
        }
        catch (LogBrokerException e)
        {
            context.AddProblem($"reader {name} failed: {e.Reason} {e.Message}");
        }
        finally
        {
            context.Recorder.Complete(invocation, OpType.Info, [.. taken]);
            context.Recorder.Mark(process, OpAction.Crash);
        }
    }

    private int TakeOver(int process, int invocation, List<PlacedRecord> taken)
    {
        context.Recorder.Complete(invocation, OpType.Ok, [.. taken]);
        foreach (var record in taken)
            Interlocked.Exchange(ref _next[record.Partition], record.Offset + 1);
        taken.Clear();
        return context.Recorder.Invoke(process, OpAction.Poll);
    }

    // False when what was taken so far is a whole.
    private bool Take(in ReadEvent read, List<PlacedRecord> taken)
    {
        switch (read.Kind)
        {
            case ReadEventKind.Record:
                taken.Add(new PlacedRecord(read.Partition, read.Offset, ValueCoding.Decode(read.Record.Key, read.Record.Value)));
                return true;
            case ReadEventKind.CaughtUp:
                return false;
            default:
                context.AddProblem($"reader {name} was told {read.Kind} at {read.Partition}@{read.Offset}, from {read.PreviousOffset}");
                return true;
        }
    }
}
