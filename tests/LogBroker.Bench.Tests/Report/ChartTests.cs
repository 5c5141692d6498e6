using System.Globalization;
using System.Xml.Linq;
using LogBroker.Bench.Report.Charts;
using LogBroker.Bench.Results;
using static LogBroker.Bench.Tests.Report.SampleResults;

namespace LogBroker.Bench.Tests.Report;

public sealed class ChartTests
{
    private static readonly XNamespace Svg = "http://www.w3.org/2000/svg";

    [Fact]
    public void Bars_have_title_axis_values_and_whiskers()
    {
        Chart chart = Assert.Single(ScenarioCharts.Of(
            Set(
                Ours("W1-A", 1, 400), Ours("W1-A", 2, 420), Theirs("W1-A", "a<b>&\"c\"", 1, 100),
                Failed("W1-A", "nats", "nats-cli", 1, "x")),
            Scenario("W1-A")));
        Assert.Equal("W1-A-throughput.svg", chart.FileName);
        string[] texts = Texts(chart);
        Assert.Contains("W1-A: throughput", texts);
        Assert.Contains("MB/s of values (10⁶ bytes)", texts);
        Assert.Contains("logbroker · sdk", texts);
        Assert.Contains("kafka · a<b>&\"c\"", texts);
        Assert.Contains("410", texts);
        Assert.DoesNotContain("nats · nats-cli", texts);
        AssertInside(chart);
    }

    [Fact]
    public void Both_ways_are_told_apart()
    {
        ClientResult both = Produced(200) with { Consumed = new Throughput(1_000_000, 1_900_000_000, 10) };
        Chart chart = Assert.Single(ScenarioCharts.Of(Set(Made("W4-A", "logbroker", "sdk", 1, both)), Scenario("W4-A")));
        Assert.Contains("in 200", Texts(chart));
        Assert.Contains("out 190", Texts(chart));
        AssertInside(chart);
        Chart oneWay = Assert.Single(ScenarioCharts.Of(Set(Made("W1-A", "kafka", "franz-go", 1, both)), Scenario("W1-A")));
        Assert.Contains("200", Texts(oneWay));
        Assert.DoesNotContain("out 190", Texts(oneWay));
    }

    [Fact]
    public void A_fixed_rate_has_curves_and_time_and_no_bars()
    {
        var latency = new Latency
        {
            Count = 100_000,
            P50 = 500,
            P99 = 1500,
            Max = 90_000,
            Curve = [.. Enumerable.Range(0, 100).Select(i => new CurvePoint(i, 400 + (i * 10))), new(100, 90_000)],
            OverTime = [.. Enumerable.Range(0, 10).Select(i => new SecondPoint(i, 500, 1500, 2000))],
        };
        Chart[] charts =
        [
            .. ScenarioCharts.Of(
                Set(
                    Made("W5-A-5000", "logbroker", "sdk", 1, new ClientResult { Client = "sdk", EndToEnd = latency }),
                    Made("W5-A-5000", "kafka", "franz-go", 1, EndToEnd(1600, 17_000))),
                Scenario("W5-A-5000")),
        ];
        Assert.Equal(["W5-A-5000-latency.svg", "W5-A-5000-overtime.svg"], charts.Select(c => c.FileName));
        Assert.Empty(((string[])["50", "90", "99", "99.9", "99.99", "10 ms", "latency (log scale)"]).Except(Texts(charts[0])));
        Assert.Contains("kafka · franz-go", Texts(charts[0]));
        Assert.DoesNotContain("kafka · franz-go", Texts(charts[1]));
        Assert.All(charts, AssertInside);
    }

    [Theory]
    [InlineData(420, 50)]
    [InlineData(1.5, 0.25)]
    [InlineData(90_000, 10_000)]
    public void Steps_of_an_axis_are_round(double max, double step) => Assert.Equal(step, BarChart.NiceStep(max), 1e-9);

    private static string[] Texts(Chart chart) => [.. XDocument.Parse(chart.Svg).Descendants(Svg + "text").Select(t => t.Value)];

    /// <summary>No text leaves the picture, taking a character as 0.6 of the font size.</summary>
    private static void AssertInside(Chart chart)
    {
        XElement root = XDocument.Parse(chart.Svg).Root!;
        double Number(XElement e, string name) => double.Parse(e.Attribute(name)!.Value, CultureInfo.InvariantCulture);
        Assert.Equal("#ffffff", root.Element(Svg + "rect")!.Attribute("fill")!.Value);
        foreach (XElement text in root.Descendants(Svg + "text").Where(t => t.Attribute("transform") is null))
        {
            double width = text.Value.Length * Number(text, "font-size") * 0.6;
            double before = text.Attribute("text-anchor")?.Value switch { "end" => width, "middle" => width / 2, _ => 0 };
            double left = Number(text, "x") - before;
            Assert.True(left >= 0 && left + width <= SvgCanvas.Width, text.Value);
            Assert.InRange(Number(text, "y"), 0, Number(root, "height"));
        }
    }
}
