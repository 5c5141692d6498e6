using LogBroker.Bench.Machine;

namespace LogBroker.Bench.Tests.Machine;

public sealed class MachineReaderTests
{
    private const string CpuInfo = "processor\t: 0\nmodel name\t: AMD EPYC\nflags\t: fpu\n\nprocessor\t: 1\nmodel name\t: AMD EPYC\n";

    private const string MountInfo = """
        22 27 0:21 / /proc rw,relatime - proc proc rw
        27 1 254:0 / / rw,relatime shared:1 - ext4 /dev/root rw
        25 24 0:23 / /dev/shm rw,relatime - tmpfs tmpfs rw,size=24684084k
        31 27 8:1 / /data rw,relatime shared:7 master:1 - xfs /dev/sda1 rw
        32 27 8:2 / /my\040disk rw,relatime - btrfs /dev/sda2 rw

        """;

    [Fact]
    public void The_model_of_the_first_core_is_taken() => Assert.Equal("AMD EPYC", MachineReader.Cpu(CpuInfo));

    [Fact]
    public void Without_a_model_there_is_none() => Assert.Null(MachineReader.Cpu("processor\t: 0\nBogoMIPS\t: 50.00\n"));

    [Fact]
    public void Memory_is_in_bytes() =>
        Assert.Equal(24684084L * 1024, MachineReader.MemoryBytes("MemTotal:       24684084 kB\nMemFree:        21538180 kB\n"));

    [Theory]
    [InlineData("/home/x", "ext4")]
    [InlineData("/data", "xfs")]
    [InlineData("/data/bench", "xfs")]
    [InlineData("/database", "ext4")]
    [InlineData("/dev/shm/x", "tmpfs")]
    [InlineData("/my disk/x", "btrfs")]
    public void The_longest_mount_point_above_counts(string path, string type) =>
        Assert.Equal(type, MachineReader.FileSystem(MountInfo, path));

    [Fact]
    public void No_mount_no_type() => Assert.Null(MachineReader.FileSystem("", "/data"));

    [Fact]
    public void This_machine_can_be_read()
    {
        var machine = MachineReader.Read(Path.GetTempPath());

        Assert.True(machine.MemoryBytes > 0);
        Assert.NotEqual("unknown", machine.FileSystem);
    }
}
