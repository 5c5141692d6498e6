using LogBroker.Bench.Machine;
using LogBroker.Bench.Results;

namespace LogBroker.Bench.Tests.Machine;

public sealed class ProbeTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("logbroker-bench-").FullName;

    public void Dispose() => Directory.Delete(_directory);

    [Fact]
    public void Percentiles_are_taken_by_nearest_rank()
    {
        double[] falling = [.. Enumerable.Range(1, 200).Select(i => (double)i).Reverse()];

        Assert.Equal(new FsyncProbeResult(200, 100, 198), FsyncProbe.Summarize(falling));
    }

    [Fact]
    public void One_sample_is_every_percentile() => Assert.Equal(new FsyncProbeResult(1, 7, 7), FsyncProbe.Summarize([7]));

    [Fact]
    public void The_fsync_probe_syncs_once_at_least_and_leaves_nothing()
    {
        FsyncProbeResult result = FsyncProbe.Run(_directory, TimeSpan.Zero);

        Assert.Equal(1, result.Count);
        Assert.True(result.P50 > 0);
        Assert.Empty(Directory.EnumerateFileSystemEntries(_directory));
    }

    [Fact]
    public void The_disk_probe_writes_and_reads_and_leaves_nothing()
    {
        DiskProbeResult result = DiskProbe.Run(_directory, bytesMax: 1, TimeSpan.FromMinutes(1));

        Assert.True(result.WriteOneSyncPerMebibyte > 0);
        Assert.True(result.SequentialRead is null or > 0);
        Assert.Empty(Directory.EnumerateFileSystemEntries(_directory));
    }

    [Fact]
    public void A_directory_that_is_missing_is_said() =>
        Assert.Throws<DirectoryNotFoundException>(() => FsyncProbe.Run(Path.Combine(_directory, "none"), TimeSpan.Zero));

    [Fact]
    public void A_program_is_found_on_the_path_or_not()
    {
        Assert.Equal("/bin/sh", ProgramPath.Find("sh", "/nowhere:/bin"));
        Assert.Null(ProgramPath.Find("sh", "/nowhere"));
    }
}
