using LogBroker.Protocol;

namespace LogBroker.Client;

/// <summary>Which server a partition is read from, and how it goes over to another one.</summary>
internal sealed partial class Fetcher
{
    /// <summary>How often a partition follows the word of a server to another one before it waits.</summary>
    private const int HopsMax = 4;

    /// <summary>After this time without an answer other nodes are asked whether the leader is still the leader.</summary>
    private static readonly TimeSpan PatienceFirst = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan PatienceMax = TimeSpan.FromSeconds(4);

    /// <summary>How much longer than the wait that was asked for a server may take when there are replicas to ask in its place.</summary>
    private static readonly TimeSpan FollowerGrace = TimeSpan.FromSeconds(3);

    /// <summary>How long a partition stays with its leader after another replica failed it.</summary>
    private static readonly TimeSpan LeaderOnlyTime = TimeSpan.FromSeconds(5);

    /// <summary>These partitions cannot be fetched here now: they look for another server, after a wait unless one is known.</summary>
    private void MoveAway(FetchLane mine, PartitionCursor[] cursors, LogBrokerException why)
    {
        if (why is ServerUnreachableException { Endpoint: { } server })
        {
            _calls.Servers.Failed(server);
        }

        lock (_lock)
        {
            mine.RemoveAll(c => Array.IndexOf(cursors, c) >= 0);
        }

        long leaderOnlyUntil = Clock.GetTimestamp() + (long)(LeaderOnlyTime.TotalSeconds * Clock.TimestampFrequency);
        foreach (PartitionCursor cursor in cursors)
        {
            cursor.LeaderOnlyUntil = leaderOnlyUntil;
        }

        Place([.. cursors], why);
    }

    /// <summary>Lets partitions go that are better read elsewhere by now. True when there were any.</summary>
    private bool MoveOn(string server, FetchLane mine)
    {
        List<PartitionCursor>? gone = null;
        lock (_lock)
        {
            foreach (PartitionCursor cursor in mine)
            {
                if (ServerOf(cursor) is { } better && !IsSame(better, server))
                {
                    (gone ??= []).Add(cursor);
                }
            }

            if (gone is not null)
            {
                mine.RemoveAll(gone.Contains);
            }
        }

        if (gone is null)
        {
            return false;
        }

        Place(gone, null);
        return true;
    }

    private void Place(List<PartitionCursor> cursors, LogBrokerException? why)
    {
        var placing = Task.Run(() => PlaceAsync(cursors, why));
        lock (_lock)
        {
            _loops.RemoveAll(static l => l.IsCompleted);
            _loops.Add(placing);
        }
    }

    /// <summary>Gives partitions to the loops of their servers, waiting for leaders if need be. Never fails.</summary>
    private async Task PlaceAsync(List<PartitionCursor> cursors, LogBrokerException? why)
    {
        if (why is { IsRetriable: true, Endpoint: { } left })
        {
            cursors.RemoveAll(c => TryHop(c, left));
        }

        while (cursors.RemoveAll(static c => c.IsRemoved) >= 0 && cursors.Count > 0 && !_stop.IsCancellationRequested)
        {
            if (why is null)
            {
                cursors.RemoveAll(TryPlace);
                why = cursors.Count > 0 ? OffsetLookup.NoLeader(cursors[0].Id) : null;
                continue;
            }

            PartitionCursor worst = cursors.MaxBy(static c => c.Failures)!;
            cursors.ForEach(c => c.FailedAgain(Clock.GetTimestamp()));
            TimeSpan wait = _calls.Retry.Wait(worst.Failures, why.RetryAfter);
            bool isOver = _options.UnreachableTimeout != Timeout.InfiniteTimeSpan
                && Clock.GetElapsedTime(worst.FailingSince) + wait > _options.UnreachableTimeout;
            if (isOver || !why.IsRetriable)
            {
                // One topic that is gone says nothing about the partitions of others.
                string? topic = why.Topic;
                bool isOfOne = topic is not null && cursors.Exists(c => c.Topic == topic);
                cursors.FindAll(c => !isOfOne || c.Topic == topic).ForEach(c => Fail(c, why));
                cursors.RemoveAll(static c => c.IsDone);
                why = null;
                continue;
            }

            LogEvents.ReadInterrupted(_calls.Log, cursors[0].Topic, why.Endpoint ?? "-", wait.TotalMilliseconds, why.Message);
            why = await WaitAndRefreshAsync(cursors, wait).ConfigureAwait(false);
        }
    }

    private async Task<LogBrokerException?> WaitAndRefreshAsync(List<PartitionCursor> cursors, TimeSpan wait)
    {
        try
        {
            await Task.Delay(wait, Clock, _stop.Token).ConfigureAwait(false);
            foreach (string topic in cursors.Select(c => c.Topic).Distinct())
            {
                await _metadata.RefreshAsync(topic, _stop.Token, isElsewhere: true).ConfigureAwait(false);
            }

            return null;
        }
        catch (LogBrokerException e)
        {
            return e;
        }
        catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
        {
            return new LogBrokerException(ErrorCode.ShuttingDown, "the reader or its client was disposed of", e);
        }
    }

    /// <summary>Goes on at once where another server than the one that failed is known to lead.</summary>
    private bool TryHop(PartitionCursor cursor, string left)
    {
        if (cursor.Hops >= HopsMax || ServerOf(cursor) is not { } server || IsSame(server, left))
        {
            return false;
        }

        cursor.Hops++;
        return TryPlace(cursor);
    }

    private bool TryPlace(PartitionCursor cursor)
    {
        if (ServerOf(cursor) is not { } server)
        {
            return false;
        }

        lock (_lock)
        {
            if (!_byServer.TryGetValue(server, out FetchLane? mine))
            {
                _byServer.Add(server, mine = []);
                _loops.Add(Task.Run(() => RunAsync(server, mine)));
            }

            // A poll that waits for records of others would have this one wait as well. It is disposed of after this lock was taken again.
            mine.Add(cursor);
            mine.IsWoken = true;
            _ = mine.Poll?.CancelAsync();
        }

        return true;
    }

    private string? ServerOf(PartitionCursor cursor)
    {
        bool isLeaderOnly = !_options.AllowFollowers || Clock.GetTimestamp() < cursor.LeaderOnlyUntil;
        return (isLeaderOnly
            ? _metadata.LeaderOf(cursor.Topic, cursor.Partition)
            : _metadata.ReplicaOf(cursor.Topic, cursor.Partition))?.Server;
    }

    /// <summary>
    /// Waits for the answer, or until it is known that the server hangs: another node leads, or, where followers may be asked, it is
    /// late. Asks other nodes for the leader after a while, in growing intervals, so that an idle reader costs little.
    /// </summary>
    private async ValueTask<bool> IsHangingAsync(
        string server, PartitionCursor[] cursors, Task<List<FetchedPart>> answer, long begin)
    {
        TimeSpan patience = PatienceFirst;
        while (!answer.IsCompleted && _calls.Servers.HasSeveral)
        {
            try
            {
                await answer.WaitAsync(patience, Clock, _stop.Token).ConfigureAwait(false);
                return false;
            }
            catch (TimeoutException)
            {
                patience = patience * 2 < PatienceMax ? patience * 2 : PatienceMax;
            }

            await Task.WhenAny(answer, AskForLeadersAsync(cursors)).ConfigureAwait(false);
            bool isLate = _options.AllowFollowers && Clock.GetElapsedTime(begin) > _options.FetchMaxWait + FollowerGrace;
            if (!answer.IsCompleted && (isLate || cursors.Any(c => IsLedElsewhere(c, server))))
            {
                return true;
            }
        }

        return false;
    }

    private bool IsLedElsewhere(PartitionCursor cursor, string server) =>
        !_options.AllowFollowers && _metadata.LeaderOf(cursor.Topic, cursor.Partition) is { } leader && !IsSame(leader.Server, server);

    private async Task AskForLeadersAsync(PartitionCursor[] cursors)
    {
        try
        {
            foreach (string topic in cursors.Select(static c => c.Topic).Distinct())
            {
                await _metadata.RefreshAsync(topic, _stop.Token, isElsewhere: true).ConfigureAwait(false);
            }
        }
        catch (Exception e) when (e is LogBrokerException or OperationCanceledException or ObjectDisposedException)
        {
            LogEvents.MetadataNotRefreshed(_calls.Log, cursors[0].Topic, e.Message);
        }
    }

    /// <summary>An answer that nobody waits for any more: its memory goes back.</summary>
    private static void Forget(Task<List<FetchedPart>> answer) => answer.ContinueWith(
        static late =>
        {
            if (late.IsCompletedSuccessfully)
            {
                late.Result.ForEach(static p => p.Dispose());
            }
            else
            {
                _ = late.Exception;
            }
        },
        TaskScheduler.Default);

    private static bool IsSame(string server, string other) => string.Equals(server, other, StringComparison.OrdinalIgnoreCase);
}
