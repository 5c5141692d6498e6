using LogBroker.Bench.Machine;

namespace LogBroker.Bench.Tests.Machine;

public sealed class StraceSyncCounterTests
{
    private const string Summary = """
        % time     seconds  usecs/call     calls    errors syscall
        ------ ----------- ----------- --------- --------- ----------------
         89.86    1.755206          64     27419           fsync
         10.13    0.197903           7       581         3 fdatasync
        ------ ----------- ----------- --------- --------- ----------------
        100.00    1.953235          35     28000         3 total

        """;

    [Fact]
    public void Calls_of_all_kinds_are_added_without_the_total() => Assert.Equal(28000, StraceSyncCounter.Calls(Summary));

    [Fact]
    public void A_summary_without_rows_means_no_call() => Assert.Equal(0, StraceSyncCounter.Calls(""));

    [Theory]
    [InlineData("strace: Process 9366 attached with 9 threads", true)]
    [InlineData("strace: Process 9366 attached", true)]
    [InlineData("strace: Process 9388 attached", false)]
    [InlineData("strace: Process 9366 detached", false)]
    [InlineData("strace: attach: ptrace(PTRACE_SEIZE, 9366): Operation not permitted", false)]
    public void Only_the_processes_themselves_count_as_attached(string line, bool isAttached) =>
        Assert.Equal(isAttached, StraceSyncCounter.IsAttached(line, [9366]));
}
