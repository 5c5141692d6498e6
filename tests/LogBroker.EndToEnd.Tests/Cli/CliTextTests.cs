using System.Text;
using LogBroker.Cli;
using LogBroker.Client;
using LogBroker.Protocol;

namespace LogBroker.EndToEnd.Tests.Cli;

/// <summary>What people type: delimiters, rates, spans, headers, positions.</summary>
public sealed class CliTextTests
{
    [Theory]
    [InlineData("\\n", "0A")]
    [InlineData("\\n\\n", "0A0A")]
    [InlineData("\\0", "00")]
    [InlineData("\\t", "09")]
    [InlineData("\\r\\n", "0D0A")]
    [InlineData("\\\\", "5C")]
    [InlineData("\\x1e", "1E")]
    [InlineData(",", "2C")]
    [InlineData("--é--", "2D2DC3A92D2D")]
    public void Delimiters_have_escapes(string text, string hex) =>
        Assert.Equal(hex, Convert.ToHexString(Escapes.Delimiter(text, "-D")));

    [Theory]
    [InlineData("")]
    [InlineData("\\q")]
    [InlineData("\\")]
    [InlineData("\\x1")]
    public void Bad_delimiters_are_refused(string text) =>
        Assert.Equal(2, (int)Assert.Throws<CliException>(() => Escapes.Delimiter(text, "-D")).Exit);

    [Theory]
    [InlineData("5000", 5000)]
    [InlineData("5k", 5000)]
    [InlineData("5k/s", 5000)]
    [InlineData("1.5M/s", 1_500_000)]
    [InlineData("300/m", 5)]
    [InlineData("3600/h", 1)]
    [InlineData("2m", 2_000_000)]
    public void Rates_are_records_per_second(string text, double perSecond) =>
        Assert.Equal(perSecond, RecordRate.Parse(text).RecordsPerSecond, 6);

    [Theory]
    [InlineData("")]
    [InlineData("0")]
    [InlineData("-5")]
    [InlineData("5k/fortnight")]
    [InlineData("k")]
    [InlineData("1e400")]
    public void Bad_rates_are_refused(string text) => Assert.Throws<CliException>(() => RecordRate.Parse(text));

    [Theory]
    [InlineData("500ms", 0.5)]
    [InlineData("10s", 10)]
    [InlineData("10", 10)]
    [InlineData("1.5m", 90)]
    [InlineData("2h", 7200)]
    public void Spans_have_units(string text, double seconds) =>
        Assert.Equal(seconds, DurationText.Parse(text, "--timeout").TotalSeconds, 6);

    [Theory]
    [InlineData("")]
    [InlineData("ten")]
    [InlineData("10 parsecs")]
    [InlineData("0s")]
    [InlineData("-1s")]
    public void Bad_spans_are_refused(string text) => Assert.Throws<CliException>(() => DurationText.Parse(text, "--timeout"));

    [Fact]
    public void A_header_is_split_at_its_first_colon()
    {
        RecordHeader header = RecordTemplate.ParseHeader("url:http://x");
        Assert.Equal("url", header.Key);
        Assert.Equal("http://x", Encoding.UTF8.GetString(header.Value!.Value.Span));
        Assert.Throws<CliException>(() => RecordTemplate.ParseHeader("nothing"));
    }

    [Theory]
    [InlineData("parttions", "partitions")]
    [InlineData("prtitions", "partitions")]
    [InlineData("aprtitions", "partitions")]
    [InlineData("conf", "config")]
    [InlineData("zebra", null)]
    public void The_nearest_word_is_suggested_when_it_is_near(string word, string? expected) =>
        Assert.Equal(expected, Suggestions.Nearest(word, ["partitions", "config", "replication-factor"]));

    [Fact]
    public void A_plan_has_positions_and_ranges()
    {
        var time = new StoppedClock(DateTimeOffset.UnixEpoch.AddDays(1));
        ConsumePlan all = ConsumePlan.Parse(null, null, [], false, time);
        Assert.Equal((Position.Start, Position.End), (all.From, all.Until!.Value));
        ConsumePlan range = ConsumePlan.Parse("10:20", null, ["0,2", "4-6"], false, time);
        Assert.Equal((Position.At(10), Position.At(20)), (range.From, range.Until!.Value));
        Assert.Equal([0, 2, 4, 5, 6], range.Partitions!);
        Assert.Equal(Position.AtTimestampMs(23 * 3_600_000), ConsumePlan.Parse("@-1h", null, [], true, time).From);
        Assert.Null(ConsumePlan.Parse("end", null, [], true, time).Until);
    }

    [Fact]
    public void A_plan_has_offsets_by_partition()
    {
        ConsumePlan plan = ConsumePlan.Parse("0=120,1=98,-5", null, [], false, TimeProvider.System);
        Assert.Equal(120, plan.Offsets[0]);
        Assert.Equal(98, plan.Offsets[1]);
        Assert.Equal((Position.BeforeEnd(5), true), (plan.From, plan.ReadsOthers));
        Assert.False(ConsumePlan.Parse("0=120", null, [], false, TimeProvider.System).ReadsOthers);
    }

    [Theory]
    [InlineData("nowhere", null, false)]
    [InlineData("10:20", "30", false)]
    [InlineData("start", "end", true)]
    [InlineData("0=x", null, false)]
    [InlineData("0=1,0=2", null, false)]
    public void Contradictions_are_refused(string from, string? until, bool follows) =>
        Assert.Throws<CliException>(() => ConsumePlan.Parse(from, until, [], follows, TimeProvider.System));

    [Fact]
    public void The_resume_hint_is_what_from_reads()
    {
        Assert.Equal("12345", ConsumeRun.ResumeFrom(new Dictionary<int, long> { [0] = 12345 }, 1, Position.Start));
        Assert.Equal("0=5,2=7,start", ConsumeRun.ResumeFrom(new Dictionary<int, long> { [2] = 7, [0] = 5 }, 3, Position.Start));
        Assert.Equal("0=5,1=7", ConsumeRun.ResumeFrom(new Dictionary<int, long> { [1] = 7, [0] = 5 }, 2, Position.Start));
        Assert.Null(ConsumeRun.ResumeFrom(new Dictionary<int, long>(), 2, Position.Start));
    }

    [Theory]
    [InlineData(0, "0 B")]
    [InlineData(1023, "1023 B")]
    [InlineData(1536, "1.5 KiB")]
    [InlineData(50L * 1024 * 1024, "50 MiB")]
    [InlineData(long.MaxValue, "8192 PiB")]
    public void Sizes_are_readable(long bytes, string text) => Assert.Equal(text, HumanSize.Bytes(bytes));

    [Fact]
    public void A_progress_line_fits_the_terminal()
    {
        Assert.Equal("[############............]  50%  half", ProgressLine.Render(0.5, "half", 80));
        Assert.Equal(39, ProgressLine.Render(0.5, new string('x', 100), 40).Length);
    }

    private sealed class StoppedClock(DateTimeOffset now) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => now;
    }
}
