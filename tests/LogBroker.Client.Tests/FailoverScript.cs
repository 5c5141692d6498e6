namespace LogBroker.Client.Tests;

/// <summary>
/// A script of faults and changes of leaders, drawn from a seed: leaders that hand over, die, hang or lag, answers that are lost, hints
/// that are stale or missing, a controller that is away. Ends with a whole cluster.
/// </summary>
internal sealed class FailoverScript(FakeCluster cluster, int seed)
{
    private static readonly Verdict[] Faults =
        [Verdict.WriteAndCut, Verdict.Refuse, Verdict.WriteAndSayUnknown, Verdict.SayUnknown, Verdict.Cut];

    private readonly Random _random = new(seed);
    private readonly int _partitions = cluster.Node(1).Partitions("t").Count;
    private int _pauses;

    /// <summary>Does something before each step.</summary>
    public async Task RunAsync(Func<Task> step, int steps)
    {
        var faults = new Random(seed + 1);
        foreach (FakeBroker node in cluster.Nodes)
        {
            node.Judge = (_, _) =>
            {
                lock (faults)
                {
                    return faults.Next(8) == 0 ? Faults[faults.Next(Faults.Length)] : Verdict.Serve;
                }
            };
        }

        for (int i = 0; i < steps; i++)
        {
            await step();
            await ChangeAsync();
        }

        cluster.Belief = (_, _) => null;
        cluster.Controller = 1;
        foreach (FakeBroker node in cluster.Nodes)
        {
            node.Resume();
            node.Judge = (_, _) => Verdict.Serve;
        }
    }

    private async Task ChangeAsync()
    {
        int partition = _random.Next(_partitions);
        FakeBroker node = cluster.Node(1 + _random.Next(3));
        switch (_random.Next(8))
        {
            case 0 or 1 or 2:
                cluster.Elect(partition, node.NodeId);
                break;
            case 3 or 4:
                await node.KillAsync();
                LeadElsewhere(node);
                await node.StartAsync();
                break;
            case 5:
                cluster.GivesHints = _random.Next(2) == 0;
                (int, int)[] past = [.. Enumerable.Range(0, _partitions).Select(cluster.Leader)];
                cluster.Belief = (n, p) => n == node.NodeId ? past[p] : null;
                break;
            case 6:
                cluster.Controller = _random.Next(4);
                break;
            case 7 when _pauses++ == 0:
                node.Pause();
                LeadElsewhere(node);
                break;
            default:
                foreach (FakeBroker one in cluster.Nodes)
                {
                    one.Resume();
                }

                break;
        }
    }

    private void LeadElsewhere(FakeBroker node)
    {
        for (int p = 0; p < _partitions; p++)
        {
            if (cluster.Leader(p).Node == node.NodeId)
            {
                cluster.Elect(p, (node.NodeId % 3) + 1);
            }
        }
    }
}
