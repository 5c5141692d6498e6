using LogBroker.Client;

namespace LogBroker.Cli;

/// <summary>
/// Puts the words of the nodes together: about a partition its leader's word counts, about a node its own, and who does not answer is said
/// to be silent only when nobody hears it. Pure.
/// </summary>
internal static class ClusterMerge
{
    /// <summary>The cluster by all answers; at least one.</summary>
    public static ClusterView Merge(IReadOnlyList<NodeAnswer> answers, IReadOnlyList<NodeSilence> silences)
    {
        // The cluster that most of them belong to, or the one asked first; those of another one have no say.
        string clusterId = answers.Where(a => a.Nodes.ClusterId.Length > 0).GroupBy(a => a.Nodes.ClusterId)
            .OrderByDescending(g => g.Count()).FirstOrDefault()?.Key ?? "";
        NodeAnswer[] own =
        [
            .. answers.Where(a => a.Nodes.ClusterId.Length == 0 || a.Nodes.ClusterId == clusterId).DistinctBy(a => a.NodeId)
                .OrderBy(a => a.NodeId),
        ];
        NodeAnswer[] members = [.. own.Where(a => a.Nodes.ClusterId == clusterId)];
        PartitionView[] partitions = Partitions(members);
        int controller = Controller(members, partitions);
        NodeView[] nodes = [.. Nodes(own, silences, clusterId, controller, partitions)];
        var addresses = nodes.Select(n => n.Described.Address).ToHashSet(StringComparer.OrdinalIgnoreCase);
        return new ClusterView
        {
            ClusterId = clusterId,
            ControllerNodeId = controller,
            Nodes = nodes,
            Partitions = partitions,
            Strangers = [.. answers.Where(a => a.Nodes.ClusterId.Length > 0 && a.Nodes.ClusterId != clusterId)],
            SilentServers = [.. silences.Where(s => !addresses.Contains(s.Server))],
        };
    }

    /// <summary>The leader of the metadata log by that log's own view; else what most say.</summary>
    private static int Controller(NodeAnswer[] members, PartitionView[] partitions) =>
        Array.Find(partitions, p => p.Topic == ClusterView.MetadataTopic)?.LeaderNodeId
        ?? members.Where(a => a.Nodes.ControllerNodeId != 0).GroupBy(a => a.Nodes.ControllerNodeId)
            .OrderByDescending(g => g.Count()).FirstOrDefault()?.Key ?? 0;

    private static IEnumerable<NodeView> Nodes(
        NodeAnswer[] answers, IReadOnlyList<NodeSilence> silences, string clusterId, int controller, PartitionView[] partitions)
    {
        int[] ids = [.. answers.SelectMany(a => a.Nodes.Nodes.Select(n => n.NodeId).Append(a.NodeId)).Distinct().Order()];
        foreach (int id in ids)
        {
            NodeAnswer? itself = Array.Find(answers, a => a.NodeId == id);
            NodeAnswer[] others = [.. answers.Where(a => a.NodeId != id && Says(a, id) is not null)];
            int[] deaf = [.. others.Where(a => Says(a, id)!.State != NodeState.Heard).Select(a => a.NodeId)];
            bool isHeard = others.Length > deaf.Length;
            NodeDescription described = Described(id, itself, others);

            // A node of several is in the metadata before topics are placed on it.
            bool isRegistered = ids.Length == 1 || described.DirectoryId.Length > 0;
            yield return new NodeView
            {
                NodeId = id,
                Presence = itself is not null ? (deaf.Length == 0 ? NodePresence.Online : NodePresence.Partial)
                    : isHeard ? NodePresence.Unreachable : NodePresence.Silent,
                Described = described with
                {
                    // The controller is the first to know of it.
                    IsDraining = Says(Array.Find(answers, a => a.NodeId == controller), id)?.IsDraining ?? described.IsDraining,
                    Silence = itself is not null || isHeard ? TimeSpan.Zero
                        : others.Select(a => Says(a, id)!.Silence).Where(s => s is not null).Min(),
                },
                Status = itself?.Status,
                Failure = itself is not null ? null
                    : silences.FirstOrDefault(s => s.Server.Equals(described.Address, StringComparison.OrdinalIgnoreCase))?.Reason,
                UnheardBy = deaf,
                IsController = id == controller,
                HasJoined = itself is null || (itself.Nodes.ClusterId == clusterId && isRegistered),
                Leads = partitions.Count(p => p.LeaderNodeId == id),
                Replicas = partitions.Count(p => p.ReplicaNodeIds.Contains(id)),
            };
        }
    }

    private static NodeDescription? Says(NodeAnswer? answer, int id) => answer?.Nodes.Nodes.FirstOrDefault(n => n.NodeId == id);

    /// <summary>A node in its own words, filled up with those of others: it may not have heard of its registration yet.</summary>
    private static NodeDescription Described(int id, NodeAnswer? itself, NodeAnswer[] others)
    {
        NodeDescription[] all = [.. new[] { Says(itself, id) }.Concat(others.Select(a => Says(a, id))).OfType<NodeDescription>()];
        NodeDescription first = all.FirstOrDefault()
            ?? new NodeDescription(id, NodeState.Heard, itself?.Server ?? "", "", "", "", "", false, TimeSpan.Zero);
        return first with
        {
            Address = all.Select(n => n.Address).FirstOrDefault(a => a.Length > 0) ?? "",
            PeerAddress = all.Select(n => n.PeerAddress).FirstOrDefault(a => a.Length > 0) ?? "",
            Rack = all.Select(n => n.Rack).FirstOrDefault(r => r.Length > 0) ?? "",
            Version = all.Select(n => n.Version).FirstOrDefault(v => v.Length > 0) ?? "",
            DirectoryId = all.Select(n => n.DirectoryId).FirstOrDefault(d => d.Length > 0) ?? "",
        };
    }

    private static PartitionView[] Partitions(NodeAnswer[] members) =>
    [
        .. members.SelectMany(a => a.Partitions.Select(p => (Answer: a, Said: p)))
            .GroupBy(s => (s.Said.Topic, s.Said.Partition))
            .OrderBy(g => g.Key.Topic, StringComparer.Ordinal).ThenBy(g => g.Key.Partition)
            .Select(g => Partition(g.Key.Topic, g.Key.Partition, [.. g], members)),
    ];

    private static PartitionView Partition(
        string topic, int partition, (NodeAnswer Answer, ClusterPartition Said)[] sayings, NodeAnswer[] members)
    {
        (NodeAnswer Answer, ClusterPartition Said)[] claims =
            [.. sayings.Where(s => s.Said.LeaderNodeId == s.Answer.NodeId).OrderByDescending(s => s.Said.LeaderEpoch)];
        ClusterPartition newest = sayings.MaxBy(s => s.Said.LeaderEpoch).Said;
        ClusterPartition? leader = claims.Length > 0 ? claims[0].Said : null;
        ClusterPartition? hearsay = leader is null ? Hearsay(sayings, members) : null;
        int[] damaged = [.. sayings.Where(s => s.Said.State == PartitionState.Quarantined).Select(s => s.Answer.NodeId)];
        int leaderId = leader?.LeaderNodeId ?? hearsay?.LeaderNodeId ?? 0;
        string said = leader is not null ? leader.Detail
            : sayings.Select(s => s.Said.Detail).FirstOrDefault(d => d.Length > 0) ?? "";
        return new PartitionView
        {
            Topic = topic,
            Partition = partition,
            LeaderNodeId = leaderId,
            LeaderEpoch = (leader ?? hearsay ?? newest).LeaderEpoch,
            ReplicaNodeIds = (leader ?? newest).ReplicaNodeIds,
            Progress = leader?.Replicas ?? [],
            State = damaged.Length > 0 && (leaderId == 0 || damaged.Contains(leaderId)) ? PartitionState.Quarantined
                : leaderId == 0 ? PartitionState.Leaderless : PartitionState.Online,
            Detail = said.Length > 0 ? said
                : leaderId == 0 && newest.LeaderNodeId != 0 ? $"node {newest.LeaderNodeId} led it and does not answer"
                : hearsay is not null ? $"node {leaderId} does not answer: how far its replicas are is not known" : "",
            QuarantinedOn = damaged,
            Claims = claims.Length > 1 ? [.. claims.Select(c => (c.Answer.NodeId, c.Said.LeaderEpoch))] : [],
        };
    }

    /// <summary>
    /// When no leader says so itself: the newest one that somebody names, provided that it could not be asked and that the one who names it
    /// hears it. A node that was asked and does not say that it leads, does not lead.
    /// </summary>
    private static ClusterPartition? Hearsay((NodeAnswer Answer, ClusterPartition Said)[] sayings, NodeAnswer[] members) => sayings
        .Where(s => s.Said.LeaderNodeId != 0
            && members.All(a => a.NodeId != s.Said.LeaderNodeId)
            && Says(s.Answer, s.Said.LeaderNodeId) is { State: NodeState.Heard })
        .OrderByDescending(s => s.Said.LeaderEpoch)
        .Select(s => s.Said)
        .FirstOrDefault();
}
