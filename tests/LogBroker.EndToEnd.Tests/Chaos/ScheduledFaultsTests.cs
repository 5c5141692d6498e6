using LogBroker.Chaos;

namespace LogBroker.EndToEnd.Tests;

/// <summary>A short form of tests/chaos/run.sh.</summary>
public sealed class ScheduledFaultsTests
{
    [Fact]
    public async Task A_run_under_faults_by_a_seed_is_clean()
    {
        var settings = new RunSettings
        {
            Seed = 20_262,
            Time = TimeSpan.FromSeconds(8),
            Scene = SceneTest.Small with { HasImages = Environment.IsPrivilegedProcess },
        };
        using var progress = new StringWriter();
        var run = await ChaosRun.RunAsync(settings, progress);
        Assert.True(run.Outcome.IsValid, RunReport.Of(run, "the test"));
    }
}
