namespace LogBroker.Simulator.Tests;

/// <summary>What the command says.</summary>
public sealed class CommandTests
{
    [Fact]
    public void ManySeedsAreSummedUp()
    {
        var output = new StringWriter();
        Assert.Equal(0, SimulatorCommand.Run(["--seeds", "2", "--from", "5", "--nodes", "1"], output));
        Assert.Contains("seed 5: ", output.ToString(), StringComparison.Ordinal);
        Assert.Contains("seed 6: ", output.ToString(), StringComparison.Ordinal);
        Assert.Contains("2 seeds in ", output.ToString(), StringComparison.Ordinal);
        Assert.Contains("0 seeds broke something", output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void OneSeedShowsItsStepsWhenAsked()
    {
        var output = new StringWriter();
        Assert.Equal(0, SimulatorCommand.Run(["--seed", "5", "--trace", "--nodes", "1"], output));
        string[] lines = output.ToString().Split('\n');
        Assert.InRange(lines.Length, 100, int.MaxValue);
        Assert.Contains(lines, l => l.Contains(" 1 start 1", StringComparison.Ordinal));
        Assert.Contains(lines, l => l.Contains(" - heal", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData]
    [InlineData("--seeds")]
    [InlineData("--seeds", "many")]
    [InlineData("--sed", "1")]
    public void WrongCommandsGetTheUsage(params string[] args)
    {
        var output = new StringWriter();
        Assert.Equal(2, SimulatorCommand.Run(args, output));
        Assert.StartsWith("usage: ", output.ToString(), StringComparison.Ordinal);
    }
}
