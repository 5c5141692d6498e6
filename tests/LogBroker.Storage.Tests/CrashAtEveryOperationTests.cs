using LogBroker.TestKit;

namespace LogBroker.Storage.Tests;

/// <summary>Rows 2, 3 (simulated), 6, 7 and 8 of the fault table.</summary>
public sealed class CrashAtEveryOperationTests
{
    private static readonly Lazy<long> Operations = new(() =>
    {
        var script = new CrashScript();
        script.Run();
        return script.Machine.Operations;
    });

    [Theory]
    [InlineData(LossMode.KeepAll)]
    [InlineData(LossMode.LoseUnsynced)]
    [InlineData(LossMode.Torn)]
    [InlineData(LossMode.Reordered)]
    public void Row02_every_operation_may_be_the_last(LossMode mode)
    {
        Assert.InRange(Operations.Value, 200, 2_000);
        for (int at = 1; at <= Operations.Value; at++)
        {
            CrashScript script = CrashAt(at, mode, seed: at);
            script.Open();
            script.CheckRestarted($"{mode}, operation {at}");
            if (at % 2 == 0)
            {
                // What a recovery calls durable is durable at once.
                script.Crash(LossMode.LoseUnsynced, seed: at);
                script.Open();
                script.CheckRestarted($"{mode}, operation {at}, power cut behind the recovery");
            }

            script.Produce(groups: 3);
            script.Crash(LossMode.LoseUnsynced, seed: at);
            script.Open();
            script.CheckRestarted($"{mode}, operation {at}, second crash");
        }
    }

    [Theory]
    [InlineData(LossMode.Torn)]
    [InlineData(LossMode.Reordered)]
    public void Row02_recovery_may_crash_at_every_operation_too(LossMode mode)
    {
        for (int at = 3; at <= Operations.Value; at += 11)
        {
            for (int inRecovery = 1; inRecovery < 60; inRecovery++)
            {
                CrashScript script = CrashAt(at, mode, seed: at);
                script.Machine.CrashAt = script.Machine.Operations + inRecovery;
                try
                {
                    script.Open();
                    break;
                }
                catch (SimulatedCrashException)
                {
                    script.Crash(mode, seed: at + inRecovery);
                    script.Open();
                    script.CheckRestarted($"{mode}, operation {at}, then {inRecovery} of the recovery");
                }
            }
        }
    }

    [Fact]
    public void The_same_crash_gives_the_same_disk()
    {
        CrashScript[] twice = [CrashAt(150, LossMode.Reordered, 7), CrashAt(150, LossMode.Reordered, 7)];
        Assert.Equal(twice[0].Disk.AllFiles, twice[1].Disk.AllFiles);
        foreach (string path in twice[0].Disk.AllFiles)
        {
            Assert.True(twice[0].Disk.ReadAll(path).AsSpan().SequenceEqual(twice[1].Disk.ReadAll(path)), path);
        }
    }

    private static CrashScript CrashAt(long operation, LossMode mode, int seed)
    {
        var script = new CrashScript();
        script.Machine.CrashAt = operation;
        Assert.Throws<SimulatedCrashException>(script.Run);
        script.Crash(mode, seed);
        return script;
    }
}
