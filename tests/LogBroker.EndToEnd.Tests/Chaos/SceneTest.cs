using LogBroker.Chaos;
using LogBroker.TestKit;

namespace LogBroker.EndToEnd.Tests;

/// <summary>Runs a script of faults over a cluster under load, and judges everything that clients saw.</summary>
internal static class SceneTest
{
    /// <summary>A light load on two partitions: faults and elections count here, not records.</summary>
    public static SceneSettings Small { get; } = new()
    {
        Partitions = 2,
        Readers = 1,
        Writers =
        [
            new(1, true, TimeSpan.FromSeconds(30), 100),
            new(2, true, TimeSpan.FromSeconds(2), 60),
            new(3, false, TimeSpan.FromSeconds(2), 40),
        ],
    };

    /// <summary>The script must fire so many faults and see so many changes of leaders; what cannot be made here skips the test.</summary>
    public static async Task RunAsync(SceneSettings settings, int faults, int leaderChanges, Func<ChaosScene, Task> script)
    {
        try
        {
            await using var scene = await ChaosScene.StartAsync(settings);
            try
            {
                await script(scene);
            }
            catch (TimeoutException e)
            {
                throw new InvalidOperationException($"{e.Message}\n{scene.TailOfLogs()}", e);
            }

            var outcome = await scene.FinishAsync(new CheckOptions
            {
                AcksMin = 200,
                ReadsMin = 200,
                FaultsMin = faults,
                LeaderChangesMin = leaderChanges,
            });
            Assert.True(outcome.IsValid, outcome.ToString());
        }
        catch (FaultUnavailableException e)
        {
            Assert.Skip(e.Message);
        }
    }

    /// <summary>Makes what the test needs of root, or skips it.</summary>
    public static async Task<T> OrSkipAsync<T>(Task<T> made)
    {
        try
        {
            return await made;
        }
        catch (FaultUnavailableException e)
        {
            Assert.Skip(e.Message);
            throw;
        }
    }

    /// <summary>Breaks, waits until it shows, mends.</summary>
    public static async Task FireAsync(this ChaosScene scene, Fault fault, Func<Task> until)
    {
        scene.Note($"row {fault.Row}: {fault.Name}");
        await fault.BeginAsync();
        await until();
        await fault.EndAsync();
    }
}
