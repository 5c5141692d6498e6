using LogBroker.Protocol;

namespace LogBroker.Cluster;

/// <summary>
/// Chooses who holds new partitions: leaders and replicas spread evenly over the nodes, replicas over racks where racks are given.
/// Pure: the same state and request give the same answer.
/// </summary>
internal static class Placement
{
    /// <summary>
    /// Voters of <paramref name="count"/> new partitions, the preferred leader first. Nodes that drain lead only when there is no other;
    /// nodes that are not heard take replicas only when there are not enough others.
    /// </summary>
    /// <param name="state">Nodes and topics as committed.</param>
    /// <param name="isHeard">Whether a node is heard at this moment.</param>
    /// <param name="count">New partitions.</param>
    /// <param name="replicas">Replicas of each; at most the nodes that registered.</param>
    public static IReadOnlyList<PartitionPlacement> Choose(MetadataState state, Func<NodeId, bool> isHeard, int count, int replicas)
    {
        Invariant.Require(replicas > 0 && replicas <= state.Nodes.Count);
        Seat[] seats = [.. state.Nodes.Select(n => new Seat(n, isHeard(n.Node), state.Draining.Contains(n.Node)))];
        foreach (PartitionPlacement placed in state.Catalog.Topics.SelectMany(t => t.Placements))
        {
            for (int i = 0; i < placed.Voters.Count; i++)
            {
                if (Array.Find(seats, s => s.Node.Node == placed.Voters[i].Node) is { } seat)
                {
                    seat.Replicas++;
                    seat.Leaders += i == 0 ? 1 : 0;
                    seat.Seconds += i == 1 ? 1 : 0;
                }
            }
        }

        var placements = new PartitionPlacement[count];
        for (int i = 0; i < count; i++)
        {
            placements[i] = ChooseOne(seats, replicas);
        }

        return placements;
    }

    private static PartitionPlacement ChooseOne(Seat[] seats, int replicas)
    {
        var chosen = new List<Seat>(replicas);
        Seat leader = seats.OrderBy(s => s.IsHeard ? 0 : 1).ThenBy(s => s.IsDraining ? 1 : 0)
            .ThenBy(s => s.Leaders).ThenBy(s => s.Replicas).ThenBy(s => s.Node.Node.Value).First();
        leader.Leaders++;
        chosen.Add(leader);
        while (chosen.Count < replicas)
        {
            // The second in line leads when the first dies: these are spread too.
            bool isSecond = chosen.Count == 1;
            chosen.Add(seats.Except(chosen)
                .OrderBy(s => s.IsHeard ? 0 : 1)
                .ThenBy(s => chosen.Count(c => c.Node.Rack == s.Node.Rack && s.Node.Rack.Length > 0))
                .ThenBy(s => isSecond ? s.Seconds : 0)
                .ThenBy(s => s.Replicas).ThenBy(s => s.Leaders).ThenBy(s => s.Node.Node.Value).First());
        }

        if (chosen.Count > 1)
        {
            chosen[1].Seconds++;
        }

        foreach (Seat seat in chosen)
        {
            seat.Replicas++;
        }

        return new PartitionPlacement([.. chosen.Select(c => new FormedVoter(c.Node.Node, c.Node.Directory))]);
    }

    private sealed class Seat(NodeRecord node, bool isHeard, bool isDraining)
    {
        public NodeRecord Node => node;

        public bool IsHeard => isHeard;

        public bool IsDraining => isDraining;

        public int Leaders { get; set; }

        public int Seconds { get; set; }

        public int Replicas { get; set; }
    }
}
