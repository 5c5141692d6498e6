namespace LogBroker.Cluster.Tests;

/// <summary>What a large group costs its coordinator.</summary>
public sealed class GroupSizeTests
{
    /// <summary>
    /// 100 members join and 1,000 partitions move until all have their share: under 200 ms of CPU for the machine, a tenth of the time
    /// that the group may take over a network.
    /// </summary>
    [Fact]
    public void AThousandPartitionsOverAHundredMembersConverge()
    {
        (TimeSpan elapsed, int events) = Enumerable.Range(0, 6).Select(_ => Converge()).Min(); // the first ones are compiled
        TestContext.Current.TestOutputHelper?.WriteLine($"{elapsed.TotalMilliseconds:0.0} ms for {events} events");
        Assert.True(elapsed < TimeSpan.FromMilliseconds(200), $"{elapsed} for {events} events");
    }

    private static (TimeSpan Elapsed, int Events) Converge()
    {
        var topics = new GroupTopics([GroupScript.Topic("orders", 1_000)]);
        var machine = new GroupMachine("billing", new GroupLimits(), []);
        var effects = new GroupEffects();
        var inbox = new Queue<MemberMessage.Assigned>();
        (long nowMs, int events) = (0, 0);
        TimeSpan start = ThreadCpu.Now;
        for (int member = 0; member < 100; member++, nowMs++)
        {
            Apply(new GroupEvent.MemberJoined(member + 1, $"m{member:000}", 0) { Topics = ["orders"] });
        }

        while (machine.Phase != GroupPhase.Stable)
        {
            if (inbox.TryDequeue(out MemberMessage.Assigned? told))
            {
                Apply(new GroupEvent.HeartbeatReceived(told.Stream, told.MemberId, told.Epoch, told.Number, told.Partitions));
                continue;
            }

            nowMs = Math.Max(nowMs, effects.WakeAtMs ?? nowMs);
            Apply(new GroupEvent.TimePassed());
        }

        TimeSpan taken = ThreadCpu.Now - start;
        Assert.All(machine.DescribeAt(nowMs).Members, m => Assert.Equal(10, m.Held.Sum(t => t.Partitions.Count)));
        Assert.True(nowMs < 2_000, $"{nowMs} ms of waiting");
        return (taken, events);

        void Apply(GroupEvent e)
        {
            effects.Clear();
            machine.Apply(e, nowMs, topics, effects);
            events++;
            foreach (MemberMessage.Assigned told in effects.Send.OfType<MemberMessage.Assigned>())
            {
                inbox.Enqueue(told);
            }
        }
    }
}
