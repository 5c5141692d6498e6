using LogBroker.Bench.Results;
using LogBroker.Bench.Systems;
using static LogBroker.Bench.Tests.Report.SampleResults;

namespace LogBroker.Bench.Tests.Report;

public sealed class ResultFileJsonTests
{
    [Fact]
    public void What_is_written_is_read_again()
    {
        string text = ResultFileJson.Serialize(Full());
        ResultFile read = ResultFileJson.Parse(text, "x.json");
        Assert.Equal(text, ResultFileJson.Serialize(read));
        RunResult run = Assert.Single(read.Runs);
        Assert.Equal(ulong.MaxValue, run.Load!.ValuesChecksum);
        Assert.Equal([new CurvePoint(50, 1.5), new CurvePoint(100, 7)], run.Load.Ack!.Curve);
        Assert.Equal([new SecondPoint(0, 1, 2, 3)], run.Load.Ack.OverTime);
        Assert.Equal([5L, 6L], run.Broker!.RssAnonBytesOverTime);
        Assert.Equal(Scenario("W1-A"), Assert.Single(read.Scenarios));
        Assert.Equal(new DiskProbeResult(300, null), read.DiskProbes["W1-B#1"]);
    }

    [Fact]
    public void It_is_camel_case_with_names_of_enums_compact_curves_and_no_nulls()
    {
        string text = ResultFileJson.Serialize(Full());
        Assert.Contains("\n      \"class\": \"A\",\n", text, StringComparison.Ordinal);
        Assert.Contains("\"curve\": [[50,1.5],[100,7]]", text, StringComparison.Ordinal);
        Assert.Contains("\"rssAnonBytesOverTime\": [5,6]", text, StringComparison.Ordinal);
        Assert.DoesNotContain("null", text, StringComparison.Ordinal);
        Assert.DoesNotContain("recordsPerSync", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{\"format\": 2}", "x.json: format 2 is unknown, this program reads format 1")]
    [InlineData("{}", "x.json: no result file: there is no number 'format' in it")]
    [InlineData("[1]", "x.json: no result file: there is no number 'format' in it")]
    [InlineData("{\"format\": 1}", "x.json: no result file")]
    [InlineData("not JSON", "x.json: no result file")]
    public void Another_text_is_refused_by_name(string json, string message) => Assert.StartsWith(
        message, Assert.Throws<BenchException>(() => ResultFileJson.Parse(json, "x.json")).Message, StringComparison.Ordinal);

    [Fact]
    public void A_file_is_replaced_as_a_whole()
    {
        string directory = Directory.CreateTempSubdirectory("bench-results").FullName;
        try
        {
            string file = Path.Combine(directory, "r.json");
            ResultFileJson.Write(file, Full());
            ResultFileJson.Write(file, Full() with { Commit = "def" });
            Assert.Equal("def", ResultFileJson.Read(file).Commit);
            Assert.Equal([file], Directory.GetFiles(directory));
            BenchException absent = Assert.Throws<BenchException>(() => ResultFileJson.Read(file + "none.json"));
            Assert.Contains("none.json", absent.Message, StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private static ResultFile Full() => File(Ours("W1-A", 1, 400) with
    {
        Load = Produced(400) with
        {
            ValuesChecksum = ulong.MaxValue,
            Ack = new Latency
            {
                Count = 2,
                P50 = 1.5,
                P99 = 7,
                Max = 7,
                Curve = [new(50, 1.5), new(100, 7)],
                OverTime = [new(0, 1, 2, 3)],
            },
        },
        Broker = new BrokerUsage
        {
            CpuSeconds = 1,
            CpuPercent = 10,
            RssBytesPeak = 7,
            RssAnonBytesPeak = 6,
            RssAnonBytesOverTime = [5, 6],
            Seconds = 2,
        },
    }) with
    { DiskProbes = new Dictionary<string, DiskProbeResult> { ["W1-B#1"] = new(300, null) } };
}
