namespace LogBroker.Chaos;

/// <summary>The programs under test, as `dotnet build` made them in this configuration.</summary>
internal static class Programs
{
    /// <summary>logbrokerd.</summary>
    public static string Broker { get; } = Find("broker/LogBroker.Server", "logbrokerd");

    /// <summary>Where the repository is checked out.</summary>
    public static string Root { get; } = FindRoot();

    private static string Find(string project, string program)
    {
        var output = new DirectoryInfo(AppContext.BaseDirectory);
        string path = Path.Combine(FindRoot(), project, "bin", output.Parent!.Name, output.Name, program);
        return File.Exists(path) ? path : throw new FileNotFoundException($"{path} is not there: build {project} first");
    }

    private static string FindRoot()
    {
        for (var directory = new DirectoryInfo(AppContext.BaseDirectory); directory is not null; directory = directory.Parent)
        {
            if (File.Exists(Path.Combine(directory.FullName, "LogBroker.sln")))
                return directory.FullName;
        }

        throw new InvalidOperationException("the program does not run inside the repository");
    }
}
