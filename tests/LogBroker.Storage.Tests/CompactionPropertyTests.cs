using FsCheck;
using FsCheck.Fluent;
using LogBroker.Protocol;
using LogBroker.TestKit;

namespace LogBroker.Storage.Tests;

/// <summary>Random lives of a compacted log, held against a fold over everything that was appended.</summary>
public sealed class CompactionPropertyTests
{
    [Fact]
    public void The_newest_value_of_every_key_is_the_same_before_and_behind_any_compaction() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(150), Prop.ForAll(ArbMap.Default.ArbFor<int>(), (Action<int>)Live));

    private static void Live(int seed)
    {
        var random = new Random(seed);
        TopicConfig config = KeyedLog.Compacted with
        {
            Cleanup = random.Next(3) == 0 ? TopicCleanup.CompactAndDelete : TopicCleanup.Compact,
            SegmentBytesMax = 1024 * random.Next(1, 5),
            IndexIntervalBytes = random.Next(64, 600),
            DeleteRetentionMs = 1_000,
            RetentionMs = 1_000_000,
        };
        var log = new KeyedLog(config);
        var producers = new RandomProducers(random);
        log.World.Row(1);
        for (int step = 0; step < 40; step++)
        {
            Step(log, random, producers);
        }

        log.Compact(producers.Kept(log));
        log.RequireSameTable();
        producers.RequireKept(log);
        log.RequireNoDamage();
    }

    private static void Step(KeyedLog log, Random random, RandomProducers producers)
    {
        switch (random.Next(12))
        {
            case 0:
                log.World.Row(log.Log.Epochs.Last.Value + random.Next(1, 3));
                break;
            case 1 or 2:
                log.MapBytes = random.Next(24 * 20, 24 * 200);
                log.Compact(producers.Kept(log));
                log.RequireSameTable();
                producers.RequireKept(log);
                break;
            case 3:
                log.World.Commit();
                break;
            case 4:
                log.World.NowMs += random.Next(2_000);
                break;
            case 5 when random.Next(2) == 0:
                log.Reopen();
                break;
            case 5:
                log.World.Flush();
                log.Restart((LossMode)random.Next(4), random.Next());
                break;
            case 6 when log.World.Config.IsDeleted:
                log.World.Commit();
                log.Log.AdvanceLogStart(new Offset(random.NextInt64(log.Log.Bounds.LogStart.Value, log.Log.Bounds.End.Value + 1)));
                log.RequireSameTable();
                break;
            default:
                for (int i = random.Next(1, 12); i > 0; i--)
                {
                    Append(log, random, producers);
                }

                break;
        }
    }

    private static void Append(KeyedLog log, Random random, RandomProducers producers)
    {
        log.Codec = random.Next(3) == 0 ? CompressionCodec.Gzip : CompressionCodec.None;
        var records = new (string, string?)[random.Next(1, 6)];
        for (int i = 0; i < records.Length; i++)
        {
            string? value = random.Next(5) == 0 ? null : $"{random.Next()}{new string('v', random.Next(120))}";
            records[i] = ($"key {(int)Math.Sqrt(random.Next(900))}", value);
        }

        producers.Append(log, records);
    }

    /// <summary>A few producers that write in turn, and what is known of their last batches.</summary>
    private sealed class RandomProducers(Random random)
    {
        private readonly Dictionary<long, (int Next, Offset Last, int LastSequence)> _known = [];

        public void Append(KeyedLog log, (string, string?)[] records)
        {
            long id = random.Next(6);
            if (id == 0)
            {
                log.Append(records);
                return;
            }

            int next = _known.GetValueOrDefault(id).Next;
            Offset at = log.AppendOf(id, next, records);
            _known[id] = (next + records.Length, at, next + records.Length - 1);
        }

        public KeptBatches Kept(KeyedLog log)
        {
            log.World.Commit();
            return new KeptBatches(_known.Values.Select(k => k.Last).ToHashSet(), new HashSet<ProducerId>());
        }

        /// <summary>Whoever reads the log anew knows what each producer wrote last.</summary>
        public void RequireKept(KeyedLog log)
        {
            Dictionary<long, int> last = [];
            foreach (DumpedBatch dumped in log.Dump())
            {
                RecordBatch batch = dumped.Batch;
                if (!batch.IsEpochRow && batch.ProducerId.IsSome)
                {
                    last[batch.ProducerId.Value] = batch.LastSequence;
                }
            }

            foreach ((long id, (_, Offset at, int sequence)) in _known)
            {
                Assert.True(at < log.Log.Bounds.LogStart || last.GetValueOrDefault(id, -1) == sequence, $"producer {id} at {at}");
            }
        }
    }
}
