using LogBroker.TestKit;

namespace LogBroker.Cluster.Tests;

/// <summary>
/// Row 2 of the fault table for a whole broker: one life is run to count its disk operations, then again for each of them with a
/// crash there, in every loss mode; what comes back is held against what was acknowledged.
/// </summary>
public sealed class CrashEverywhereTests
{
    [Theory]
    [InlineData(LossMode.KeepAll)]
    [InlineData(LossMode.LoseUnsynced)]
    [InlineData(LossMode.Torn)]
    [InlineData(LossMode.Reordered)]
    public async Task NothingAcknowledgedIsLost(LossMode mode)
    {
        var whole = new BrokerLife();
        await whole.Run(crashAt: null);
        long operations = whole.Operations;
        Assert.InRange(operations, 100, 2_000);
        for (long at = 1; at <= operations; at++)
        {
            var life = new BrokerLife();
            bool ended = await life.Run(at);
            Assert.False(ended, $"operation {at} of {operations} was not reached");
            try
            {
                await life.RecoverAndCheck(mode, seed: (int)at);
            }
            catch (Exception e)
            {
                Assert.Fail($"{mode}, crash at operation {at} of {operations}: {e}");
            }
        }
    }

    [Fact]
    public async Task TheSameLifeTwiceHasTheSameOperations()
    {
        var first = new BrokerLife();
        await first.Run(crashAt: null);
        var second = new BrokerLife();
        await second.Run(crashAt: null);
        Assert.Equal(first.Operations, second.Operations);
        Assert.Equal(first.Acknowledged, second.Acknowledged);
    }
}
