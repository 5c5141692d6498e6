using System.Diagnostics;
using LogBroker.Protocol;
using LogBroker.Protocol.V1;

namespace LogBroker.Client;

/// <summary>
/// Stores offsets with the coordinator, one commit at a time so that a later one is never overtaken by an earlier one.
/// </summary>
internal sealed class OffsetCommitter(ConsumerCore core)
{
    private readonly SemaphoreSlim _turn = new(1, 1);

    /// <summary>Commits what is proven every interval, until it is stopped. Failures are logged: the next turn tries again.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        using var timer = new PeriodicTimer(core.Options.CommitInterval, core.Calls.Options.TimeProvider);
        try
        {
            while (await timer.WaitForNextTickAsync(stop).ConfigureAwait(false))
            {
                await CommitProvenAsync(null, core.Calls.Options.RequestTimeout, stop).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException)
        {
            // Stopped.
        }
    }

    /// <summary>Commits what is proven of some partitions or (null) all, if that is the consumer's to do. Failures are logged.</summary>
    public async Task CommitProvenAsync(IReadOnlyCollection<HeldPartition>? some, TimeSpan limit, CancellationToken cancellation)
    {
        if (core.Options.CommitMode != CommitMode.Auto)
        {
            return;
        }

        try
        {
            await CommitAsync(() => core.Holdings.Uncommitted(some), limit, cancellation).ConfigureAwait(false);
        }
        catch (LogBrokerException e)
        {
            LogEvents.CommitFailed(core.Calls.Log, core.Options.GroupId, e.Message);
        }
        catch (ObjectDisposedException e)
        {
            LogEvents.CommitFailed(core.Calls.Log, core.Options.GroupId, e.Message);
        }
    }

    /// <summary>Commits offsets, which are looked at when it is their turn.</summary>
    /// <exception cref="CommitFailedException">Some were not stored.</exception>
    /// <exception cref="LogBrokerException">None was stored.</exception>
    public async Task CommitAsync(Func<List<PendingCommit>> what, TimeSpan limit, CancellationToken cancellation)
    {
        await _turn.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            List<PendingCommit> pending = what();
            if (pending.Count == 0)
            {
                return;
            }

            using Activity? span = CommitSpan.Start(core.Options.GroupId, core.Calls.Options.ClientId, pending.Count);
            long begin = core.Calls.Options.TimeProvider.GetTimestamp();
            string? error = null;
            try
            {
                await CommitInTurnAsync(pending, limit > TimeSpan.Zero ? limit : TimeSpan.FromMilliseconds(1), cancellation)
                    .ConfigureAwait(false);
            }
            catch (LogBrokerException e)
            {
                error = e.Reason == ErrorCode.None ? "UNREACHABLE" : ErrorCatalogue.Get(e.Reason).Reason;
                span?.SetStatus(ActivityStatusCode.Error, e.Message);
                span?.SetTag("error.type", error);
                throw;
            }
            finally
            {
                if (Telemetry.OperationSeconds.Enabled)
                {
                    Telemetry.OperationSeconds.Record(
                        core.Calls.Options.TimeProvider.GetElapsedTime(begin).TotalSeconds,
                        Telemetry.GroupTags("commit", "settle", core.Options.GroupId, error));
                }
            }
        }
        finally
        {
            _turn.Release();
        }
    }

    private async Task CommitInTurnAsync(List<PendingCommit> pending, TimeSpan limit, CancellationToken cancellation)
    {
        TimeProvider time = core.Calls.Options.TimeProvider;
        long begin = time.GetTimestamp();
        var failures = new Dictionary<TopicPartition, LogBrokerException>();
        List<PendingCommit> open = pending;
        for (int attempt = 1; open.Count > 0; attempt++)
        {
            List<PendingCommit> asked = open;
            CommitOffsetsResponse response = await core.Coordinator.AskAsync(
                GroupMethods.CommitOffsets, () => Request(asked), limit - time.GetElapsedTime(begin), cancellation).ConfigureAwait(false);
            List<PendingCommit> again = Take(asked, response, failures);
            TimeSpan wait = core.Calls.Retry.Wait(attempt);
            if (again.Count == 0 || time.GetElapsedTime(begin) + wait >= limit)
            {
                break;
            }

            again.ForEach(p => failures.Remove(p.Held.Id));
            open = again;
            await Task.Delay(wait, time, cancellation).ConfigureAwait(false);
        }

        if (failures.Count > 0)
        {
            throw new CommitFailedException(failures);
        }
    }

    /// <summary>Takes note of what was stored; returns what is worth to be tried again.</summary>
    private List<PendingCommit> Take(
        List<PendingCommit> asked, CommitOffsetsResponse response, Dictionary<TopicPartition, LogBrokerException> failures)
    {
        var again = new List<PendingCommit>();
        for (int i = 0; i < asked.Count; i++)
        {
            PendingCommit commit = asked[i];
            if (i >= response.Offsets.Count)
            {
                failures[commit.Held.Id] = new LogBrokerException(
                    ErrorCode.Internal, $"the broker answered {response.Offsets.Count} of {asked.Count} offsets");
            }
            else if (response.Offsets[i].Error is { Code: not 0 } status)
            {
                LogBrokerException failure = CallErrors.ToException(
                    status, new CallStory(Topic: commit.Held.Id.Topic, Partition: commit.Held.Id.Partition));
                failures[commit.Held.Id] = failure;
                if (CoordinatorCalls.MayRepeat(failure))
                {
                    again.Add(commit);
                }
            }
            else
            {
                core.Holdings.SetCommitted(commit.Held, commit.Offset);
            }
        }

        return again;
    }

    private CommitOffsetsRequest Request(List<PendingCommit> pending)
    {
        var request = new CommitOffsetsRequest
        {
            Group = core.Options.GroupId,
            MemberId = core.Membership?.MemberId ?? string.Empty,
            MemberEpoch = core.Membership?.Epoch ?? 0,
        };
        request.Offsets.Add(pending.Select(static p => new CommittedOffset
        {
            Topic = p.Held.Id.Topic,
            Partition = p.Held.Id.Partition,
            Offset = p.Offset,
            LeaderEpoch = p.LeaderEpoch,
        }));
        return request;
    }
}
