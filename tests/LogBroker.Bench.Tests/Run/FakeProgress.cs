using LogBroker.Bench.Results;
using LogBroker.Bench.Run;

namespace LogBroker.Bench.Tests.Run;

internal sealed class FakeProgress : IRunProgress
{
    public List<string> Lines { get; } = [];

    public void Note(string line) => Lines.Add(line);

    public void Warn(string line) => Lines.Add("warning: " + line);

    public void Begin(PlannedRun run, int number, int total)
    {
    }

    public void End(PlannedRun run, RunResult result, TimeSpan elapsed) =>
        Lines.Add($"{run.Title}: {RunLine.Of(run.Scenario, result)}");
}
