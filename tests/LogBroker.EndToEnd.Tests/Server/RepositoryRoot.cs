namespace LogBroker.EndToEnd.Tests;

/// <summary>Where the repository is checked out.</summary>
public static class RepositoryRoot
{
    public static string Path { get; } = Find();

    /// <summary>
    /// The directory with other systems to test against: LOGBROKER_PEERS, or ../shared/peers beside the repository; null when there is
    /// none.
    /// </summary>
    public static string? Peers
    {
        get
        {
            string peers = Environment.GetEnvironmentVariable("LOGBROKER_PEERS")
                ?? System.IO.Path.Combine(Path, "..", "shared", "peers");
            return Directory.Exists(peers) ? System.IO.Path.GetFullPath(peers) : null;
        }
    }

    private static string Find()
    {
        for (var directory = new DirectoryInfo(AppContext.BaseDirectory); directory is not null; directory = directory.Parent)
        {
            if (File.Exists(System.IO.Path.Combine(directory.FullName, "LogBroker.sln")))
                return directory.FullName;
        }

        throw new InvalidOperationException("the tests do not run inside the repository");
    }
}
