namespace LogBroker.Raft.Tests;

/// <summary>Commands that stand for several steps.</summary>
internal sealed partial class Verbs
{
    private static bool Fits(Packet packet, string[] pattern) =>
        pattern[0] == $"{Replica.NameOf(packet.From.Node)}>{Replica.NameOf(packet.To)}"
        && (pattern.Length == 1 || pattern[1] == Rendering.KindOf(packet.Message));

    private Packet Find(string[] pattern) =>
        It.Network.Find(p => Fits(p, pattern)) ?? throw new InvalidOperationException("no such packet");

    /// <summary>The replica hears no leader until it asks for votes; those named hear none either, and answer.</summary>
    private void TimeOut(Replica replica, List<Replica> with)
    {
        foreach (Replica voter in with.Where(v => !v.Core.IsLeader))
        {
            voter.Core.Tick(new RaftTick(false, 1));
            It.Settle(voter);
        }

        for (int i = 0; i < StepsMax && !It.Network.Exists(p => IsAsking(p, replica)) && !replica.Core.IsLeader; i++)
        {
            replica.Core.Tick(new RaftTick(false, 1));
            It.Settle(replica);
        }

        foreach (Replica voter in with)
        {
            It.Deliver(Find([$"{replica.Name}>{voter.Name}", "ask"]));
            It.Deliver(It.Network.FindLast(p => Fits(p, [$"{voter.Name}>{replica.Name}", "reply"]))!);
        }

        It.Network.RemoveAll(p => IsAsking(p, replica));
    }

    /// <summary>The replica times out and is elected by those named; nobody else hears of it.</summary>
    private void Elect(Replica replica, List<Replica> with)
    {
        TimeOut(replica, with);
        foreach (Replica voter in with)
        {
            It.Deliver(Find([$"{replica.Name}>{voter.Name}", "vote"]));
            It.Deliver(It.Network.FindLast(p => Fits(p, [$"{voter.Name}>{replica.Name}", "reply"]))!);
        }

        It.Network.RemoveAll(p => p.From.Node == replica.Id && p.Message is VoteRequest);
        Assert.True(replica.Core.IsLeader, $"{replica.Name} was not elected");
    }

    /// <summary>
    /// The replica takes so many items from a leader; 0 for one exchange without items. What was on the way between the two is lost,
    /// but for the fetch that it sends last.
    /// </summary>
    private void FetchFrom(Replica replica, Replica leader, int items)
    {
        It.Network.RemoveAll(p => Fits(p, [$"{replica.Name}>{leader.Name}"]));
        It.Network.RemoveAll(p => Fits(p, [$"{leader.Name}>{replica.Name}"]));
        bool isKnown = replica.Core.Leader == leader.Id;
        replica.Core.LeaderHeard(leader.Id, leader.Core.Epoch);
        if (isKnown)
        {
            replica.Core.Refresh();
        }

        It.Settle(replica);
        int taken = 0;
        int perAnswer = It.ItemsPerAnswer;
        It.ItemsPerAnswer = items == 0 ? 0 : perAnswer;
        for (int i = 0; i < StepsMax; i++)
        {
            It.Deliver(Find([$"{replica.Name}>{leader.Name}", "fetch"]));
            while (It.Network.Find(p => Fits(p, [$"{leader.Name}>{replica.Name}", "result"])) is { } result)
            {
                int before = replica.Log.Items.Count;
                It.Deliver(result);
                taken += Math.Max(0, replica.Log.Items.Count - before);
                if (items > 0 && taken >= items)
                {
                    return;
                }
            }

            if (items == 0)
            {
                It.ItemsPerAnswer = perAnswer;
                return;
            }
        }

        Assert.Fail($"{replica.Name} took {taken} items only");
    }

    private void DeliverAll()
    {
        for (int i = 0; It.Network.Count > 0; i++)
        {
            Assert.True(i < StepsMax, "the network does not become silent");
            It.Deliver(It.Network[0]);
        }
    }

    /// <summary>Everything arrives and is flushed, until nothing happens any more.</summary>
    private void Stabilize()
    {
        for (int i = 0; i < StepsMax; i++)
        {
            DeliverAll();
            foreach (Replica replica in It.Replicas.Where(r => r.IsUp && r.Core.Durable != r.Core.AppendedPosition))
            {
                replica.Flush();
                It.Settle(replica);
            }

            if (It.Network.Count == 0)
            {
                return;
            }
        }
    }

    private static bool IsAsking(Packet packet, Replica replica) =>
        packet.From.Node == replica.Id && packet.Message is VoteRequest { IsPreVote: true };
}
