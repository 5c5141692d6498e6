using LogBroker.Protocol;
using LogBroker.TestKit;

namespace LogBroker.Storage.Tests;

/// <summary>Rules C1 to C4 at the log: replicas that compact on their own, and copy from each other.</summary>
public sealed class CompactedReplicationTests
{
    [Fact]
    public void A_follower_whose_end_lies_inside_an_empty_batch_of_the_leader_takes_the_rest_of_it()
    {
        KeyedLog leader = Led(out List<KeyedRecord> appended);
        var follower = new KeyedLog { Appended = appended };
        for (int i = 0; i < 3; i++)
        {
            Copy(leader, follower, batches: 1);
        }

        Offset end = follower.Log.Bounds.End;
        leader.Compact();
        DumpedBatch empty = leader.Dump().First(d => d.Batch.IsEmpty);
        Assert.True(empty.Batch.BaseOffset < end && end < empty.Batch.NextOffset, $"{end} is not inside {empty.Batch.BaseOffset}");
        Copy(leader, follower, batches: 1);
        RecordBatch taken = follower.Dump()[^1].Batch;
        Assert.Equal((end, empty.Batch.NextOffset, true), (taken.BaseOffset, taken.NextOffset, taken.IsEmpty));
        Copy(leader, follower);
        RequireSame(leader, follower);
    }

    [Fact]
    public void A_part_of_a_producers_kept_batch_or_of_one_with_records_is_not_taken()
    {
        var world = new LogWorld();
        world.Row(1);
        world.Append(TestBatches.Keyed([("a", "1")]));
        byte[] whole = TestBatches.Keyed([("a", "1"), ("b", "1")], producer: 4, sequence: 0);
        BatchHeader.StampLeaderEpoch(whole, new Epoch(1));
        Assert.NotNull(world.Log.AppendReplicated(whole, new Epoch(1), 1).Error);
        var kept = new byte[EmptyBatch.Bytes];
        EmptyBatch.WriteKept(kept, new RecordBatch(whole));
        Assert.NotNull(world.Log.AppendReplicated(kept, new Epoch(1), 1).Error);
        EmptyBatch.Write(kept, new Epoch(1), Offset.Zero, new Offset(2));
        Assert.Null(world.Log.AppendReplicated(kept, new Epoch(1), 1).Error);
        Assert.Equal(new Offset(2), world.Log.Bounds.End);
    }

    [Fact]
    public void What_is_read_beyond_a_watermark_that_lies_in_an_empty_batch_is_the_batch_alone()
    {
        KeyedLog leader = Led(out List<KeyedRecord> appended);
        leader.Compact();
        DumpedBatch empty = leader.Dump().First(d => d.Batch is { IsEmpty: true, LastOffsetDelta: > 4 });
        var follower = new KeyedLog { Appended = appended };
        Copy(leader, follower);
        follower.Log.RaiseHighWatermark(empty.Batch.BaseOffset + 2);
        using LogSlice slice = follower.Log.Read(empty.Batch.BaseOffset + 1, new Offset(long.MaxValue), 10_000).Value;
        Assert.Equal((EmptyBatch.Bytes, empty.Batch.NextOffset), (slice.Length, slice.NextOffset));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    public void Replicas_that_compact_at_different_times_stand_for_the_same_table_whoever_leads(int seed)
    {
        var random = new Random(seed);
        List<KeyedRecord> appended = [];
        KeyedLog[] logs = [.. Enumerable.Range(0, 3).Select(i => new KeyedLog(KeyedLog.Compacted with
        {
            SegmentBytesMax = 1024 * (i + 2), // they roll, and so compact, at different places
        })
        {
            Appended = appended,
        })];
        int leader = 0;
        int away = -1;
        logs[leader].World.Row(1);
        for (int step = 0; step < 250; step++)
        {
            switch (random.Next(10))
            {
                case 0:
                    CopyToAll(logs, leader, away);
                    away = away >= 0 ? -1 : (leader + 1 + random.Next(2)) % 3;
                    break;
                case 1:
                    CopyToAll(logs, leader, away);
                    leader = Enumerable.Range(0, 3).Where(i => i != away).OrderBy(_ => random.Next()).First();
                    logs[leader].World.Row(logs[leader].Log.Epochs.Last.Value + 1);
                    break;
                case 2 or 3:
                    CopyToAll(logs, leader, away);
                    int at = random.Next(3);
                    logs[at].CompactUnflushed();
                    logs[at].RequireSound();
                    break;
                case 4:
                    logs[random.Next(3)].World.Flush();
                    break;
                default:
                    logs[leader].Append(($"k{random.Next(20)}", random.Next(6) == 0 ? null : $"{step} {new string('v', 90)}"));
                    break;
            }
        }

        CopyToAll(logs, leader, away: -1);
        foreach (KeyedLog log in logs)
        {
            log.Check();
            RequireSame(logs[leader], log);
            log.Restart(LossMode.LoseUnsynced);
            RequireSame(logs[leader], log);
        }
    }

    /// <summary>Everybody who is not away gets everything, and knows it to be committed.</summary>
    private static void CopyToAll(KeyedLog[] logs, int leader, int away)
    {
        for (int i = 0; i < logs.Length; i++)
        {
            if (i != away && i != leader)
            {
                Copy(logs[leader], logs[i]);
            }
        }

        for (int i = 0; i < logs.Length; i++)
        {
            if (i != away)
            {
                logs[i].World.Commit();
            }
        }
    }

    private static KeyedLog Led(out List<KeyedRecord> appended)
    {
        appended = [];
        var leader = new KeyedLog { Appended = appended };
        leader.World.Row(1);
        for (int i = 0; i < 40; i++)
        {
            leader.Append(("a", $"{i} {new string('v', 200)}"));
        }

        return leader;
    }

    private static void Copy(KeyedLog from, KeyedLog to, int batches = int.MaxValue)
    {
        while (batches-- > 0)
        {
            Result<LogSlice> read = from.Log.ReadItems(to.Log.Bounds.Appended, batches > 1_000 ? 700 : 1);
            Assert.True(read.IsOk, read.Error?.Message);
            using LogSlice slice = read.Value;
            if (slice.Length == 0)
            {
                return;
            }

            var items = new byte[slice.Length];
            slice.CopyTo(0, items);
            Assert.Null(to.Log.AppendReplicated(items, new Epoch(1_000), to.World.NowMs).Error);
        }
    }

    /// <summary>The same end and rows, the same newest value of every key, and the same records where both have them.</summary>
    private static void RequireSame(KeyedLog leader, KeyedLog follower)
    {
        leader.World.Commit();
        follower.World.Commit();
        Assert.Equal(leader.Log.Bounds.Appended, follower.Log.Bounds.Appended);
        Assert.Equal(leader.Log.Epochs.Rows, follower.Log.Epochs.Rows);
        List<KeyedRecord> ours = leader.Check();
        List<KeyedRecord> theirs = follower.Check();
        Assert.Equal(
            KeyedLog.Fold(ours).OrderBy(e => e.Key, StringComparer.Ordinal),
            KeyedLog.Fold(theirs).OrderBy(e => e.Key, StringComparer.Ordinal));
        Dictionary<long, KeyedRecord> known = ours.ToDictionary(r => r.Offset);
        Assert.All(theirs, r => Assert.Equal(known.GetValueOrDefault(r.Offset, r), r));
    }
}
