using LogBroker.Bench.Plan;

namespace LogBroker.Bench.Tests;

public sealed class WorkloadCatalogueTests
{
    [Fact]
    public void Names_of_scenarios_are_unique_and_begin_with_their_workload()
    {
        Scenario[] all = [.. WorkloadCatalogue.All.SelectMany(w => w.Scenarios.Select(s => (w, s))).Select(p =>
        {
            Assert.Equal(p.w.Id, p.s.Workload);
            Assert.StartsWith(p.w.Id + "-", p.s.Name, StringComparison.Ordinal);
            return p.s;
        })];
        Assert.Equal(all.Length, all.Select(s => s.Name).Distinct().Count());
    }

    [Fact]
    public void Latency_is_measured_without_linger() =>
        Assert.All(
            WorkloadCatalogue.All.SelectMany(w => w.Scenarios).Where(s => s.Kind is LoadKind.FixedRate or LoadKind.Singles),
            s => Assert.Equal(TimeSpan.Zero, s.Linger));
}
