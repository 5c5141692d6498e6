using LogBroker.Protocol;

namespace LogBroker.Raft;

/// <summary>The arithmetic of majorities. Pure and thread-safe.</summary>
public static class Quorum
{
    /// <summary>The smallest number of <paramref name="voters"/> of which any two such sets meet: n/2 + 1.</summary>
    public static int Majority(int voters)
    {
        Invariant.Require(voters > 0);
        return (voters / 2) + 1;
    }

    /// <summary>
    /// The offset that a majority of voters has reached, or null while fewer than a majority are counted at all: the majority-th
    /// largest count (R12). Quadratic, for the handful of voters a partition has; allocates nothing.
    /// </summary>
    public static Offset? Reached(IReadOnlyList<Progress> voters)
    {
        int majority = Majority(voters.Count);
        Offset? reached = null;
        for (int i = 0; i < voters.Count; i++)
        {
            if (voters[i].Counted is not { } candidate || candidate < (reached ?? candidate))
            {
                continue;
            }

            int having = 0;
            for (int j = 0; j < voters.Count; j++)
            {
                if (voters[j].Counted is { } counted && counted >= candidate)
                {
                    having++;
                }
            }

            if (having >= majority)
            {
                reached = candidate;
            }
        }

        return reached;
    }

    /// <summary>
    /// The greatest round that a majority has echoed, the leader among them, which counts as having echoed <paramref name="round"/>
    /// (R22). A wiped voter proves nothing by its echo: what its lost disk voted for is not known (R24).
    /// </summary>
    public static long Confirmed(IReadOnlyList<Progress> voters, int self, long round)
    {
        int majority = Majority(voters.Count);
        long confirmed = 0;
        for (int i = 0; i < voters.Count; i++)
        {
            long candidate = EchoOf(i);
            int having = 0;
            for (int j = 0; j < voters.Count; j++)
            {
                having += EchoOf(j) >= candidate ? 1 : 0;
            }

            confirmed = having >= majority ? Math.Max(confirmed, candidate) : confirmed;
        }

        return confirmed;

        long EchoOf(int i) => i == self ? round : voters[i].IsReadmitted ? voters[i].EchoedRound : 0;
    }
}
