using System.CommandLine;
using LogBroker.Bench.Report.Charts;
using LogBroker.Bench.Results;
using LogBroker.Bench.Systems;

namespace LogBroker.Bench.Report;

/// <summary><c>report</c>: renders result files as Markdown with charts, as often as one likes.</summary>
public static class ReportCommand
{
    private const string FileInDirectory = "benchmarks.md";

    /// <summary>
    /// The command. Its action returns 0, or 2 with a line on stderr when a file cannot be read or the files do not belong together.
    /// </summary>
    public static Command Create()
    {
        var files = new Argument<string[]>("FILE") { Description = "Result files of run.", Arity = ArgumentArity.OneOrMore };
        var outOption = new Option<string?>("--out")
        {
            Description = $"Where the Markdown goes: a file that ends in .md, or a folder, where it is called {FileInDirectory}."
                + " Without it the Markdown is printed.",
            HelpName = "DIR|FILE.md",
        };
        var charts = new Option<string?>("--charts")
        {
            Description = "Where the charts go. By default a folder beside the Markdown and with its name; with neither, no charts.",
            HelpName = "DIR",
        };
        var notes = new Option<string?>("--notes")
        {
            Description = "A Markdown file whose sections (## Introduction, ## Why a target was missed: ROW, ## What this does not show,"
                + " a workload, a scenario) are merged in.",
            HelpName = "FILE",
        };
        var command = new Command("report", "Render results as Markdown with charts.") { files, outOption, charts, notes };
        command.SetAction(parsed => Run(
            parsed.GetValue(files) ?? [], parsed.GetValue(outOption), parsed.GetValue(charts), parsed.GetValue(notes),
            parsed.InvocationConfiguration.Output, parsed.InvocationConfiguration.Error));
        return command;
    }

    internal static int Run(
        IReadOnlyList<string> files, string? outPath, string? chartDirectory, string? notesFile, TextWriter output, TextWriter errors)
    {
        try
        {
            string? markdownFile = outPath is null ? null
                : outPath.EndsWith(".md", StringComparison.OrdinalIgnoreCase) ? outPath : Path.Combine(outPath, FileInDirectory);
            chartDirectory ??= markdownFile is null ? null : Path.ChangeExtension(markdownFile, null);
            Notes notes = notesFile is null ? Notes.None : Notes.Parse(File.ReadAllText(notesFile), notesFile);
            RenderedReport report = MarkdownReport.Render(
                [.. files.Select(f => (f, ResultFileJson.Read(f)))], notes, RelativeFolder(markdownFile, chartDirectory));
            Write(report, markdownFile, chartDirectory, output);
            foreach (string warning in report.Warnings)
            {
                errors.WriteLine($"warning: {warning}");
            }

            return 0;
        }
        catch (Exception e) when (e is BenchException or IOException or UnauthorizedAccessException)
        {
            errors.WriteLine($"report: {e.Message}");
            return 2;
        }
    }

    private static void Write(RenderedReport report, string? markdownFile, string? chartDirectory, TextWriter output)
    {
        if (chartDirectory is not null)
        {
            Directory.CreateDirectory(chartDirectory);
            foreach (Chart chart in report.Charts)
            {
                File.WriteAllText(Path.Combine(chartDirectory, chart.FileName), chart.Svg);
            }
        }

        if (markdownFile is null)
        {
            output.Write(report.Markdown);
            return;
        }

        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(markdownFile))!);
        File.WriteAllText(markdownFile, report.Markdown);
        output.WriteLine($"{markdownFile} and {report.Charts.Count} charts in {chartDirectory}");
    }

    /// <summary>From the folder of the Markdown (of this process when it is printed) to the charts.</summary>
    private static string? RelativeFolder(string? markdownFile, string? chartDirectory)
    {
        if (chartDirectory is null)
        {
            return null;
        }

        string from = markdownFile is null ? Environment.CurrentDirectory : Path.GetDirectoryName(Path.GetFullPath(markdownFile))!;
        string relative = Path.GetRelativePath(from, Path.GetFullPath(chartDirectory)).Replace('\\', '/');
        return relative == "." ? "" : relative;
    }
}
