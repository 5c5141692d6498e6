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
}
