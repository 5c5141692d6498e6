using LogBroker.Chaos;
using LogBroker.TestKit;

namespace LogBroker.EndToEnd.Tests;

/// <summary>Rows 3 to 5: power cuts, on loop images.</summary>
public sealed class PowerCutTests
{
    [Fact]
    public Task Row04_a_power_cut_of_all_nodes_at_once_loses_nothing_that_was_acknowledged() =>
        SceneTest.RunAsync(SceneTest.Small with { HasImages = true }, faults: 2, leaderChanges: 1, async scene =>
        {
            for (int i = 0; i < 2; i++)
            {
                await scene.FireAsync(DiskFaults.CutPower(scene, 4, 1, 2, 3), () => Task.CompletedTask);
                await scene.ProgressAsync(100);
            }
        });

    [Fact]
    public Task Row03_a_power_cut_of_the_leader_loses_nothing_that_was_acknowledged() =>
        SceneTest.RunAsync(SceneTest.Small with { HasImages = true }, faults: 1, leaderChanges: 1, async scene =>
        {
            int leader = await scene.LeaderAsync();
            int epoch = scene.Leaders.EpochOf(0);
            await scene.FireAsync(DiskFaults.CutPower(scene, 3, leader), () => scene.NewLeaderAsync(epoch));
            await scene.ProgressAsync(100);
        });

    /// <summary>
    /// The proof that these tests could fail: with disks that lie about syncs the same power cut loses what was acknowledged, and the
    /// checker says so.
    /// </summary>
    [Fact]
    public async Task Disks_that_lie_about_syncs_are_found_out_by_a_power_cut()
    {
        var settings = SceneTest.Small with { HasImages = true, HasSlowDisk = true };
        await using var scene = await SceneTest.OrSkipAsync(ChaosScene.StartAsync(settings));
        for (int node = 1; node <= NodeNetwork.NodesCount; node++)
            scene.SlowDisk!.Delay(node, SlowDisk.Lie);
        await scene.ProgressAsync(300);
        await scene.FireAsync(DiskFaults.CutPower(scene, 4, 1, 2, 3), () => Task.CompletedTask);
        var outcome = await scene.FinishAsync(new CheckOptions());
        Assert.Contains(Anomaly.LostOnReplica, outcome.Report.Kinds);
        Assert.NotEmpty(outcome.Report.Losses);
    }

    /// <summary>
    /// Pause A, write through B and C, cut B's power, pause C, resume A, start B. Another system elected a leader without the
    /// acknowledged records then, and stayed split for good (NATS#7567): it had acknowledged what B had not synced.
    /// </summary>
    [Fact]
    public Task Row05_S27_one_power_cut_between_pauses_splits_nothing_and_loses_nothing() =>
        SceneTest.RunAsync(SceneTest.Small with { HasImages = true }, faults: 1, leaderChanges: 1, async scene =>
        {
            int a = await scene.LeaderAsync();
            var fault = DiskFaults.PauseAndPowerCut(scene, a, ChaosScene.Others(a)[0], ChaosScene.Others(a)[1]);
            await scene.FireAsync(fault, () => scene.ProgressAsync(60));
            await scene.ProgressAsync(60);
        });
}
