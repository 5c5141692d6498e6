using LogBroker.Protocol;
using LogBroker.TestKit;

namespace LogBroker.Storage.Tests;

public sealed class TimestampTests
{
    [Fact]
    public void The_first_record_at_or_behind_a_time_is_found_whatever_the_order_of_times()
    {
        var random = new Random(11);
        var world = new LogWorld();
        world.Row(1);
        var times = new List<long>();
        for (int i = 0; i < 60; i++)
        {
            if (i % 20 == 19)
            {
                world.Row(2 + i);
            }

            long timestampMs = 10_000 + (i * 10) + random.Next(-40, 40);
            int records = random.Next(1, 6);
            world.Append(TestBatches.Of(records, 30, timestampMs));
            times.AddRange(Enumerable.Range(0, records).Select(r => timestampMs + r));
        }

        world.Commit();
        world.Log.AdvanceLogStart(new Offset(5));
        foreach (bool restarted in (bool[])[false, true])
        {
            if (restarted)
            {
                world.Log.Close();
                world.Restart(LossMode.LoseUnsynced);
                world.Log.RaiseHighWatermark(world.Log.Bounds.End);
            }

            for (long asked = 9_900; asked < 10_700; asked += 7)
            {
                int due = times.FindIndex(5, t => t >= asked);
                TimestampHit? hit = world.Log.FindTimestamp(asked, new Offset(long.MaxValue)).Value;
                Assert.Equal(due, hit?.Offset.Value ?? -1);
                Assert.True(hit is null || hit.Value.TimestampMs == times[due]);
            }
        }
    }

    [Fact]
    public void Nothing_above_the_high_watermark_or_the_limit_is_found()
    {
        var world = new LogWorld();
        world.Row(1);
        world.Append(TestBatches.Of(5, timestampMs: 100));
        world.Commit();
        world.Append(TestBatches.Of(5, timestampMs: 200));
        Assert.Null(world.Log.FindTimestamp(200, new Offset(1_000)).Value);
        Assert.Equal(3, world.Log.FindTimestamp(103, new Offset(1_000)).Value!.Value.Offset.Value);
        Assert.Null(world.Log.FindTimestamp(103, new Offset(3)).Value);
    }
}
