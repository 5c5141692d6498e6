using LogBroker.Bench.Results;
using LogBroker.Bench.Run;
using LogBroker.Bench.Systems;

namespace LogBroker.Bench.Tests.Run;

/// <summary>Instruments that show how often they were asked.</summary>
internal sealed class FakeInstruments : IInstruments
{
    public int FsyncProbes { get; private set; }

    public int DiskProbes { get; private set; }

    public MachineInfo ReadMachine(string directory) => new("cpu", 2, 1L << 30, "6.1", "ext4", ".NET 10");

    public Task<FsyncProbeResult> ProbeFsyncAsync(string directory, CancellationToken cancellationToken)
    {
        Assert.True(Directory.Exists(directory));
        return Task.FromResult(new FsyncProbeResult(++FsyncProbes, 200, 900));
    }

    public Task<DiskProbeResult> ProbeDiskAsync(string directory, CancellationToken cancellationToken)
    {
        DiskProbes++;
        return Task.FromResult(new DiskProbeResult(300, 900));
    }

    public IUsageSpan WatchUsage(IReadOnlyList<int> processIds) => new Span();

    public Task<ISyncCount> CountSyncsAsync(
        IReadOnlyList<int> processIds, string directory, IProcessStarter processes, CancellationToken cancellationToken) =>
        throw new BenchException("no strace here");

    private sealed class Span : IUsageSpan
    {
        public BrokerUsage Stop(long? bytesMoved) => new()
        {
            CpuSeconds = 1,
            CpuSecondsPerGigabyte = bytesMoved,
            CpuPercent = 50,
            RssBytesPeak = 2,
            RssAnonBytesPeak = 1,
            Seconds = 1,
        };

        public void Dispose()
        {
        }
    }
}
