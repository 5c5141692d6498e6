namespace LogBroker.Cluster.Tests;

public sealed class ColdReadsTests
{
    [Fact]
    public async Task A_read_runs_on_a_thread_of_its_own_kind_and_its_failure_comes_back()
    {
        using var reads = new ColdReads();
        string? name = await reads.Run(() => Thread.CurrentThread.Name);
        Assert.StartsWith("cold-reads-", name, StringComparison.Ordinal);
        await Assert.ThrowsAsync<InvalidOperationException>(() => reads.Run<int>(() => throw new InvalidOperationException("read")));
    }

    [Fact]
    public async Task What_was_handed_in_is_read_before_the_threads_end_and_later_reads_run_at_the_caller()
    {
        var reads = new ColdReads();
        using var gate = new ManualResetEventSlim();
        Task<int> waiting = reads.Run(() =>
        {
            gate.Wait(TestContext.Current.CancellationToken);
            return 7;
        });
        gate.Set();
        reads.Dispose();
        Assert.Equal(7, await waiting);
        int caller = Environment.CurrentManagedThreadId;
        Assert.Equal(caller, await reads.Run(() => Environment.CurrentManagedThreadId));
    }
}
