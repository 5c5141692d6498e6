using LogBroker.Protocol;

namespace LogBroker.Cluster;

/// <summary>Reading: long polls and positions.</summary>
public sealed partial class Broker
{
    internal static readonly TimeSpan ConfirmTimeMax = TimeSpan.FromSeconds(1);

    private int _fetchesParked;

    /// <inheritdoc/>
    public async ValueTask<Result<FetchAnswer>> Fetch(FetchCommand command, CancellationToken cancellation)
    {
        if (CheckFetch(command) is { } error)
        {
            return error;
        }

        command = Clamp(command);
        FetchLook look = await Look(command);
        long deadlineMs = _env.RunningMs + command.WaitMsMax;
        while (!look.IsFinal && look.Bytes < command.BytesMin)
        {
            long waitMs = deadlineMs - _env.RunningMs;
            if (waitMs <= 0 || _isStopping)
            {
                break;
            }

            if (Volatile.Read(ref _fetchesParked) >= _env.Settings.FetchWaitersMax)
            {
                look.Answer.Dispose();
                return PartitionErrors.BusyFetches(_env.Settings.FetchWaitersMax);
            }

            look.Answer.Dispose();
            Interlocked.Increment(ref _fetchesParked);
            try
            {
                await Park(command, waitMs, cancellation);
            }
            finally
            {
                Interlocked.Decrement(ref _fetchesParked);
            }

            look = await Look(command);
        }

        if (BeyondEnd(command, look.Answer) is { } unsure)
        {
            look.Answer.Dispose();
            look = await Confirm(command, unsure);
        }

        Count(command, look.Answer);
        return look.Answer;
    }

    /// <summary>Leaders that were asked for an offset behind their end and have not proven that they lead still.</summary>
    private List<PartitionReplica>? BeyondEnd(FetchCommand command, FetchAnswer answer)
    {
        List<PartitionReplica>? unsure = null;
        HostedTopics hosted = Volatile.Read(ref _hosted);
        for (int i = 0; i < command.Items.Count; i++)
        {
            bool isUnsure = answer.Items[i].Error is { Code: ErrorCode.OffsetNotAvailable };
            if (isUnsure && hosted.Find(command.Items[i].Partition, out HostedPartition partition) is null)
            {
                (unsure ??= []).Add(partition.Replica!);
            }
        }

        return unsure;
    }

    /// <summary>Looks once more after a majority has echoed a round that began later (R29).</summary>
    private async Task<FetchLook> Confirm(FetchCommand command, List<PartitionReplica> leaders)
    {
        Task<bool[]> confirmed = Waiting.All([.. leaders.Select(l => l.ConfirmLeadership())]);
        bool isConfirmed = await Waiting.InTime(confirmed, ConfirmTimeMax, _env.Time) && confirmed.Result.All(c => c);
        return FetchNow(command, isConfirmed);
    }

    /// <inheritdoc/>
    public ValueTask<Result<OffsetAnswer>> FindOffset(TopicPartition partition, LogQuery query, CancellationToken cancellation)
    {
        BrokerError? error = Find(partition, out HostedPartition hosted);
        return ValueTask.FromResult(error is null ? hosted.Replica!.FindOffset(query) : error);
    }

    private static BrokerError? CheckFetch(FetchCommand command)
    {
        if (command.Items.Count > Limits.PartitionsPerFetchMax)
        {
            return new BrokerError(
                ErrorCode.LimitExceeded, $"{command.Items.Count} partitions in one fetch, at most {Limits.PartitionsPerFetchMax}");
        }

        if (command.Items.Count == 0)
        {
            return new BrokerError(ErrorCode.InvalidArgument, "partitions: a fetch names at least one partition");
        }

        if (command.BytesMin < 1 || command.BytesMax < 1)
        {
            return new BrokerError(
                ErrorCode.InvalidArgument, $"min_bytes {command.BytesMin} and max_bytes {command.BytesMax} must be at least 1");
        }

        if (command.WaitMsMax is < 0 or > Limits.FetchWaitMsMax)
        {
            return new BrokerError(
                ErrorCode.InvalidArgument, $"max_wait_ms {command.WaitMsMax} is outside 0 to {Limits.FetchWaitMsMax}");
        }

        foreach (FetchItem item in command.Items)
        {
            if (item.BytesMax < 1)
            {
                return new BrokerError(
                    ErrorCode.InvalidArgument, $"max_bytes {item.BytesMax} of partition {item.Partition} must be at least 1");
            }
        }

        return null;
    }

    /// <summary>No more than the broker's limit in sum, and no minimum that the maxima rule out.</summary>
    private static FetchCommand Clamp(FetchCommand command)
    {
        long sum = 0;
        foreach (FetchItem item in command.Items)
        {
            sum += item.BytesMax;
        }

        int bytesMax = Math.Min(command.BytesMax, Limits.FetchBytesMax);
        return command with { BytesMax = bytesMax, BytesMin = (int)Math.Min(command.BytesMin, Math.Min(bytesMax, sum)) };
    }

    /// <summary>One look, on the caller's thread unless it would wait for the disk.</summary>
    private ValueTask<FetchLook> Look(FetchCommand command) =>
        IsProbablyCold(command) ? new ValueTask<FetchLook>(LookElsewhere(command)) : ValueTask.FromResult(FetchNow(command));

    /// <summary>Apart, so that only a cold read pays for what it captures.</summary>
    private Task<FetchLook> LookElsewhere(FetchCommand command) => _threads.Cold!.Run(() => FetchNow(command));

    private bool IsProbablyCold(FetchCommand command)
    {
        if (_threads.Cold is null)
        {
            return false;
        }

        HostedTopics hosted = Volatile.Read(ref _hosted);
        foreach (FetchItem item in command.Items)
        {
            if (hosted.Find(item.Partition, out HostedPartition partition) is null
                && partition.Replica!.Log.IsProbablyCold(item.Offset, item.BytesMax))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>
    /// Looks once at every partition. The first one with data may exceed the limits by one batch; the others stay within what is left.
    /// The look is final when waiting cannot help: a partition failed, or has more than its slice could take (a slice ends with its
    /// segment, at an epoch row, and in front of a batch that does not fit).
    /// </summary>
    private FetchLook FetchNow(FetchCommand command, bool isConfirmed = false)
    {
        HostedTopics hosted = Volatile.Read(ref _hosted);
        var items = new FetchedItem[command.Items.Count];
        long bytes = 0;
        bool isFinal = false;
        int taken = 0;
        try
        {
            while (taken < items.Length)
            {
                items[taken] = FetchOne(hosted, command, taken, command.BytesMax - bytes, isFirst: bytes == 0, isConfirmed, ref isFinal);
                bytes += items[taken++].Slice.Length;
            }
        }
        catch
        {
            new FetchAnswer(items[..taken]).Dispose();
            throw;
        }

        return new FetchLook(new FetchAnswer(items), bytes, isFinal);
    }

    private FetchedItem FetchOne(
        HostedTopics hosted, FetchCommand command, int at, long bytesLeft, bool isFirst, bool isConfirmed, ref bool isFinal)
    {
        FetchItem asked = command.Items[at];
        BrokerError? error = hosted.Find(asked.Partition, out HostedPartition partition);
        error = error is { Code: ErrorCode.UnknownTopicOrPartition } ? NotReady ?? error : error;
        if (error is not null)
        {
            isFinal = true;
            return new FetchedItem(error, Storage.LogSlice.Empty(asked.Offset), Offset.None, Offset.None, Epoch.None);
        }

        FetchedItem item = partition.Replica!.Fetch(
            asked, (int)Math.Min(asked.BytesMax, bytesLeft), command.AllowsFollower, isConfirmed);
        isFinal |= item.Error is not null || (item.Slice.Length > 0 && item.Slice.NextOffset < item.HighWatermark);
        if (!isFirst && item.Slice.Length > bytesLeft)
        {
            item.Slice.Dispose();
            item = item with { Slice = Storage.LogSlice.Empty(asked.Offset) };
            isFinal = true;
        }

        return item;
    }

    /// <summary>
    /// Waits until a partition has something new. What became visible since the look is noticed after the waiter stands in the lists, so
    /// that nothing is missed.
    /// </summary>
    private async Task Park(FetchCommand command, long waitMs, CancellationToken cancellation)
    {
        HostedTopics hosted = Volatile.Read(ref _hosted);
        using var waiter = new FetchWaiter(TimeSpan.FromMilliseconds(waitMs), _env.Time, cancellation);
        var parkedAt = new List<PartitionReplica>(command.Items.Count);
        try
        {
            foreach (FetchItem item in command.Items)
            {
                if (hosted.Find(item.Partition, out HostedPartition partition) is not null)
                {
                    waiter.Wake();
                    continue;
                }

                PartitionReplica replica = partition.Replica!;
                replica.Waiters.Add(waiter);
                parkedAt.Add(replica);
                if (!replica.View.Serves && !command.AllowsFollower && replica.View.Leader != _env.Node)
                {
                    waiter.Wake();
                }
            }

            FetchLook look = FetchNow(command);
            look.Answer.Dispose();
            waiter.Expect(look.IsFinal || _isStopping ? 0 : command.BytesMin - look.Bytes);
            await waiter.Done;
        }
        finally
        {
            foreach (PartitionReplica replica in parkedAt)
            {
                replica.Waiters.Remove(waiter);
            }
        }
    }

    private void Count(FetchCommand command, FetchAnswer answer)
    {
        HostedTopics hosted = Volatile.Read(ref _hosted);
        for (int i = 0; i < command.Items.Count; i++)
        {
            FetchItem asked = command.Items[i];
            if (answer.Items[i].Slice.Length > 0 && hosted.Find(asked.Partition, out HostedPartition partition) is null)
            {
                partition.Replica!.NoteFetched(answer.Items[i], asked.Offset);
            }
        }
    }

    /// <param name="Answer">What is there.</param>
    /// <param name="Bytes">Its bytes.</param>
    /// <param name="IsFinal">True when waiting would not bring more.</param>
    private readonly record struct FetchLook(FetchAnswer Answer, long Bytes, bool IsFinal);
}
