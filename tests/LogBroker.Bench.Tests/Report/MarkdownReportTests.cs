using System.Text.RegularExpressions;
using LogBroker.Bench.Report;
using LogBroker.Bench.Results;
using LogBroker.Bench.Systems;
using static LogBroker.Bench.Tests.Report.SampleResults;

namespace LogBroker.Bench.Tests.Report;

public sealed partial class MarkdownReportTests
{
    [Fact]
    public void Cells_are_medians_with_their_range_and_a_failed_round_is_counted_but_not_averaged()
    {
        string text = Render(File(
            Ours("W1-A", 1, 400), Ours("W1-A", 2, 420), Ours("W1-A", 3, 410), Theirs("W1-A", "java", 1, 100),
            Failed("W1-A", "kafka", "java", 2, "exit code 1:\nno | space"), Failed("W1-A", "nats", "nats-cli", 1, "did not start")))
            .Markdown;
        Assert.Contains("| logbroker · sdk | 410 k (400–420) | 410 (400–420) | 3 |", text, StringComparison.Ordinal);
        Assert.Contains("| kafka · java | 100 k | 100 | 1 of 2 |", text, StringComparison.Ordinal);
        Assert.Contains("| nats · nats-cli |  |  | **failed** |", text, StringComparison.Ordinal);
        Assert.Contains("- W1-A, kafka · java, round 2: **failed**: exit code 1: no | space", text, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_not_there_is_an_empty_cell_and_a_measured_zero_is_0()
    {
        ClientResult withDelay = Produced(400) with { PublishDelay = new Latency { Count = 1, P50 = 0, P99 = 0, Max = 0 } };
        string text = Render(File(Made("W1-A", "logbroker", "sdk", 1, withDelay), Theirs("W1-A", "java", 1, 100))).Markdown;
        Assert.Contains("| speed | in, records/s | in, MB/s | publish delay p99 | rounds |", text, StringComparison.Ordinal);
        Assert.Contains("| logbroker · sdk | 400 k | 400 | 0 µs | 1 |", text, StringComparison.Ordinal);
        Assert.Contains("| kafka · java | 100 k | 100 |  | 1 |", text, StringComparison.Ordinal);
    }

    [Fact]
    public void No_table_holds_both_classes()
    {
        string text = Render(File(
            Ours("W1-A", 1, 400), Theirs("W1-A", "java", 1, 500), Ours("W1-B", 1, 200), Theirs("W1-B", "java", 1, 250))).Markdown;
        string[] tables = [.. text.Split("\n\n").Where(b => b.StartsWith('|'))];
        Assert.NotEmpty(tables);
        Assert.DoesNotContain(
            tables, t => t.Contains("W1-A", StringComparison.Ordinal) && t.Contains("W1-B", StringComparison.Ordinal));
    }

    [Fact]
    public void Losses_are_listed_by_themselves()
    {
        string text = Render(File(
            Ours("W1-A", 1, 400), Theirs("W1-A", "java", 1, 500), Ours("W1-A", 2, 400), Theirs("W1-A", "java", 2, 300),
            Ours("W1-A", 3, 400), Theirs("W1-A", "java", 3, 500))).Markdown;
        string losses = Section(text, "Where we lose");
        Assert.Contains(
            "| W1-A | in, MB/s | kafka | 400 | 500 | 0.800× (0.800–1.33) | the rounds disagree |", losses, StringComparison.Ordinal);
        Assert.Contains("- W1-A, W1-A: in, MB/s ≥ 1.5× Kafka; measured 0.800×", losses, StringComparison.Ordinal);
        Assert.Contains("**0.800× (0.800–1.33)**", Section(text, "W1: How much"), StringComparison.Ordinal);

        string wins = Render(File(Ours("W1-A", 1, 400), Theirs("W1-A", "java", 1, 100))).Markdown;
        Assert.Contains("In no figure that was compared", Section(wins, "Where we lose"), StringComparison.Ordinal);
    }

    [Fact]
    public void Lost_records_are_shown_where_the_number_stands_and_among_the_failures()
    {
        RunResult lossy = Ours("W1-A", 1, 400) with { Verify = new VerifyResult(1000, 997, true) };
        string text = Render(File(lossy, Theirs("W1-A", "java", 1, 10) with { Verify = new VerifyResult(5, 6, null) })).Markdown;
        Assert.Contains("| logbroker · sdk | 400 k | 400 | **NO** | 1 |", text, StringComparison.Ordinal);
        Assert.Contains("| kafka · java | 10.0 k | 10.0 | yes | 1 |", text, StringComparison.Ordinal);
        Assert.Contains("**3 of 1,000 acknowledged records are missing**", Section(text, "Circumstances"), StringComparison.Ordinal);
        Assert.Contains("3 of 1,000", Section(text, "Where we lose"), StringComparison.Ordinal);
    }

    [Fact]
    public void Notes_are_merged_where_they_belong()
    {
        const string NotesText = """
            Not shown.
            ## Introduction
            Hello.
            ## Why a target was missed: W1-A
            The disk.
            ## Why a target was missed: W1-B
            Stale.
            ## W1
            About it.
            ## What this does not show
            The network.
            ## Method
            Of our own.
            """;
        RenderedReport report = Render(File(Ours("W1-A", 1, 300)), NotesText);
        Assert.Contains("\nHello.\n\n## Targets\n", report.Markdown, StringComparison.Ordinal);
        Assert.Contains("### W1-A\n\nThe disk.", Section(report.Markdown, "Why targets were missed"), StringComparison.Ordinal);
        Assert.Contains("About it.", Section(report.Markdown, "W1: "), StringComparison.Ordinal);
        Assert.Contains("The network.", Section(report.Markdown, "What this does not show"), StringComparison.Ordinal);
        Assert.Contains("Of our own.", Section(report.Markdown, "Method"), StringComparison.Ordinal);
        Assert.DoesNotContain("Stale.", report.Markdown, StringComparison.Ordinal);
        Assert.DoesNotContain("Not shown.", report.Markdown, StringComparison.Ordinal);
        Assert.Contains(report.Warnings, w => w.Contains("W1-B", StringComparison.Ordinal));
        Assert.Throws<BenchException>(() => Notes.Parse("## A\n## A\n", "notes"));
    }

    [Fact]
    public void Circumstances_name_everything_but_folders()
    {
        ResultFile file = File(Ours("W1-A", 1, 400) with
        {
            Version = "0.1.0",
            Configuration = "durability=memory, data in /var/tmp/x/data",
            FsyncBefore = Fsync(100),
            FsyncAfter = Fsync(400),
            Load = Produced(400) with { CommandLine = "/usr/local/bin/load --at http://127.0.0.1:1/a", Remark = "a remark" },
        }) with
        { LeftOut = ["redis: redis-server is not on PATH"] };
        string text = Render(file).Markdown;
        Assert.Contains("commit `abc1234`, Some CPU, 2 cores, 16.0 GB, ext4, kernel 6.1, .NET 10; "
            + "`run --workloads W1 --kafka-home …/kafka`", text, StringComparison.Ordinal);
        Assert.Contains("- redis: redis-server is not on PATH", text, StringComparison.Ordinal);
        Assert.Contains("- logbroker 0.1.0", text, StringComparison.Ordinal);
        Assert.Contains("durability=memory, data in …/data", text, StringComparison.Ordinal);
        Assert.Contains("`…/load --at http://127.0.0.1:1/a`", text, StringComparison.Ordinal);
        Assert.Contains("- logbroker · sdk: a remark", text, StringComparison.Ordinal);
        Assert.Contains("| 100 µs | 300 µs | 400 µs | 1.20 ms | 4.00× |", text, StringComparison.Ordinal);
        Assert.Contains("`sample.json`", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Remarks_that_differ_in_numbers_only_are_said_once()
    {
        string text = Render(File(
            Made("W1-A", "logbroker", "sdk", 1, Produced(1) with { Remark = "took 1.5 s" }),
            Made("W1-A", "logbroker", "sdk", 2, Produced(1) with { Remark = "took 2 s" }))).Markdown;
        Assert.Contains("- logbroker · sdk: took 1.5 s (round 1; other numbers in other rounds)\n", text, StringComparison.Ordinal);
        Assert.DoesNotContain("took 2 s", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Files_of_different_machines_or_settings_are_refused()
    {
        ResultFile one = File(Ours("W1-A", 1, 1));
        ResultFile other = one with { Machine = SomeMachine with { Cores = 64 } };
        BenchException refused = Assert.Throws<BenchException>(() => new RunSet([one, other]));
        Assert.Contains("different machines", refused.Message, StringComparison.Ordinal);
        ResultFile longer = one with { Scenarios = [Scenario("W1-A") with { Duration = TimeSpan.FromSeconds(60) }] };
        Assert.Contains("W1-A", Assert.Throws<BenchException>(() => new RunSet([one, longer])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_same_input_gives_the_same_text_and_all_rows_of_a_table_are_equally_wide()
    {
        ResultFile file = File(Ours("W1-A", 1, 400), Theirs("W1-A", "java", 1, 100), Failed("W1-A", "nats", "nats-cli", 1, "a|b"));
        string text = Render(file, charts: "benchmarks").Markdown;
        Assert.Equal(text, Render(file, charts: "benchmarks").Markdown);
        Assert.Contains("![W1-A: throughput](benchmarks/W1-A-throughput.svg)", text, StringComparison.Ordinal);
        foreach (string table in text.Split("\n\n").Where(b => b.StartsWith('|')))
        {
            Assert.Single(table.TrimEnd().Split('\n').Select(l => CellBorder().Count(l)).Distinct());
        }
    }

    [Theory]
    [InlineData(0, Unit.Microseconds, "0 µs")]
    [InlineData(999.4, Unit.Microseconds, "999 µs")]
    [InlineData(1_734, Unit.Microseconds, "1.73 ms")]
    [InlineData(999_600, Unit.Microseconds, "1.00 s")]
    [InlineData(9_999, Unit.RecordsPerSecond, "9,999")]
    [InlineData(1_154_000, Unit.RecordsPerSecond, "1.15 M")]
    [InlineData(12_345, Unit.MegabytesPerSecond, "12,345")]
    [InlineData(301_400_000, Unit.Bytes, "301 MB")]
    [InlineData(0.31, Unit.Seconds, "310 ms")]
    [InlineData(0.0351, Unit.Ratio, "0.0351×")]
    public void Numbers_are_written_for_people(double value, Unit unit, string text) => Assert.Equal(text, Quantity.Text(value, unit));

    private static string Section(string text, string heading)
    {
        int start = text.IndexOf("\n## " + heading, StringComparison.Ordinal);
        Assert.True(start >= 0, $"no section {heading}");
        int end = text.IndexOf("\n## ", start + 4, StringComparison.Ordinal);
        return end < 0 ? text[start..] : text[start..end];
    }

    [GeneratedRegex(@"(?<!\\)\|")]
    private static partial Regex CellBorder();
}
