using LogBroker.Protocol;
using LogBroker.TestKit;

namespace LogBroker.Simulator.Tests;

/// <summary>The parts of the simulation do what they say.</summary>
public sealed class PartsTests
{
    [Fact]
    public void EventsRunInTheOrderOfTheirMomentsAndThenOfTheirPlanning()
    {
        var scheduler = new SimScheduler();
        var order = new List<string>();
        scheduler.After(20, () => order.Add("c"));
        scheduler.After(10, () => order.Add("a"));
        scheduler.After(10, () => order.Add("b"));
        SimEvent cancelled = scheduler.After(15, () => order.Add("never"));
        cancelled.Cancel();
        while (scheduler.StepUntil(30))
        {
        }

        Assert.Equal(["a", "b", "c"], order);
        Assert.Equal(30, scheduler.NowTicks);
        Assert.Equal(3, scheduler.Steps);
    }

    [Fact]
    public void TimersOfAPausedProcessFireOnceWhenItWakesUp()
    {
        var scheduler = new SimScheduler();
        var process = new SimProcess(scheduler, () => 0);
        int fired = 0;
        using ITimer timer = process.Time.CreateTimer(_ => fired++, null, TimeSpan.FromMilliseconds(10), TimeSpan.FromMilliseconds(10));
        RunFor(scheduler, 35);
        Assert.Equal(3, fired);
        process.Pause();
        RunFor(scheduler, 100);
        Assert.Equal(3, fired);
        process.Resume();
        RunFor(scheduler, 5);
        Assert.Equal(4, fired);
        process.Die();
        RunFor(scheduler, 100);
        Assert.Equal(4, fired);
    }

    [Fact]
    public void TheWallClockJumpsAndRunningTimeDoesNot()
    {
        var scheduler = new SimScheduler();
        long offset = 0;
        TimeProvider time = new SimProcess(scheduler, () => offset).Time;
        long began = time.GetTimestamp();
        DateTimeOffset wall = time.GetUtcNow();
        RunFor(scheduler, 1_000);
        offset = -TimeSpan.TicksPerDay;
        Assert.Equal(TimeSpan.FromSeconds(1), time.GetElapsedTime(began));
        Assert.Equal(wall.AddSeconds(1).AddDays(-1), time.GetUtcNow());
    }

    [Fact]
    public void ContinuationsOfAProcessWaitForItsNextStepAndDieWithIt()
    {
        var process = new SimProcess(new SimScheduler(), () => 0);
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        int reached = 0;
        async Task Wait()
        {
            await done.Task;
            reached++;
        }

        process.Enter(() => _ = Wait());
        process.Enter(done.SetResult);
        Assert.Equal(0, reached);
        process.Enter(() => Assert.True(process.RunPosted()));
        Assert.Equal(1, reached);
        process.Die();
        process.Enter(() => reached = -1);
        Assert.Equal(1, reached);
    }

    [Fact]
    public void ADirectionThatIsCutSilencesBothNodesToEachOther()
    {
        Script script = Script.Start(3);
        script.Create("t");
        script.Run(2_000);
        Assert.All(script.Cluster.Nodes, n => Assert.All(n.Broker!.DescribeCluster().Nodes, other => Assert.True(other.IsHeard)));
        script.Cluster.Network.Cut(new NodeId(1), new NodeId(2), resets: false);
        script.Run(2_000);
        Assert.False(IsHeard(script, by: 2, node: 1));
        Assert.False(IsHeard(script, by: 1, node: 2)); // what it says arrives, and echoes nothing
        Assert.True(IsHeard(script, by: 3, node: 1));
        script.Cluster.Network.Heal();
        script.Run(2_000);
        Assert.True(IsHeard(script, by: 1, node: 2));
    }

    [Fact]
    public void AKilledProcessIsMissedAtOnceAndASilentMachineAfterAWhile()
    {
        Script script = Script.Start(3);
        script.Create("t");
        script.Run(2_000);
        script.Node(3).Kill(LossMode.KeepAll);
        script.Run(20);
        Assert.False(IsHeard(script, by: 1, node: 3));
        script.Node(3).Start();
        script.Run(2_000);
        Assert.True(IsHeard(script, by: 1, node: 3));
        script.Node(3).Kill(LossMode.LoseUnsynced);
        script.Run(20);
        Assert.True(IsHeard(script, by: 1, node: 3));
        script.Run(2_000);
        Assert.False(IsHeard(script, by: 1, node: 3));
    }

    [Fact]
    public void TheSameNumbersComeOutOfTheSameSeed()
    {
        var one = new SimRandom(7);
        var other = new SimRandom(7);
        Assert.Equal(Enumerable.Range(0, 100).Select(_ => one.NextULong()), Enumerable.Range(0, 100).Select(_ => other.NextULong()));
        Assert.All(Enumerable.Range(0, 1_000), _ => Assert.InRange(one.Between(3, 5), 3, 5));
        Assert.All(Enumerable.Range(0, 1_000), _ => Assert.InRange(one.Next(4), 0, 3));
        Assert.False(one.Chance(0));
    }

    private static bool IsHeard(Script script, int by, int node) =>
        script.Node(by).Broker!.DescribeCluster().Nodes.Single(n => n.Node == new NodeId(node)).IsHeard;

    private static void RunFor(SimScheduler scheduler, double ms)
    {
        long end = scheduler.NowTicks + SimScheduler.Ms(ms);
        while (scheduler.StepUntil(end))
        {
        }
    }
}
