using LogBroker.Protocol;
using LogBroker.TestKit;

namespace LogBroker.Cluster.Tests;

/// <summary>Who gets what: balance, stickiness, racks, ranges, and the price.</summary>
public sealed class GroupAssignorTests
{
    [Fact]
    public void EqualSubscriptionsDifferByAtMostOne()
    {
        var random = new SimRandom(1);
        for (int round = 0; round < 300; round++)
        {
            (GroupAssignorInput input, _) = Equal(random, membersMax: 12);
            GroupPartitionSet[] assigned = GroupAssignors.Assign(GroupAssignors.Uniform, input);
            RequireComplete(input, assigned);
            Assert.True(assigned.Max(a => a.Count) - assigned.Min(a => a.Count) <= 1, $"round {round}: {Loads(assigned)}");
        }
    }

    [Fact]
    public void AJoinMovesAtMostAShareAndOnlyToTheOneWhoJoins()
    {
        var random = new SimRandom(2);
        for (int round = 0; round < 300; round++)
        {
            (GroupAssignorInput input, int partitions) = Equal(random, membersMax: 12);
            GroupPartitionSet[] before = GroupAssignors.Assign(GroupAssignors.Uniform, input);
            GroupAssignorInput more = With(input, [.. before, GroupPartitionSet.Empty], RackOf(random));
            GroupPartitionSet[] after = GroupAssignors.Assign(GroupAssignors.Uniform, more);
            RequireComplete(more, after);
            int share = (partitions + after.Length - 1) / after.Length;
            Assert.True(after[^1].Count <= share, $"round {round}: {Loads(before)} -> {Loads(after)}");
            Assert.All(before.Zip(after), p => Assert.True(p.Second.IsSubsetOf(p.First)));
            Assert.True(after.Max(a => a.Count) - after.Min(a => a.Count) <= 1, $"round {round}: {Loads(after)}");
        }
    }

    [Fact]
    public void ALeaveMovesOnlyThePartitionsOfTheOneWhoLeaves()
    {
        var random = new SimRandom(3);
        for (int round = 0; round < 300; round++)
        {
            (GroupAssignorInput input, _) = Equal(random, membersMax: 12);
            if (input.Members.Count == 1)
            {
                continue;
            }

            GroupPartitionSet[] before = GroupAssignors.Assign(GroupAssignors.Uniform, input);
            int leaver = random.Next(before.Length);
            GroupAssignorMember[] rest =
                [.. input.Members.Select((m, i) => m with { Previous = before[i] }).Where((_, i) => i != leaver)];
            GroupAssignorInput less = input with { Members = rest };
            GroupPartitionSet[] after = GroupAssignors.Assign(GroupAssignors.Uniform, less);
            RequireComplete(less, after);
            for (int i = 0; i < after.Length; i++)
            {
                Assert.True(less.Members[i].Previous.IsSubsetOf(after[i]));
            }

            Assert.True(after.Max(a => a.Count) - after.Min(a => a.Count) <= 1, $"round {round}: {Loads(after)}");
        }
    }

    [Fact]
    public void TheSameAgainMovesNothing()
    {
        var random = new SimRandom(4);
        for (int round = 0; round < 300; round++)
        {
            GroupAssignorInput input = round % 2 == 0 ? Equal(random, 12).Input : Mixed(random);
            GroupPartitionSet[] once = GroupAssignors.Assign(GroupAssignors.Uniform, input);
            GroupPartitionSet[] twice = GroupAssignors.Assign(GroupAssignors.Uniform, With(input, once));
            Assert.Equal(once, twice);
        }
    }

    [Fact]
    public void WithDifferentSubscriptionsNoMoveMakesItMoreEven()
    {
        var random = new SimRandom(5);
        for (int round = 0; round < 300; round++)
        {
            GroupAssignorInput input = Mixed(random);
            GroupPartitionSet[] assigned = GroupAssignors.Assign(GroupAssignors.Uniform, input);
            RequireComplete(input, assigned);
            for (int from = 0; from < assigned.Length; from++)
            {
                HashSet<TopicId> held = [.. assigned[from].Select(p => p.Topic)];
                for (int to = 0; to < assigned.Length; to++)
                {
                    bool canTake = input.Classes[input.Members[to].Class].Any(t => held.Contains(input.Topics[t].Id));
                    Assert.False(canTake && assigned[to].Count < assigned[from].Count - 1, $"round {round}: {Loads(assigned)}");
                }
            }
        }
    }

    [Fact]
    public void PartitionsGoToTheRackOfAReplica()
    {
        string[][] racks = [["a"], ["b"], ["c"], ["a"], ["b"], ["c"], ["a"], ["b"], ["c"]];
        GroupAssignorInput input = Input([GroupScript.Topic("orders", 9, racks)], ["c", "a", "b"]);
        GroupPartitionSet[] assigned = GroupAssignors.Assign(GroupAssignors.Uniform, input);
        Assert.Equal(["2 5 8", "0 3 6", "1 4 7"], assigned.Select(a => string.Join(' ', a.Select(p => p.Index))));
    }

    [Fact]
    public void BalanceGoesBeforeRacks()
    {
        string[][] racks = [["a"], ["a"], ["a"], ["a"]];
        GroupAssignorInput input = Input([GroupScript.Topic("orders", 4, racks)], ["a", "b"]);
        Assert.Equal([2, 2], GroupAssignors.Assign(GroupAssignors.Uniform, input).Select(a => a.Count));
    }

    [Fact]
    public void WhatIsFarGoesFirstWhenAnotherRackJoins()
    {
        string[][] racks = [["b"], ["a"], ["b"], ["a"]];
        GroupAssignorInput input = Input([GroupScript.Topic("orders", 4, racks)], ["a"]);
        GroupPartitionSet[] before = GroupAssignors.Assign(GroupAssignors.Uniform, input);
        GroupPartitionSet[] after = GroupAssignors.Assign(GroupAssignors.Uniform, With(input, [before[0], GroupPartitionSet.Empty], "b"));
        Assert.Equal([1, 3], after[0].Select(p => p.Index));
        Assert.Equal([0, 2], after[1].Select(p => p.Index));
    }

    [Fact]
    public void TopicsTakeTurns()
    {
        GroupAssignorInput input = Input([GroupScript.Topic("a", 2), GroupScript.Topic("b", 2), GroupScript.Topic("c", 2)], ["", ""]);
        GroupPartitionSet[] assigned = GroupAssignors.Assign(GroupAssignors.Uniform, input);
        Assert.All(assigned, a => Assert.Equal(3, a.Count));
        Assert.All(assigned, a => Assert.InRange(a.Select(p => p.Topic).Distinct().Count(), 2, 3));
    }

    [Fact]
    public void RangesOfTopicsWithAsManyPartitionsMeet()
    {
        GroupAssignorInput input = Input([GroupScript.Topic("a", 7), GroupScript.Topic("b", 7)], ["", "", ""]);
        GroupPartitionSet[] assigned = GroupAssignors.Assign(GroupAssignors.Range, input);
        RequireComplete(input, assigned);
        int[][] expected = [[0, 1, 2], [3, 4], [5, 6]];
        for (int member = 0; member < 3; member++)
        {
            Assert.All(assigned[member].ByTopic(), t => Assert.Equal(expected[member], t.Partitions));
        }
    }

    [Fact]
    public void TheAssignorIsWhatMostOfThoseWhoNameOneWishFor()
    {
        var script = new GroupScript(GroupScript.Topic("orders", 4));
        script.Join("a");
        Assert.Equal("uniform", script.Machine.DescribeAt(0).Assignor);
        script.Join("b", j => j with { Assignor = "range" });
        Assert.Equal("range", script.Machine.DescribeAt(0).Assignor);
        script.Settle();
        Assert.Equal(("orders/0,1", "orders/2,3"), (script.HeldBy("a"), script.HeldBy("b")));
        script.Join("c", j => j with { Assignor = "uniform" });
        Assert.Equal("uniform", script.Machine.DescribeAt(0).Assignor);
    }

    /// <summary>1,000 partitions over 100 members; the least of ten, of which the first ones are compiled.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void AThousandPartitionsOverAHundredMembersCostLittle(bool hasRacks)
    {
        string[] racks = ["a", "b", "c"];
        GroupTopic topic = GroupScript.Topic(
            "orders", 1_000, hasRacks ? [.. Enumerable.Range(0, 1_000).Select(i => new[] { racks[i % 3], racks[(i + 1) % 3] })] : []);
        GroupAssignorInput input = Input([topic], [.. Enumerable.Range(0, 100).Select(i => hasRacks ? racks[i % 3] : "")]);
        TimeSpan least = TimeSpan.MaxValue;
        for (int round = 0; round < 10; round++)
        {
            TimeSpan start = ThreadCpu.Now;
            GroupPartitionSet[] assigned = GroupAssignors.Assign(GroupAssignors.Uniform, input);
            TimeSpan taken = ThreadCpu.Now - start;
            least = taken < least ? taken : least;
            Assert.All(assigned, a => Assert.Equal(10, a.Count));
        }

        TestContext.Current.TestOutputHelper?.WriteLine($"{least.TotalMilliseconds:0.00} ms");
        Assert.True(least < TimeSpan.FromMilliseconds(200), $"{least}");
    }

    private static (GroupAssignorInput Input, int Partitions) Equal(SimRandom random, int membersMax)
    {
        bool hasRacks = random.Chance(0.5);
        GroupTopic[] topics = [.. Enumerable.Range(0, random.Next(1, 5)).Select(t => RandomTopic(random, t, hasRacks))];
        string[] racks = [.. Enumerable.Range(0, random.Next(1, membersMax + 1)).Select(_ => hasRacks ? RackOf(random) : "")];
        return (Input(topics, racks), topics.Sum(t => t.PartitionCount));
    }

    private static GroupAssignorInput Mixed(SimRandom random)
    {
        bool hasRacks = random.Chance(0.5);
        GroupTopic[] topics = [.. Enumerable.Range(0, 4).Select(t => RandomTopic(random, t, hasRacks))];
        int[][] classes = [.. Enumerable.Range(0, 3).Select(_ => Enumerable.Range(0, 4).Where(_ => random.Chance(0.6)).ToArray())];
        var members = new List<GroupAssignorMember>();
        for (int i = random.Next(1, 9); i > 0; i--)
        {
            members.Add(new GroupAssignorMember($"m{i}", hasRacks ? RackOf(random) : "", random.Next(3), RandomSet(random, topics)));
        }

        return new GroupAssignorInput(topics, classes, members);
    }

    private static GroupTopic RandomTopic(SimRandom random, int number, bool hasRacks)
    {
        int partitions = random.Next(0, 20);
        return GroupScript.Topic(
            $"t{number}",
            partitions,
            hasRacks ? [.. Enumerable.Range(0, partitions).Select(_ => new[] { RackOf(random), RackOf(random) })] : []);
    }

    private static GroupPartitionSet RandomSet(SimRandom random, GroupTopic[] topics) => GroupPartitionSet.Of(
        Enumerable.Range(0, random.Next(0, 10)).Select(_ => new PartitionId(random.Pick(topics).Id, random.Next(25))));

    private static string RackOf(SimRandom random) => random.Pick(["a", "b", "c"]);

    private static GroupAssignorInput Input(GroupTopic[] topics, string[] racks) => new(
        topics,
        [[.. Enumerable.Range(0, topics.Length)]],
        [.. racks.Select((rack, i) => new GroupAssignorMember($"m{i:000}", rack, 0, GroupPartitionSet.Empty))]);

    private static GroupAssignorInput With(GroupAssignorInput input, GroupPartitionSet[] previous, string rackOfNew = "") => input with
    {
        Members = [.. previous.Select((p, i) => i < input.Members.Count
            ? input.Members[i] with { Previous = p }
            : new GroupAssignorMember($"m{i:000}", rackOfNew, 0, p))],
    };

    /// <summary>Every partition that somebody subscribes to has one owner, who subscribes to it.</summary>
    private static void RequireComplete(GroupAssignorInput input, GroupPartitionSet[] assigned)
    {
        Assert.Equal(assigned.Sum(a => a.Count), assigned.SelectMany(a => a).Distinct().Count());
        var expected = new HashSet<PartitionId>();
        for (int member = 0; member < assigned.Length; member++)
        {
            PartitionId[] mine = [.. input.Classes[input.Members[member].Class].SelectMany(t =>
                Enumerable.Range(0, input.Topics[t].PartitionCount).Select(p => new PartitionId(input.Topics[t].Id, p)))];
            Assert.True(assigned[member].ToHashSet().IsSubsetOf(mine));
            expected.UnionWith(mine);
        }

        Assert.Equal(expected.Count, assigned.Sum(a => a.Count));
    }

    private static string Loads(GroupPartitionSet[] assigned) => string.Join(' ', assigned.Select(a => a.Count));
}
