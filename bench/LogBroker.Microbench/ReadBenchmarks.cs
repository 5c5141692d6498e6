using BenchmarkDotNet.Attributes;
using LogBroker.Protocol;
using LogBroker.Storage;

namespace LogBroker.Microbench;

/// <summary>
/// Reads of a log of 128 MiB in batches of 16 KiB that is in the page cache and was checked before: a look-up by offset and by
/// time, a lease of 64 KiB, and the one copy that follows it.
/// </summary>
public class ReadBenchmarks
{
    private const int Batches = 8192;
    private const int RecordsPerBatch = 16;
    private const int LeaseBytes = 65_536;
    private const long FirstTimestampMs = 1_700_000_000_000;

    private readonly byte[] _destination = new byte[2 * LeaseBytes];
    private readonly Random _random = new(1);
    private readonly BenchLog _log = new();

    [GlobalSetup]
    public void Setup()
    {
        for (int i = 0; i < Batches; i++)
        {
            _ = _log.Append(BenchLog.Batch(RecordsPerBatch, FirstTimestampMs + (i * RecordsPerBatch)));
        }

        _log.Commit();
        Offset at = Offset.Zero;
        while (at < _log.Log.Bounds.HighWatermark)
        {
            using LogSlice slice = Lease(at, LeaseBytes);
            at = slice.NextOffset;
        }
    }

    [GlobalCleanup]
    public void Cleanup() => _log.Dispose();

    [Benchmark]
    public Offset LookUpOffset()
    {
        using LogSlice slice = Lease(RandomOffset(), bytesMax: 1);
        return slice.BaseOffset;
    }

    [Benchmark]
    public int Lease64KiB()
    {
        using LogSlice slice = Lease(RandomOffset(), LeaseBytes);
        return slice.Length;
    }

    [Benchmark]
    public int LeaseAndCopy64KiB()
    {
        using LogSlice slice = Lease(RandomOffset(), LeaseBytes);
        slice.CopyTo(0, _destination.AsSpan(0, slice.Length));
        return slice.Length;
    }

    [Benchmark]
    public bool LookUpTimestamp() => _log.Log.FindTimestamp(FirstTimestampMs + RandomOffset().Value, _log.Log.Bounds.End).IsOk;

    private Offset RandomOffset() => new(_random.Next(Batches * RecordsPerBatch));

    private LogSlice Lease(Offset from, int bytesMax) => _log.Log.Read(from, _log.Log.Bounds.End, bytesMax).Value;
}
