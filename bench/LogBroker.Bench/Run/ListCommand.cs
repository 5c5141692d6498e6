using System.CommandLine;
using LogBroker.Bench.Plan;

namespace LogBroker.Bench.Run;

/// <summary><c>list</c>: what each workload asks, and its scenarios.</summary>
internal static class ListCommand
{
    public static Command Create(BenchHost host)
    {
        var command = new Command("list", "Explains the workloads and their scenarios.");
        command.SetAction(_ => Write(host.Out));
        return command;
    }

    private static int Write(TextWriter writer)
    {
        foreach (Workload workload in WorkloadCatalogue.All)
        {
            writer.WriteLine($"{workload.Id}  {workload.Question}");
            writer.WriteLine($"    {workload.Why}");
            int width = workload.Scenarios.Max(s => s.Name.Length);
            foreach (Scenario scenario in workload.Scenarios)
            {
                writer.WriteLine($"    {scenario.Name.PadRight(width)}  {ScenarioLine.Of(scenario)}");
            }

            writer.WriteLine();
        }

        writer.WriteLine("A: acknowledged = in the page cache. B: acknowledged = fsynced. The two are never compared.");
        return 0;
    }
}
