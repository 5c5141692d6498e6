using LogBroker.Protocol;

namespace LogBroker.Cluster;

/// <content>Why it is as it is.</content>
public sealed partial class GroupMachine
{
    /// <summary>Since when somebody is not at his target, as far as this coordinator knows.</summary>
    private long _unsettledSinceMs;

    private bool _isUnsettled;

    /// <summary>The group as of now; <paramref name="nowMs"/> is of the clock of <see cref="Apply"/>.</summary>
    public GroupDescription DescribeAt(long nowMs)
    {
        (string waitingFor, long sinceMs) = WaitingFor(nowMs);
        return new GroupDescription(
            _group,
            Phase,
            _epoch,
            _targetEpoch,
            AssignorInUse(),
            [.. _members.Values.Select(m => Describe(m, nowMs))],
            waitingFor,
            waitingFor.Length == 0 ? 0 : Math.Max(nowMs - sinceMs, 0),
            Rebalances);
    }

    private GroupMemberDescription Describe(GroupMember member, long nowMs) => new(
        member.Id,
        member.Facts,
        member.Epoch,
        member.PreviousEpoch,
        member.State,
        Named(member.Assigned.Union(member.Pending)),
        Named(member.Target),
        Named(member.Pending),
        member.Stream != 0,
        _isStarted ? Math.Max(nowMs - member.HeardMs, 0) : 0);

    /// <summary>One sentence, about the one who is waited for the longest: who cannot be told, then who does not let go.</summary>
    private (string Sentence, long SinceMs) WaitingFor(long nowMs)
    {
        if (Phase is GroupPhase.Empty or GroupPhase.Stable)
        {
            return ("", nowMs);
        }

        if (_epoch > _targetEpoch)
        {
            return ($"the target of epoch {_epoch} is computed in {Math.Max(_assignNotBeforeMs - nowMs, 0)} ms", _unsettledSinceMs);
        }

        GroupMember? blocker = _members.Values.Where(m => m.Pending.Count > 0).MinBy(m => m.RevokingSinceMs)
            ?? _members.Values.Where(m => !IsAtTarget(m) && m.Stream == 0).MinBy(m => m.HeardMs);
        if (blocker is null)
        {
            return ("members are told of their partitions", _unsettledSinceMs);
        }

        string ends = $"its session ends in {Math.Max(blocker.HeardMs + blocker.Facts.SessionTimeoutMs - nowMs, 0)} ms";
        if (blocker.Stream == 0)
        {
            string held = blocker.Assigned.Count + blocker.Pending.Count == 0
                ? ""
                : $" with {ShowPartitions(blocker.Assigned.Union(blocker.Pending))}";
            return blocker.IsAway
                ? ($"member {Show(blocker)} to come back: it left for a while{held}; {ends}", blocker.HeardMs)
                : ($"member {Show(blocker)} to come back: it has no connection{held}; {ends}", blocker.HeardMs);
        }

        long leftMs = Math.Max(blocker.RevokingSinceMs + blocker.Facts.RebalanceTimeoutMs - nowMs, 0);
        return (
            $"member {Show(blocker)} at {ShownValue.Of(blocker.Facts.Host)} to let go of {ShowPartitions(blocker.Pending)}; "
            + $"it is fenced in {leftMs} ms",
            blocker.RevokingSinceMs);
    }

    private void NoteWhetherSettled()
    {
        bool isUnsettled = Phase is GroupPhase.Assigning or GroupPhase.Reconciling;
        _unsettledSinceMs = isUnsettled && !_isUnsettled ? _nowMs : _unsettledSinceMs;
        _isUnsettled = isUnsettled;
    }
}
