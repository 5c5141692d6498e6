using BenchmarkDotNet.Attributes;

namespace LogBroker.Microbench;

/// <summary>
/// Batches appended one at a time, into the page cache and with a sync behind each; on the disk of the temporary directory.
/// </summary>
public class AppendBenchmarks
{
    private const int AppendsPerInvoke = 256;
    private const int SyncsPerInvoke = 16;

    private readonly byte[] _batch4KiB = BenchLog.Batch(records: 4);
    private readonly byte[] _batch64KiB = BenchLog.Batch(records: 64);
    private BenchLog? _log;

    [IterationSetup]
    public void Setup() => _log = new BenchLog();

    [IterationCleanup]
    public void Cleanup() => _log!.Dispose();

    [Benchmark(OperationsPerInvoke = AppendsPerInvoke)]
    public void Append4KiB()
    {
        for (int i = 0; i < AppendsPerInvoke; i++)
        {
            _ = _log!.Append(_batch4KiB);
        }
    }

    [Benchmark(OperationsPerInvoke = AppendsPerInvoke)]
    public void Append64KiB()
    {
        for (int i = 0; i < AppendsPerInvoke; i++)
        {
            _ = _log!.Append(_batch64KiB);
        }
    }

    [Benchmark(OperationsPerInvoke = SyncsPerInvoke)]
    public void Append64KiBAndSync()
    {
        for (int i = 0; i < SyncsPerInvoke; i++)
        {
            _ = _log!.Append(_batch64KiB);
            _log.Commit();
        }
    }
}
