using LogBroker.Bench.Plan;

foreach (Workload workload in WorkloadCatalogue.All)
{
    Console.WriteLine($"{workload.Id}  {workload.Question}");
}
