using LogBroker.Chaos;

namespace LogBroker.EndToEnd.Tests;

/// <summary>Rows 18 to 20, 30 and 32: nodes and clients that are slow, stopped or starved.</summary>
public sealed class StoppedNodesTests
{
    private const int Seed = 7;

    [Fact]
    public Task Row18_a_slow_disk_of_the_leader_delays_and_loses_nothing() =>
        SceneTest.RunAsync(SceneTest.Small with { HasSlowDisk = true }, faults: 1, leaderChanges: 0, async scene =>
        {
            await scene.FireAsync(SlowDisk.Of(scene, await scene.LeaderAsync(), milliseconds: 700), () => scene.ProgressAsync(100));
        });

    [Fact]
    public Task Row19_a_leader_that_was_stopped_is_fenced_when_it_goes_on() =>
        SceneTest.RunAsync(SceneTest.Small, faults: 1, leaderChanges: 1, async scene =>
        {
            int leader = await scene.LeaderAsync();
            int epoch = scene.Leaders.EpochOf(0);
            await scene.FireAsync(ProcessFaults.Pause(scene, 19, leader), async () =>
            {
                await scene.NewLeaderAsync(epoch);
                await scene.ProgressAsync(100);
            });
            await scene.ProgressAsync(60);
        });

    [Fact]
    public Task Row20_a_stopped_follower_and_a_consumer_that_takes_nothing_hold_nobody_up() =>
        SceneTest.RunAsync(SceneTest.Small, faults: 2, leaderChanges: 0, async scene =>
        {
            int follower = ChaosScene.Others(await scene.LeaderAsync())[0];
            await scene.FireAsync(ProcessFaults.Pause(scene, 20, follower), () => scene.ProgressAsync(150));
            await scene.FireAsync(ProcessFaults.HoldReader(scene, new Random(Seed)), () => scene.ProgressAsync(150));
        });

    [Fact]
    public Task Row30_a_node_without_file_descriptors_serves_again_when_it_has_some() =>
        SceneTest.RunAsync(SceneTest.Small, faults: 1, leaderChanges: 0, async scene =>
        {
            int follower = ChaosScene.Others(await scene.LeaderAsync())[0];
            await scene.FireAsync(Starvation.Descriptors(scene, follower), () => scene.ProgressAsync(100));
            await scene.InSyncAsync(follower);
        });

    [Fact]
    public Task Row32_a_leader_with_little_cpu_loses_nothing() =>
        SceneTest.RunAsync(SceneTest.Small, faults: 1, leaderChanges: 0, async scene =>
        {
            await scene.FireAsync(Starvation.Cpu(scene, await scene.LeaderAsync()), () => scene.ProgressAsync(100));
        });
}
