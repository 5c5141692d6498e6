namespace LogBroker.Cluster.Tests;

/// <summary>
/// Random lives of groups: one owner per partition at any time over what members believe, no commit of an old epoch or by somebody
/// else, the same machine again from its records after every step, and all at their target when nothing fails any more.
/// </summary>
public sealed class GroupWalkTests
{
    [Theory]
    [InlineData(1, 100)]
    [InlineData(10_000, 100)]
    public void TheInvariantsHoldAtEveryStep(int firstSeed, int seeds)
    {
        int commits = 0, refusals = 0, failovers = 0, fences = 0, moves = 0;
        for (int seed = firstSeed; seed < firstSeed + seeds; seed++)
        {
            GroupWalk walk = Live((ulong)seed);
            commits += walk.Commits;
            refusals += walk.Refusals;
            failovers += walk.Failovers;
            fences += walk.Fences;
            moves += walk.Moves;
        }

        string what = $"{commits} commits, {refusals} refusals, {failovers} failovers, {fences} fences, {moves} changes of members";
        TestContext.Current.TestOutputHelper?.WriteLine(what);
        Assert.True(commits > seeds && refusals > seeds && failovers > seeds && fences > 0 && moves > 10 * seeds, what);
    }

    private static GroupWalk Live(ulong seed)
    {
        int step = 0;
        try
        {
            var walk = new GroupWalk(seed);
            for (; step < 600; step++)
            {
                walk.Step();
            }

            walk.Calm();
            RequireBalance(walk);
            return walk;
        }
        catch (Exception e)
        {
            throw new InvalidOperationException($"seed {seed}, step {step}: {e.Message}", e);
        }
    }

    private static void RequireBalance(GroupWalk walk)
    {
        int[] loads = [.. walk.Machine.DescribeAt(0).Members.Select(m => m.Held.Sum(t => t.Partitions.Count))];
        if (walk.AreEqual && loads.Length > 0)
        {
            Assert.True(loads.Max() - loads.Min() <= 1, $"uneven: {string.Join(' ', loads)}");
        }
    }
}
