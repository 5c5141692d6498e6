namespace LogBroker.Microbench;

/// <summary>The checkout that this program was built in.</summary>
internal static class RepositoryRoot
{
    public static string Path { get; } = Find();

    private static string Find()
    {
        for (string? at = AppContext.BaseDirectory; at is not null; at = System.IO.Path.GetDirectoryName(at))
        {
            if (File.Exists(System.IO.Path.Combine(at, "LogBroker.sln")))
            {
                return at;
            }
        }

        throw new InvalidOperationException("run it from a checkout: LogBroker.sln was not found above the program");
    }
}
