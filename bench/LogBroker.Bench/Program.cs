using System.CommandLine;
using LogBroker.Bench.Load;
using LogBroker.Bench.Plan;

if (args.Length > 0)
{
    var root = new RootCommand("Measures LogBroker beside other systems.") { LoadCommand.Create() };
    return await root.Parse(args).InvokeAsync();
}

foreach (Workload workload in WorkloadCatalogue.All)
{
    Console.WriteLine($"{workload.Id}  {workload.Question}");
}

return 0;
