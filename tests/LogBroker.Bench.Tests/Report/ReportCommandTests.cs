using System.CommandLine;
using LogBroker.Bench.Report;
using LogBroker.Bench.Results;
using Spectre.Console;
using static LogBroker.Bench.Tests.Report.SampleResults;

namespace LogBroker.Bench.Tests.Report;

public sealed class ReportCommandTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("bench-report").FullName;
    private readonly StringWriter _output = new();
    private readonly StringWriter _errors = new();

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void Without_out_the_Markdown_is_printed_and_has_no_charts()
    {
        Assert.Equal(0, Made("report", Results()));
        Assert.StartsWith("# Benchmarks\n", _output.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain(".svg", _output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Charts_stand_beside_the_file_in_a_folder_of_its_name()
    {
        string file = Path.Combine(_directory, "docs", "speed.md");
        Assert.Equal(0, Made("report", Results(), "--out", file));
        Assert.Contains("(speed/W1-A-throughput.svg)", System.IO.File.ReadAllText(file), StringComparison.Ordinal);
        Assert.True(System.IO.File.Exists(Path.Combine(_directory, "docs", "speed", "W1-A-throughput.svg")));
    }

    [Fact]
    public void A_folder_for_the_charts_is_referred_to_from_the_file()
    {
        Assert.Equal(0, Made("report", Results(), "--out", Path.Combine(_directory, "a"), "--charts", Path.Combine(_directory, "b", "c")));
        Assert.Contains(
            "(../b/c/W1-A-throughput.svg)", System.IO.File.ReadAllText(Path.Combine(_directory, "a", "benchmarks.md")),
            StringComparison.Ordinal);
    }

    [Fact]
    public void Missing_and_strange_files_are_named()
    {
        Assert.Equal(2, Made("report", Path.Combine(_directory, "none.json")));
        Assert.Contains("none.json", _errors.ToString(), StringComparison.Ordinal);
        Assert.Equal(2, Made("report", Results(), "--notes", Path.Combine(_directory, "none.md")));
        Assert.Contains("none.md", _errors.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void The_console_shows_medians_ratios_failures_and_what_was_left_out()
    {
        using var text = new StringWriter();
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = AnsiSupport.No,
            ColorSystem = ColorSystemSupport.NoColors,
            Out = new AnsiConsoleOutput(text),
        });
        ConsoleSummary.Write(console, File(
            Ours("W1-A", 1, 400), Theirs("W1-A", "java", 1, 100), Failed("W1-A", "nats", "nats-cli", 1, "[did] not start")) with
        {
            LeftOut = ["redis: absent"],
        });
        string shown = text.ToString();
        Assert.Contains("400 MB/s", shown, StringComparison.Ordinal);
        Assert.Contains("in 4.00×", shown, StringComparison.Ordinal);
        Assert.Contains("nats · nats-cli failed", shown, StringComparison.Ordinal);
        Assert.Contains("W1-A, nats · nats-cli, round 1: failed: [did] not start", shown, StringComparison.Ordinal);
        Assert.Contains("left out: redis: absent", shown, StringComparison.Ordinal);
    }

    private string Results()
    {
        string file = Path.Combine(_directory, "r.json");
        ResultFileJson.Write(file, File(Ours("W1-A", 1, 400), Theirs("W1-A", "java", 1, 100)));
        return file;
    }

    private int Made(params string[] arguments)
    {
        var root = new RootCommand();
        root.Subcommands.Add(ReportCommand.Create());
        return root.Parse(arguments).Invoke(new InvocationConfiguration { Output = _output, Error = _errors });
    }
}
