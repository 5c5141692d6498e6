using LogBroker.Bench.Load;
using LogBroker.Bench.Plan;
using LogBroker.Bench.Results;
using LogBroker.Bench.Systems;

namespace LogBroker.Bench.Tests.Load;

public sealed class LoadJsonTests
{
    [Fact]
    public void Every_scenario_of_the_catalogue_survives() =>
        Assert.All(
            WorkloadCatalogue.All.SelectMany(w => w.Scenarios),
            s => Assert.Equal(s, LoadJson.Read<Scenario>(LoadJson.Write(s))));

    [Fact]
    public void A_result_survives_on_one_line()
    {
        var result = new ClientResult
        {
            Client = "sdk",
            Produced = new Throughput(10, 10_240, 2),
            Ack = new Latency { Count = 10, P50 = 1.5, P99 = 2.5, Max = 3, Curve = [new(50, 1.5)], OverTime = [new(0, 1, 2, 3)] },
            RecordsAcknowledged = 10,
            ValuesChecksum = ulong.MaxValue,
            Remark = "two\nlines",
        };
        string line = LoadJson.Write(result);
        Assert.DoesNotContain('\n', line);
        ClientResult read = LoadJson.ReadLastLine<ClientResult>("noise\n" + line + "\n\n");
        Assert.Equal(result.Produced, read.Produced);
        Assert.Equal(result.ValuesChecksum, read.ValuesChecksum);
        Assert.Equal(result.Remark, read.Remark);
        Assert.Null(read.Consumed);
        Assert.Equal(result.Ack.Curve, read.Ack!.Curve);
        Assert.Equal(result.Ack.OverTime, read.Ack.OverTime);
        Assert.Null(read.Ack.P999);
    }

    [Fact]
    public void Output_without_a_result_is_shown_in_the_failure()
    {
        var failure = Assert.Throws<BenchException>(() => LoadJson.ReadLastLine<ClientResult>("connection refused\n"));
        Assert.Contains("connection refused", failure.Message, StringComparison.Ordinal);
    }
}
