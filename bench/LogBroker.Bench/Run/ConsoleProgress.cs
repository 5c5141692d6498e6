using LogBroker.Bench.Results;
using Spectre.Console;

namespace LogBroker.Bench.Run;

/// <summary>One line a run; on a terminal in colour, and with the run that is going on as a passing line below.</summary>
/// <param name="writer">Where it goes.</param>
/// <param name="terminal">The same place as a terminal; null when it is none.</param>
internal sealed class ConsoleProgress(TextWriter writer, IAnsiConsole? terminal) : IRunProgress
{
    private const string ClearLine = "\r\u001b[2K";

    private string _place = "";

    /// <summary>On the standard output of this program.</summary>
    public static ConsoleProgress ForStandardOutput() =>
        new(Console.Out, Console.IsOutputRedirected ? null : AnsiConsole.Console);

    public void Note(string line) => Write(line, "default");

    public void Warn(string line) => Write("warning: " + line, "yellow");

    public void Begin(PlannedRun run, int number, int total)
    {
        _place = $"[{number.ToString().PadLeft(total.ToString().Length)}/{total}] {run.Title}";
        if (terminal is not null)
        {
            writer.Write(_place + " …");
            writer.Flush();
        }
    }

    public void End(PlannedRun run, RunResult result, TimeSpan elapsed)
    {
        if (terminal is not null)
        {
            writer.Write(ClearLine);
            writer.Flush();
        }

        string line = FormattableString.Invariant($"{_place}: {RunLine.Of(run.Scenario, result)} [{elapsed.TotalSeconds:0} s]");
        Write(line, result.Failure is null ? "default" : "red");
    }

    private void Write(string line, string colour)
    {
        if (terminal is null)
        {
            writer.WriteLine(line);
            writer.Flush();
        }
        else
        {
            terminal.MarkupLineInterpolated($"[{colour}]{line}[/]");
        }
    }
}
