using LogBroker.Bench.Plan;
using LogBroker.Bench.Results;
using LogBroker.Bench.Run;

namespace LogBroker.Bench.Tests.Run;

public sealed class SingleRunTests
{
    private static readonly Scenario Ingest =
        new() { Name = "W1-A", Workload = "W1", Class = DurabilityClass.A, Kind = LoadKind.Ingest, ValueBytes = 100 };

    [Fact]
    public void Bytes_moved_include_the_warm_up_on_both_sides()
    {
        var load = new ClientResult
        {
            Client = "sdk",
            Produced = new Throughput(100, 10_000, 1),
            Consumed = new Throughput(80, 8_000, 1),
            RecordsAcknowledged = 200,
        };
        Assert.Equal(36_000, SingleRun.BytesMoved(Ingest, load));
    }

    [Fact]
    public void Bytes_moved_by_a_catch_up_are_those_that_were_read()
    {
        Scenario catchUp = Ingest with { Kind = LoadKind.CatchUp, Warmup = TimeSpan.Zero };
        var load = new ClientResult { Client = "sdk", Consumed = new Throughput(80, 8_000, 1), RecordsAcknowledged = 800 };
        Assert.Equal(8_000, SingleRun.BytesMoved(catchUp, load));
        Assert.Null(SingleRun.BytesMoved(catchUp with { Warmup = TimeSpan.FromSeconds(1) }, load));
        Assert.Null(SingleRun.BytesMoved(Ingest, new ClientResult { Client = "sdk" }));
    }

    [Fact]
    public void What_must_be_there_is_the_preload_and_the_load()
    {
        var prepared = new ClientResult { Client = "sdk", RecordsAcknowledged = 10, ValuesChecksum = ulong.MaxValue };
        var load = new ClientResult { Client = "sdk", RecordsAcknowledged = 5, ValuesChecksum = 3 };

        ClientResult both = SingleRun.Written(prepared, load);
        Assert.Equal((15L, 2UL), (both.RecordsAcknowledged!.Value, both.ValuesChecksum!.Value));

        ClientResult onlyRead = SingleRun.Written(prepared, new ClientResult { Client = "sdk" });
        Assert.Equal((10L, ulong.MaxValue), (onlyRead.RecordsAcknowledged!.Value, onlyRead.ValuesChecksum!.Value));
        Assert.Equal(load, SingleRun.Written(null, load));
    }

    [Fact]
    public void Space_is_asked_for_what_a_run_can_write()
    {
        Assert.Equal(3_750_000_000, SingleRun.BytesNeeded(Ingest));
        Assert.Equal(
            1_875_000,
            SingleRun.BytesNeeded(Ingest with { Kind = LoadKind.FixedRate, RecordsPerSecond = 1000 }));
        Assert.Equal(0, SingleRun.BytesNeeded(Ingest with { Kind = LoadKind.Idle }));
        Assert.Equal(11_250_000_000, SingleRun.BytesNeeded(Ingest with { Nodes = 3 }));
    }
}
