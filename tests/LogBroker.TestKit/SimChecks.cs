using LogBroker.Cluster;
using LogBroker.Protocol;
using LogBroker.Raft;
using LogBroker.Storage;

namespace LogBroker.TestKit;

/// <summary>
/// The invariants of the replication specification (section 6), over the insides of all brokers after every step: looks only at what
/// changed. What is broken is thrown as a <see cref="SimViolation"/> with the invariant's name. One thread.
/// </summary>
internal sealed class SimChecks(SimCluster cluster)
{
    private readonly Dictionary<PartitionId, SimPartition> _partitions = [];
    private readonly Dictionary<(NodeId, PartitionId), SimReplica> _replicas = [];
    private readonly HostedTopics?[] _hosted = new HostedTopics?[cluster.Nodes.Count + 1];
    private readonly List<SimReplica>[] _live = [.. Enumerable.Range(0, cluster.Nodes.Count + 1).Select(_ => new List<SimReplica>())];

    public IEnumerable<SimPartition> Partitions => _partitions.Values;

    public SimPartition? Find(TopicPartition name) => _partitions.Values.LastOrDefault(p => p.Name == name);

    public SimReplica? Find(NodeId node, PartitionId partition) => _replicas.GetValueOrDefault((node, partition));

    /// <summary>The voters of a partition as its replicas have them; null when nobody hosts it yet.</summary>
    public IReadOnlyList<NodeId>? VotersOf(PartitionId partition) => _partitions.GetValueOrDefault(partition)?.Voters;

    /// <summary>A step of a node is over.</summary>
    public void Observe(SimNode node, bool isWhole)
    {
        if (node.Broker is not { } broker)
        {
            return;
        }

        HostedTopics hosted = broker.Hosted;
        if (!ReferenceEquals(hosted, _hosted[node.Id.Value]))
        {
            _hosted[node.Id.Value] = hosted;
            Take(node, hosted);
        }

        foreach (SimReplica replica in _live[node.Id.Value])
        {
            if (replica.Observe(isWhole))
            {
                RequireCommittedIsDurable(replica.Partition);
            }
        }
    }

    /// <summary>The node's process is gone; what its disk keeps is seen at its next start.</summary>
    public void Died(SimNode node, bool isInStep)
    {
        _hosted[node.Id.Value] = null;
        foreach (SimReplica replica in _live[node.Id.Value])
        {
            replica.Died(isInStep);
        }

        _live[node.Id.Value].Clear();
    }

    /// <summary>The node lost its disk or what it promised on it: until it is readmitted nothing is demanded of it.</summary>
    public void Excuse(NodeId node)
    {
        foreach (((NodeId at, _), SimReplica replica) in _replicas)
        {
            if (at == node)
            {
                replica.IsExcused = true;
            }
        }
    }

    /// <summary>What is still different between replicas, in one sentence; null when all are at the same end.</summary>
    public string? WhyNotConverged()
    {
        foreach (SimPartition partition in _partitions.Values)
        {
            SimReplica[] replicas = [.. cluster.VotersOf(partition.Id).Select(v => Find(v, partition.Id)).OfType<SimReplica>()];
            SimReplica[] live = [.. replicas.Where(r => r.Live is not null)];
            bool isKnown = cluster.Nodes.Any(n => n.Broker?.Topics.Find(partition.Name.Topic) is not null);
            if (partition.IsDeleted || !isKnown)
            {
                if (live.Length > 0)
                {
                    return $"{partition.Name} was deleted and has {live.Length} replicas";
                }

                continue;
            }

            if (live.Length < cluster.VotersOf(partition.Id).Count)
            {
                return $"{partition.Name} has {live.Length} replicas";
            }

            if (!live.Any(r => r.Live!.Core.Role == RaftRole.Leader && r.Live.View.Serves))
            {
                return $"{partition.Name} has no leader that serves";
            }

            if (live.FirstOrDefault(r => !r.Live!.Core.IsReadmitted) is { } wiped)
            {
                return $"{partition.Name} has a replica without a vote, at {wiped.Position}";
            }

            SimReplica? behind = live.FirstOrDefault(
                r => r.Position != live[0].Position || r.HighWatermark != r.Position.Offset || r.Live!.Log.Damage is not null);
            if (behind is not null)
            {
                string places = string.Join(", ", live.Select(r => $"{r.Position} hw {r.HighWatermark} {r.Live!.Log.Damage}"));
                return $"{partition.Name} is at {places}";
            }
        }

        return null;
    }

    private void Take(SimNode node, HostedTopics hosted)
    {
        List<SimReplica> live = _live[node.Id.Value];
        foreach (SimReplica gone in live.Where(r => !hosted.Replicas.Contains(r.Live)).ToArray())
        {
            gone.Died(isInStep: false);
            gone.Partition.IsDeleted |= !hosted.Topics.Any(t => t.Info.Id == gone.Partition.Id.Topic);
            live.Remove(gone);
        }

        foreach (PartitionReplica replica in hosted.Replicas)
        {
            if (live.Exists(r => r.Live == replica))
            {
                continue;
            }

            if (!_partitions.TryGetValue(replica.Id, out SimPartition? partition))
            {
                bool isDurable = replica.Topic.Config.Durability != TopicDurability.Memory;
                partition = new SimPartition(replica.Id, replica.Name, isDurable, replica.Voters, replica.Topic.Config.IsCompacted);
                _partitions.Add(replica.Id, partition);
            }

            if (!_replicas.TryGetValue((node.Id, replica.Id), out SimReplica? known))
            {
                known = new SimReplica(cluster, node, partition);
                _replicas.Add((node.Id, replica.Id), known);
            }

            known.Started(replica);
            live.Add(known);
            RequireCommittedIsDurable(partition);
        }
    }

    /// <summary>Whatever was committed is durable on a majority; a replica that lost its disk and has no vote yet is excused.</summary>
    private void RequireCommittedIsDurable(SimPartition partition)
    {
        if (!partition.IsDurable || partition.IsDeleted || partition.Committed.Position == LogPosition.Zero)
        {
            return;
        }

        IReadOnlyList<NodeId> voters = cluster.VotersOf(partition.Id);
        int holding = 0;
        foreach (NodeId voter in voters)
        {
            holding += Find(voter, partition.Id) is { } replica && replica.HoldsDurably(partition.Committed) ? 1 : 0;
        }

        if (holding < Quorum.Majority(voters.Count))
        {
            throw new SimViolation(
                "CommittedIsDurable", $"{partition.Name}: {partition.Committed.Position} is durable on {holding} of {voters.Count} only");
        }
    }
}
