using LogBroker.Protocol;

namespace LogBroker.Raft.Tests;

/// <summary>The rule of majorities against a second implementation, over all small inputs.</summary>
public sealed class QuorumTests
{
    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 2)]
    [InlineData(3, 2)]
    [InlineData(4, 3)]
    [InlineData(5, 3)]
    [InlineData(7, 4)]
    public void AnyTwoMajoritiesMeet(int voters, int majority)
    {
        Assert.Equal(majority, Quorum.Majority(voters));
        Assert.True(2 * Quorum.Majority(voters) > voters);
    }

    [Fact]
    public void R12_ReachedIsTheMajorityThLargestCount()
    {
        const int Values = 4; // none, 0, 1, 2
        for (int voters = 1; voters <= 5; voters++)
        {
            int inputs = (int)Math.Pow(Values, voters);
            for (int input = 0; input < inputs; input++)
            {
                var progress = new List<Progress>();
                var counts = new List<long>();
                for (int v = 0, rest = input; v < voters; v++, rest /= Values)
                {
                    var voter = new Progress(new NodeId(v + 1));
                    if (rest % Values > 0)
                    {
                        voter.Count(new Offset((rest % Values) - 1));
                        counts.Add((rest % Values) - 1);
                    }

                    progress.Add(voter);
                }

                Assert.Equal(BySorting(counts, voters), Quorum.Reached(progress));
            }
        }
    }

    [Fact]
    public void R22_ConfirmedIsTheMajorityThLargestEcho()
    {
        const int Values = 4; // wiped, or rounds 0 to 2
        const long Round = 2;
        for (int voters = 1; voters <= 5; voters++)
        {
            for (int input = 0; input < (int)Math.Pow(Values, voters); input++)
            {
                var progress = new List<Progress>();
                var echoes = new List<long>();
                for (int v = 0, rest = input; v < voters; v++, rest /= Values)
                {
                    var voter = new Progress(new NodeId(v + 1));
                    long seen = Math.Max(0, (rest % Values) - 1);
                    bool isWiped = rest % Values == 0;
                    voter.Heard(new FetchRequest(default, default, default, default, isWiped ? Round : seen, !isWiped, false));
                    progress.Add(voter);
                    echoes.Add(v == voters - 1 ? Round : isWiped ? 0 : seen);
                }

                echoes.Sort((a, b) => b.CompareTo(a));
                Assert.Equal(echoes[voters / 2], Quorum.Confirmed(progress, voters - 1, Round));
            }
        }
    }

    [Fact]
    public void R11_ACountNeverFalls()
    {
        var voter = new Progress(new NodeId(1));
        Assert.Null(voter.Counted);
        voter.Count(new Offset(5));
        voter.Count(new Offset(3));
        Assert.Equal(new Offset(5), voter.Counted);
    }

    private static Offset? BySorting(List<long> counts, int voters)
    {
        int majority = (voters / 2) + 1;
        counts.Sort((a, b) => b.CompareTo(a));
        return counts.Count < majority ? null : new Offset(counts[majority - 1]);
    }
}
