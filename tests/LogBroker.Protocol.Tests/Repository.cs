namespace LogBroker.Protocol.Tests;

/// <summary>Where the repository is, found from the place of the test assembly.</summary>
internal static class Repository
{
    public static string Root { get; } = Find();

    private static string Find()
    {
        for (string? at = AppContext.BaseDirectory; at is not null; at = Path.GetDirectoryName(at))
        {
            if (File.Exists(Path.Combine(at, "LogBroker.sln")))
            {
                return at;
            }
        }

        throw new InvalidOperationException("These tests run from inside the repository.");
    }
}
