using LogBroker.Bench.Machine;
using LogBroker.Bench.Results;
using LogBroker.Bench.Systems;

namespace LogBroker.Bench.Run;

/// <summary>The instruments of this machine.</summary>
internal sealed class MachineInstruments : IInstruments
{
    private const long DiskProbeBytesMax = 1_000_000_000;
    private static readonly TimeSpan FsyncProbeDuration = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan DiskProbeDuration = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan UsageInterval = TimeSpan.FromMilliseconds(200);

    public MachineInfo ReadMachine(string directory) => MachineReader.Read(directory);

    public Task<FsyncProbeResult> ProbeFsyncAsync(string directory, CancellationToken cancellationToken) =>
        Task.Run(() => FsyncProbe.Run(directory, FsyncProbeDuration), cancellationToken);

    public Task<DiskProbeResult> ProbeDiskAsync(string directory, CancellationToken cancellationToken) =>
        Task.Run(() => DiskProbe.Run(directory, DiskProbeBytesMax, DiskProbeDuration), cancellationToken);

    public IUsageSpan WatchUsage(IReadOnlyList<int> processIds) => new UsageSpan(new ProcessUsageSampler(processIds, UsageInterval));

    public async Task<ISyncCount> CountSyncsAsync(
        IReadOnlyList<int> processIds, string directory, IProcessStarter processes, CancellationToken cancellationToken) =>
        new SyncCount(await StraceSyncCounter.AttachAsync(processIds, directory, processes, cancellationToken));

    private sealed class UsageSpan(ProcessUsageSampler sampler) : IUsageSpan
    {
        public BrokerUsage Stop(long? bytesMoved) => sampler.Stop(bytesMoved);

        public void Dispose() => sampler.Dispose();
    }

    private sealed class SyncCount(StraceSyncCounter counter) : ISyncCount
    {
        public Task<long?> StopAsync() => counter.StopAsync();

        public ValueTask DisposeAsync() => counter.DisposeAsync();
    }
}
