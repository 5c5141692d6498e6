using BenchmarkDotNet.Attributes;
using BenchmarkDotNet.Engines;
using LogBroker.Protocol;
using LogBroker.Storage;

namespace LogBroker.Microbench;

/// <summary>
/// Compaction of a log of 64 MiB in 8 segments, batches of 16 records with values of 1,000 bytes, each key eight times: both passes, files
/// aside and the swap. Divide the size by the time for the rate.
/// </summary>
[SimpleJob(RunStrategy.Monitoring, warmupCount: 1, iterationCount: 8, invocationCount: 1)]
public class CompactionBenchmarks
{
    private const int RecordsPerBatch = 16;
    private const int Batches = 4096;
    private const int Keys = RecordsPerBatch * Batches / 8;

    private BenchLog _log = null!;

    [IterationSetup]
    public void Setup()
    {
        _log = new BenchLog(new TopicConfig { Cleanup = TopicCleanup.Compact, SegmentBytesMax = 8 * 1024 * 1024 });
        int record = 0;
        for (int i = 0; i < Batches; i++)
        {
            using var builder = new BatchBuilder(Limits.BatchBytesMax);
            for (int j = 0; j < RecordsPerBatch; j++)
            {
                byte[] key = BitConverter.GetBytes((long)(record++ % Keys));
                _ = builder.TryAppend(1_700_000_000_000 + record, key, new byte[1000]);
            }

            _ = _log.Append(builder.Finish().ToArray());
        }

        _log.Commit();
    }

    [IterationCleanup]
    public void Cleanup() => _log.Dispose();

    [Benchmark]
    public long Compact64MiB() => _log.Compact();
}
