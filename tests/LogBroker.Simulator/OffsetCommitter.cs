using System.Globalization;
using LogBroker.Cluster;
using LogBroker.Protocol;
using LogBroker.TestKit;

namespace LogBroker.Simulator;

/// <summary>
/// Commits for a group, each commit with the next number in its text, and asks for what is committed: never less than what was answered
/// before the question, and never what was not begun. One call at a time; one thread.
/// </summary>
internal sealed class OffsetCommitter(Clients clients, string group, TopicPartition partition)
{
    private readonly ClientLink _link = new(clients.Cluster.Nodes.Count);
    private NodeId _to = clients.Any();
    private long _begun;
    private long _answered;
    private bool _isEnding;

    /// <summary>True when the last question after <see cref="End"/> was answered.</summary>
    public bool IsDone { get; private set; }

    /// <summary>Commits that were answered.</summary>
    public long Answered => _answered;

    public string Condition => $"group {group} has {_begun} commits begun, {_answered} answered, and asks node {_to} for the last one";

    public void Begin() => Later();

    /// <summary>From now on it only asks for what is committed.</summary>
    public void End() => _isEnding = true;

    private void Later() => clients.Cluster.Scheduler.After(
        SimScheduler.Ms(clients.Random.Between(1, clients.Swarm.ProduceMsMax)), Round);

    private void Round()
    {
        if (IsDone)
        {
            return;
        }

        if (_isEnding || clients.Random.Next(4) == 0)
        {
            Look();
        }
        else
        {
            Commit();
        }
    }

    private void Commit()
    {
        long number = ++_begun;
        var offset = new OffsetToStore(partition, 0, -1, number.ToString(CultureInfo.InvariantCulture));
        var commit = new OffsetCommit(group, "", 0, [offset]);
        clients.Ask(_link, _to, b => b.Groups.Commit(commit, CancellationToken.None), (end, answer) =>
        {
            BrokerError? error = end != CallEnd.Answered ? null : answer.IsOk ? answer.Value[0] : answer.Error;
            if (end == CallEnd.Answered && error is null)
            {
                _answered = number;
                Later();
            }
            else
            {
                Find(error);
            }
        });
    }

    private void Look()
    {
        long least = _answered;
        clients.Ask(_link, _to, b => b.Groups.FetchCommitted(group, [partition], CancellationToken.None), (end, answer) =>
        {
            if (end != CallEnd.Answered || !answer.IsOk)
            {
                Find(end == CallEnd.Answered ? answer.Error : null);
                return;
            }

            StoredOffset stored = answer.Value[0];
            long found = stored.Offset < 0 ? 0 : long.Parse(stored.Metadata, CultureInfo.InvariantCulture);
            clients.Cluster.Trace.Note("committed", _to.Value, found, least, _begun);
            if (found < least || found > _begun)
            {
                throw new SimViolation(
                    "CommitsAreKept", $"group {group}: node {_to} says {found}, {least} was answered before, {_begun} is begun");
            }

            IsDone = _isEnding;
            Later();
        });
    }

    /// <summary>Goes where an error points to, or asks anybody.</summary>
    private void Find(BrokerError? error)
    {
        if (error?.Metadata.TryGetValue("coordinatorNodeId", out string? text) is true)
        {
            _to = new NodeId(int.Parse(text, CultureInfo.InvariantCulture));
            Later();
            return;
        }

        clients.Ask(_link, clients.Any(), b => b.Groups.FindCoordinator(group, CancellationToken.None), (end, place) =>
        {
            _to = end == CallEnd.Answered && place.IsOk ? place.Value.Node : clients.Any();
            Later();
        });
    }
}
