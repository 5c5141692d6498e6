using LogBroker.Bench.Machine;

namespace LogBroker.Bench.Tests.Machine;

public sealed class ProcFilesTests
{
    private const string Stat =
        "9808 (a (b) c) S 9806 9806 3259 0 -1 4194304 98 0 0 0 427 123 0 0 20 0 1 0 62241 3133440 383 18446744073709551615 944 947";

    private const string Status = "VmHWM:\t    1900 kB\nVmRSS:\t    1744 kB\nRssAnon:\t     116 kB\nRssFile:\t    1628 kB\n";

    private const string Io = "rchar: 6976\nwchar: 12\nsyscr: 10\nsyscw: 0\nread_bytes: 0\nwrite_bytes: 4096\ncancelled_write_bytes: 7\n";

    [Fact]
    public void Cpu_ticks_are_found_behind_a_name_with_parentheses() => Assert.Equal(427 + 123, ProcFiles.CpuTicks(Stat));

    [Fact]
    public void Memory_is_given_in_bytes()
    {
        Assert.Equal(1744 * 1024, ProcFiles.StatusBytes(Status, "VmRSS"));
        Assert.Equal(116 * 1024, ProcFiles.StatusBytes(Status, "RssAnon"));
    }

    [Fact]
    public void What_is_missing_is_null()
    {
        Assert.Null(ProcFiles.StatusBytes("Name:\tx\nState:\tZ (zombie)\n", "VmRSS"));
        Assert.Null(ProcFiles.IoBytes("", "write_bytes"));
    }

    [Fact]
    public void Written_bytes_are_not_the_cancelled_ones() => Assert.Equal(4096, ProcFiles.IoBytes(Io, "write_bytes"));
}
