using LogBroker.Chaos;

namespace LogBroker.EndToEnd.Tests;

/// <summary>Rows 16, 17 and 38: disks that are wiped, old, or somebody else's.</summary>
public sealed class LostDiskTests
{
    [Fact]
    public Task Row16_a_wiped_node_comes_back_and_has_everything_again() =>
        SceneTest.RunAsync(SceneTest.Small, faults: 2, leaderChanges: 1, async scene =>
        {
            int leader = await scene.LeaderAsync();
            await scene.FireAsync(DiskFaults.Wipe(scene, leader), () => scene.ProgressAsync(60));
            await scene.ProgressAsync(60);
            // It has a vote again when a majority needs it.
            await scene.FireAsync(ProcessFaults.Kill(scene, ChaosScene.Others(leader)[0]), () => scene.ProgressAsync(60));
        });

    [Fact]
    public Task Row17_a_disk_that_is_rolled_back_loses_nothing() =>
        SceneTest.RunAsync(SceneTest.Small, faults: 1, leaderChanges: 0, async scene =>
        {
            int follower = ChaosScene.Others(await scene.LeaderAsync())[0];
            await scene.FireAsync(DiskFaults.RollBack(scene, follower), () => scene.ProgressAsync(60));
            await scene.ProgressAsync(60);
        });

    [Fact]
    public Task Row38_a_second_process_on_a_directory_and_a_directory_of_another_node_are_refused() =>
        SceneTest.RunAsync(SceneTest.Small, faults: 2, leaderChanges: 0, async scene =>
        {
            int leader = await scene.LeaderAsync();
            await scene.FireAsync(ProcessFaults.SecondProcess(scene, leader), () => scene.ProgressAsync(30));
            int victim = ChaosScene.Others(leader)[0];
            int other = ChaosScene.Others(leader)[1];
            var cluster = scene.Cluster;
            scene.Note($"row 38: node {victim} is started on a copy of the directory of node {other}");
            await cluster.KillAsync(victim);
            await cluster.KillAsync(other);
            await cluster.Disks.SaveAsync(other);
            string own = cluster.Disks.DataDirectory(victim);
            Directory.Move(own, own + ".aside");
            Directory.Move(cluster.Disks.SavedDirectory(other), own);
            string[] words = [.. cluster.Words(victim)];
            var (code, _, error) = await Shell.TryRunAsync(words[0], words[1..]);
            Assert.NotEqual(0, code);
            Assert.Contains($"{victim}", error, StringComparison.Ordinal);
            Assert.Contains($"{other}", error, StringComparison.Ordinal);
            Directory.Delete(own, recursive: true);
            Directory.Move(own + ".aside", own);
            await cluster.ReviveAsync();
            await scene.ProgressAsync(60);
        });
}
