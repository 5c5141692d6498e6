using LogBroker.TestKit;

namespace LogBroker.Storage.Tests;

/// <summary>What a flush turn does with logs that went away after they asked.</summary>
public sealed class FlushTurnTests
{
    /// <summary>A topic deleted between its append and the flush turn once ended the whole broker.</summary>
    [Fact]
    public void ATurnWhoseLogsWereAllClosedSyncsNothingAndTheNextOneGoesOn()
    {
        var world = new LogWorld();
        world.Row(1);
        world.Append(TestBatches.Of(1));
        world.Flushes.Request(world.Log);
        world.Log.Dispose();
        Assert.Equal(0, world.Flushes.RunTurn());
        Assert.Null(world.Failure.Cause);

        FlushQueue flushes = world.Flushes;
        LogOpening again = PartitionLog.Open(world.Env, LogWorld.Id, LogWorld.Directory, world.Config, new LogOpenOptions(world.NowMs));
        flushes.Request(again.Log!);
        Assert.Equal(1, flushes.RunTurn());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    public void ACrewRunsAsOftenAsAskedAndNoMore(int threads)
    {
        using var crew = new SyncCrew(threads);
        foreach (int count in (int[])[0, 1, 0, 2, 7, 0, 3])
        {
            int ran = 0;
            crew.Run(count, _ => Interlocked.Increment(ref ran));
            Assert.Equal(count, ran);
        }
    }
}
