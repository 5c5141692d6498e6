namespace LogBroker.Tidy.Tests;

/// <summary>Fails with every finding on a line of its own.</summary>
internal static class Findings
{
    public static void None(IEnumerable<string> findings)
    {
        string[] all = [.. findings];
        if (all.Length > 0)
        {
            Assert.Fail(string.Join('\n', all));
        }
    }
}
