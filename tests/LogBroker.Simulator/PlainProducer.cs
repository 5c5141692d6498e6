using LogBroker.Cluster;
using LogBroker.Protocol;
using LogBroker.TestKit;

namespace LogBroker.Simulator;

/// <summary>
/// A producer without an identity: every value is new, nothing is sent twice, and what was refused for good must never appear. One
/// thread.
/// </summary>
internal sealed class PlainProducer(Clients clients, Func<TopicPartition?> anyPartition, Func<int, byte[]> newBatch)
{
    private readonly ClientLink _link = new(clients.Cluster.Nodes.Count);
    private readonly Dictionary<TopicPartition, NodeId> _leaders = [];
    private bool _isOver;

    public void Begin() => PlanNext();

    public void End() => _isOver = true;

    private void PlanNext() => clients.Cluster.Scheduler.After(
        SimScheduler.Ms(clients.Random.Between(1, clients.Swarm.ProduceMsMax)), SendOne);

    private void SendOne()
    {
        if (_isOver)
        {
            return;
        }

        PlanNext();
        if (anyPartition() is not { } partition)
        {
            return;
        }

        byte[] batch = newBatch((int)clients.Random.Between(1, 4));
        ulong body = SimShadow.BodyOf(batch);
        NodeId to = _leaders.TryGetValue(partition, out NodeId leader) ? leader : clients.Any();
        clients.Produce(_link, to, partition, batch, (end, outcome) => Ended(partition, body, to, end, outcome));
    }

    private void Ended(TopicPartition partition, ulong body, NodeId to, CallEnd end, ProduceOutcome outcome)
    {
        if (end == CallEnd.Answered && outcome.Error is null)
        {
            _leaders[partition] = to;
            return;
        }

        _leaders[partition] = clients.Next(outcome.Error);
        bool isRefused = end == CallEnd.Answered && outcome.Error?.Code is not ErrorCode.OutcomeUnknown;
        if (isRefused)
        {
            clients.Cluster.Checks.Find(partition)?.Refuse(body);
        }
    }
}
