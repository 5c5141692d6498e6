using LogBroker.Protocol;

namespace LogBroker.Client;

/// <summary>
/// Brings what is held to what is assigned, one change at a time: what goes is no longer handed out at once, then handled to its end,
/// committed and let go of; what comes is announced and read. What stays is not touched. One for each membership.
/// </summary>
internal sealed class Rebalancer(ConsumerCore core)
{
    /// <summary>The part of the rebalance timeout that finishing records and callbacks may take; the rest is for the commit.</summary>
    private const double ShareOfHandling = 0.75;

    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly Lock _lock = new();
    private (HashSet<TopicPartition> Partitions, Action Acted)? _target;
    private CancellationTokenSource _era = new();

    /// <summary>Fires when everything is to be given back: then the caller is not waited for.</summary>
    private readonly CancellationTokenSource _hurry = new();
    private bool _isClosed;

    /// <summary>The coordinator says what the member may read now.</summary>
    /// <param name="target">All of it.</param>
    /// <param name="acted">Called when what is held is that, unless a later assignment came first.</param>
    public void Assign(HashSet<TopicPartition> target, Action acted)
    {
        CancellationToken era;
        lock (_lock)
        {
            if (_isClosed)
            {
                return;
            }

            _target = (target, acted);
            era = _era.Token;
        }

        // At once; the rest may wait for the caller and for callbacks, which must not hold up the stream.
        core.Holdings.GiveUpAllBut(target);
        _ = Task.Run(() => ApplyAsync(era), CancellationToken.None);
    }

    /// <summary>Others may have everything already. Never fails.</summary>
    public async Task LoseAllAsync()
    {
        CancellationTokenSource old;
        lock (_lock)
        {
            old = _era;
            _era = new CancellationTokenSource();
            _target = null;
        }

        List<HeldPartition> lost = core.Holdings.LoseAll();
        await old.CancelAsync().ConfigureAwait(false);
        await _turn.WaitAsync().ConfigureAwait(false);
        try
        {
            // A change that was under way may have taken something meanwhile.
            lost.AddRange(core.Holdings.LoseAll());
            if (lost.Count > 0)
            {
                Count();
                LogEvents.PartitionsLost(core.Calls.Log, core.Options.GroupId, Names(lost));
                await CallAsync(core.Options.OnLost, lost, core.Stopping).ConfigureAwait(false);
            }
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>
    /// Gives everything back in good order, without waiting for what the caller has in hand: announced, committed, let go of. Nothing is
    /// taken any more after that.
    /// </summary>
    public async Task ReturnAllAsync(CancellationToken cancellation)
    {
        lock (_lock)
        {
            _isClosed = true;
            _target = null;
        }

        await _hurry.CancelAsync().ConfigureAwait(false);
        await _turn.WaitAsync(CancellationToken.None).ConfigureAwait(false);
        try
        {
            List<HeldPartition> all = core.Holdings.GiveUpAllBut(new HashSet<TopicPartition>());
            if (all.Count > 0)
            {
                await CallAsync(core.Options.OnRevoking, all, cancellation).ConfigureAwait(false);
            }

            await core.Committer.CommitProvenAsync(all, core.Options.RebalanceTimeout, cancellation).ConfigureAwait(false);
            core.Holdings.Release(all);
        }
        finally
        {
            _turn.Release();
        }
    }

    private async Task ApplyAsync(CancellationToken era)
    {
        try
        {
            await _turn.WaitAsync(era).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            return;
        }

        try
        {
            await ApplyInTurnAsync(era).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // The membership was lost or ended; whoever ended it takes care of what is held.
        }
        catch (Exception e)
        {
            core.Fail(e, endsMembership: false);
        }
        finally
        {
            _turn.Release();
        }
    }

    private async Task ApplyInTurnAsync(CancellationToken era)
    {
        (HashSet<TopicPartition> Partitions, Action Acted)? newest;
        lock (_lock)
        {
            // A later assignment than the one that asked for this turn holds; an earlier one has been applied with it.
            newest = _target;
            _target = null;
        }

        if (newest is not { Partitions: var target } || era.IsCancellationRequested)
        {
            return;
        }

        List<HeldPartition> revoked = core.Holdings.GiveUpAllBut(target);
        if (revoked.Count > 0)
        {
            await RevokeAsync(revoked, era).ConfigureAwait(false);
            core.Holdings.Release(revoked);
        }

        List<HeldPartition> added = core.Holdings.Take(target);
        newest.Value.Acted();
        if (revoked.Count + added.Count > 0)
        {
            Count();
            LogEvents.PartitionsAssigned(core.Calls.Log, core.Options.GroupId, Names(added), Names(revoked));
        }

        if (added.Count > 0)
        {
            await CallAsync(core.Options.OnAssigned, added, era).ConfigureAwait(false);
            core.Preparation.Begin(added, era);
        }
    }

    private async Task RevokeAsync(List<HeldPartition> revoked, CancellationToken era)
    {
        TimeSpan limit = core.Options.RebalanceTimeout * ShareOfHandling;
        long begin = core.Calls.Options.TimeProvider.GetTimestamp();
        using var slow = new CancellationTokenSource(limit, core.Calls.Options.TimeProvider);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(era, slow.Token, _hurry.Token);
        try
        {
            await core.Holdings.HandFreedAsync(revoked, either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!era.IsCancellationRequested)
        {
            // The caller still works at a record, which somebody else will then see again.
        }

        await CallAsync(core.Options.OnRevoking, revoked, either.Token).ConfigureAwait(false);
        era.ThrowIfCancellationRequested();
        TimeSpan left = core.Options.RebalanceTimeout - core.Calls.Options.TimeProvider.GetElapsedTime(begin);
        await core.Committer.CommitProvenAsync(revoked, left, era).ConfigureAwait(false);
    }

    /// <summary>What a callback throws is told at the next ask for records.</summary>
    private async Task CallAsync(RebalanceCallback? callback, List<HeldPartition> partitions, CancellationToken cancellation)
    {
        if (callback is null)
        {
            return;
        }

        try
        {
            TopicPartition[] ids =
            [
                .. partitions.Select(static h => h.Id).OrderBy(static p => p.Topic, StringComparer.Ordinal)
                    .ThenBy(static p => p.Partition),
            ];
            await callback(core.Owner, ids, cancellation).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // It was told to end.
        }
        catch (Exception e)
        {
            core.Fail(e, endsMembership: false);
        }
    }

    private void Count()
    {
        if (Telemetry.Rebalances.Enabled)
        {
            Telemetry.Rebalances.Add(1, Telemetry.GroupTags("rebalance", "receive", core.Options.GroupId));
        }
    }

    private static string Names(List<HeldPartition> partitions) =>
        partitions.Count == 0 ? "none" : string.Join(", ", partitions.Select(static h => h.Id.ToString()).Order(StringComparer.Ordinal));
}
