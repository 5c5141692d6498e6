using LogBroker.Bench.Plan;
using LogBroker.Bench.Run;
using LogBroker.Bench.Systems;

namespace LogBroker.Bench.Tests.Run;

public sealed class RunPlanTests
{
    private static readonly IReadOnlyList<IBenchedSystem> Systems =
        [new FakeSystem("logbroker", "sdk"), new FakeSystem("kafka", "java", "franz-go"), new FakeSystem("nats") { Absence = "no file" }];

    [Fact]
    public void Rounds_of_a_scenario_stand_next_to_each_other_and_even_ones_run_backwards()
    {
        RunPlan plan = RunPlan.Create(new RunOptions { Workloads = ["W1"], Rounds = 2 }, Systems);
        string[] expected =
        [
            "W1-A#1 logbroker/sdk", "W1-A#1 kafka/java", "W1-A#1 kafka/franz-go",
            "W1-A#2 kafka/franz-go", "W1-A#2 kafka/java", "W1-A#2 logbroker/sdk",
            "W1-B#1 logbroker/sdk", "W1-B#1 kafka/java", "W1-B#1 kafka/franz-go",
            "W1-B#2 kafka/franz-go", "W1-B#2 kafka/java", "W1-B#2 logbroker/sdk",
        ];
        Assert.Equal(expected, plan.Runs.Select(r => r.Title));
        Assert.Equal([0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2], plan.Runs.Select(r => r.Turn));
    }

    [Fact]
    public void Three_rounds_of_everything_on_one_node_is_the_default()
    {
        RunPlan plan = RunPlan.Create(new RunOptions(), Systems);
        Assert.Equal(WorkloadCatalogue.All.Sum(w => w.Scenarios.Count(s => s.Nodes == 1)), plan.Scenarios.Count);
        Assert.Equal(plan.Scenarios.Count * 3 * 3, plan.Runs.Count);
    }

    [Fact]
    public void Three_nodes_are_run_when_they_are_named()
    {
        Assert.Equal(4, RunPlan.Create(new RunOptions { Workloads = ["W10"] }, Systems).Scenarios.Count);
        Assert.Equal("W11-kill", Assert.Single(RunPlan.Create(new RunOptions { Scenarios = ["W11-kill"] }, Systems).Scenarios).Name);
        Assert.DoesNotContain(RunPlan.Create(new RunOptions { Classes = [DurabilityClass.B] }, Systems).Scenarios, s => s.Nodes > 1);
    }

    [Fact]
    public void A_system_that_is_absent_is_left_out_with_why()
    {
        RunPlan plan = RunPlan.Create(new RunOptions { Scenarios = ["W1-A"] }, Systems);
        Assert.Equal(["nats: no file"], plan.LeftOut);
        Assert.DoesNotContain(plan.Runs, r => r.System.Name == "nats");
        Assert.Throws<UsageException>(() => RunPlan.Create(new RunOptions { Systems = ["nats"] }, Systems));

        var redis = new FakeSystem("redis") { Absence = "redis is left out: no program" };
        RunPlan named = RunPlan.Create(new RunOptions(), [Systems[0], redis]);
        Assert.Equal(["redis is left out: no program"], named.LeftOut);
    }

    [Fact]
    public void Classes_narrow_the_scenarios()
    {
        RunPlan plan = RunPlan.Create(new RunOptions { Workloads = ["W1", "W6"], Classes = [DurabilityClass.B] }, Systems);
        Assert.Equal(["W1-B", "W6-B"], plan.Scenarios.Select(s => s.Name));
    }

    [Fact]
    public void The_quick_plan_is_one_short_round_of_ours_and_Kafka_with_its_better_client()
    {
        RunPlan plan = RunPlan.Create(new RunOptions { Quick = true }, Systems);
        Assert.Equal(["W1", "W5", "W6"], plan.Scenarios.Select(s => s.Workload).Distinct());
        Assert.Equal(["logbroker/sdk", "kafka/franz-go"], plan.Runs.Select(r => $"{r.System.Name}/{r.Client}").Distinct());
        Assert.All(plan.Runs, r => Assert.Equal(1, r.Round));
        Assert.True(plan.Runs.Sum(r => (r.Scenario.Warmup + r.Scenario.Duration).TotalSeconds) <= 80);
    }

    [Fact]
    public void Given_times_replace_those_of_scenarios_that_time_bounds()
    {
        RunPlan plan = RunPlan.Create(new RunOptions { Scenarios = ["W1-A", "W8-warm-1"], Seconds = 3, WarmupSeconds = 0 }, Systems);
        Assert.Equal(TimeSpan.FromSeconds(3), plan.Scenarios[0].Duration);
        Assert.Equal(TimeSpan.Zero, plan.Scenarios[0].Warmup);
        Assert.Contains(plan.Scenarios[1], WorkloadCatalogue.All.Single(w => w.Id == "W8").Scenarios);
    }
}
