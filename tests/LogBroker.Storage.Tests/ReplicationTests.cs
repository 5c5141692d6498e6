using LogBroker.Protocol;
using LogBroker.TestKit;

namespace LogBroker.Storage.Tests;

/// <summary>R9, R10 and R15 (e) at the log: what a leader reads out, a follower takes over.</summary>
public sealed class ReplicationTests
{
    [Fact]
    public void A_follower_that_takes_over_everything_has_the_same_items_although_it_rolls_elsewhere()
    {
        LogWorld leader = Led();
        var follower = new LogWorld(new TopicConfig { SegmentBytesMax = 1_500, IndexIntervalBytes = 100 });
        CopyAll(leader, follower, bytesMax: 900);
        Assert.Equal(leader.Log.Bounds.Appended, follower.Log.Bounds.Appended);
        Assert.Equal(leader.Log.Epochs.Rows, follower.Log.Epochs.Rows);
        Assert.NotEqual(leader.Log.SegmentCount, follower.Log.SegmentCount);
        leader.Commit();
        follower.Commit();
        Assert.Equal(leader.ReadAll(), follower.ReadAll(), new RecordComparer());
        follower.Restart(LossMode.LoseUnsynced);
        Assert.Equal(leader.Log.Bounds.Appended, follower.Log.Bounds.Appended);
        Assert.Equal(leader.Log.Epochs.Rows, follower.Log.Epochs.Rows);
    }

    [Fact]
    public void An_item_that_does_not_fit_is_refused_and_those_in_front_are_taken()
    {
        var world = new LogWorld();
        Assert.Null(Take(world, Row(1, 0), maxEpoch: 1).Error);
        Assert.Equal(ErrorCode.CorruptBatch, Take(world, Batch(1, 5)).Error!.Code);
        Assert.Equal(ErrorCode.CorruptBatch, Take(world, Batch(2, 0)).Error!.Code);
        Assert.Equal(ErrorCode.CorruptBatch, Take(world, Row(2, 0), maxEpoch: 1).Error!.Code);
        Assert.Equal(ErrorCode.CorruptBatch, Take(world, Row(2, 1)).Error!.Code);
        byte[] flipped = Batch(1, 0);
        flipped[70] ^= 1;
        Assert.Equal(ErrorCode.CorruptBatch, Take(world, flipped).Error!.Code);
        Assert.Equal(new LogPosition(new Epoch(1), Offset.Zero), world.Log.Bounds.Appended);

        ReplicationOutcome outcome = Take(world, [.. Batch(1, 0), .. Row(1, 3), .. Row(3, 3), .. Batch(3, 3), .. Row(2, 6)]);
        Assert.Equal(ErrorCode.CorruptBatch, outcome.Error!.Code);
        Assert.Equal(new LogPosition(new Epoch(3), new Offset(6)), outcome.Position);
        Assert.Equal(new LogPosition(new Epoch(3), new Offset(6)), world.Log.Bounds.Appended);
        Assert.Equal([new EpochRow(new Epoch(1), Offset.Zero), new EpochRow(new Epoch(3), new Offset(3))], world.Log.Epochs.Rows);
    }

    private static LogWorld Led()
    {
        var leader = new LogWorld();
        for (int epoch = 1; epoch <= 12; epoch++)
        {
            leader.Row(epoch);
            for (int i = 0; i < epoch % 4; i++)
            {
                leader.Append(TestBatches.Of(1 + i, 60, fill: epoch), TestBatches.Of(2, 200, fill: i));
            }
        }

        return leader;
    }

    private static void CopyAll(LogWorld leader, LogWorld follower, int bytesMax)
    {
        for (int turn = 0; follower.Log.Bounds.Appended < leader.Log.Bounds.Appended; turn++)
        {
            Assert.True(turn < 1_000);
            using LogSlice slice = leader.Log.ReadItems(follower.Log.Bounds.Appended, bytesMax).Value;
            Assert.True(slice.Length > 0, $"nothing behind {follower.Log.Bounds.Appended}");
            var items = new byte[slice.Length];
            slice.CopyTo(0, items);
            ReplicationOutcome outcome = follower.Log.AppendReplicated(items, leader.Log.Epochs.Last, follower.NowMs);
            Assert.Null(outcome.Error);
        }
    }

    private static ReplicationOutcome Take(LogWorld world, byte[] items, int maxEpoch = 9) =>
        world.Log.AppendReplicated(items, new Epoch(maxEpoch), world.NowMs);

    private static byte[] Row(int epoch, long start)
    {
        var row = new byte[EpochRow.Bytes];
        new EpochRow(new Epoch(epoch), new Offset(start)).WriteTo(row);
        return row;
    }

    private static byte[] Batch(int epoch, long baseOffset)
    {
        byte[] batch = TestBatches.Of(3);
        BatchHeader.StampBaseOffset(batch, new Offset(baseOffset));
        BatchHeader.StampLeaderEpoch(batch, new Epoch(epoch));
        return batch;
    }
}
