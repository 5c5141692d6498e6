namespace LogBroker.TestKit.Tests;

/// <summary>The checker against a slow and obvious second one, on many small histories; and its time on a large one.</summary>
public sealed class TwoImplementationsTests
{
    private const int HistoriesCount = 3000;

    [Fact]
    public void Histories_without_lies_are_valid()
    {
        for (int seed = 0; seed < HistoriesCount; seed++)
        {
            var made = RandomHistory.Make(seed, lies: 0);
            var report = HistoryChecker.Check(made.History, new CheckOptions { Replicas = made.Replicas });
            Assert.True(report.IsValid, $"seed {seed}: {report}\n{Text(made.History)}");
        }
    }

    [Theory]
    [InlineData(0.02)]
    [InlineData(0.1)]
    [InlineData(0.4)]
    public void Both_find_the_same_kinds(double lies)
    {
        var found = new HashSet<Anomaly>();
        for (int seed = 0; seed < HistoriesCount; seed++)
        {
            var made = RandomHistory.Make(seed, lies);
            var options = new CheckOptions { Replicas = made.Replicas, PlainWriters = new HashSet<int> { 2 } };
            var expected = PlainChecker.Check(made.History, options);
            var report = HistoryChecker.Check(made.History, options);
            var kinds = report.Kinds.ToHashSet();
            if (expected.Contains(Anomaly.Duplicate) || expected.Contains(Anomaly.InconsistentOffsets)
                || report.Findings.Any(finding => finding.Kind == Anomaly.Duplicate))
            {
                // Without one order of the values both are sound and neither is complete.
                kinds.Remove(Anomaly.RealtimeCycle);
                expected.Remove(Anomaly.RealtimeCycle);
            }

            found.UnionWith(kinds);
            Assert.True(
                expected.SetEquals(kinds),
                $"seed {seed}: expected {string.Join(", ", expected.Order())}; found {report}\n{Text(made.History)}");
        }

        Assert.True(found.Count > (lies < 0.1 ? 12 : 16), $"the histories show only {string.Join(", ", found)}");
    }

    private static string Text(History history)
    {
        using var text = new StringWriter();
        HistoryText.Write(history, text);
        return text.ToString();
    }
}
