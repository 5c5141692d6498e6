namespace LogBroker.EndToEnd.Tests.Packaging;

/// <summary>
/// The packages and the published broker, made once for all tests of the collection, in a temporary directory and with build output of
/// their own: neither what is being tested nor the machine's package cache is touched.
/// </summary>
public sealed class PackagesFixture : IAsyncLifetime
{
    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(6);

    private string? _publishOutput;

    internal string Root { get; } = Directory.CreateTempSubdirectory("logbroker-packages-").FullName;

    /// <summary>A version nobody has seen, so that no cache holds it.</summary>
    internal string Version { get; } = $"0.1.0-test.{DateTimeOffset.UtcNow.ToUnixTimeMilliseconds()}";

    internal string Repository { get; } = FindRepository();

    internal string Feed => Path.Combine(Root, "feed");

    internal string Broker => Path.Combine(Root, "logbrokerd");

    /// <summary>The last line of publish.sh.</summary>
    internal string PublishOutput => _publishOutput ?? throw new InvalidOperationException("not published");

    public async ValueTask InitializeAsync()
    {
        var build = Path.Combine(Root, "build");
        string[] projects =
        [
            "protos/LogBroker.Protocol", "protos/LogBroker.Rpc", "client/LogBroker.Client", "client/LogBroker.Client.Extensions",
            "client/LogBroker.Cli",
        ];
        foreach (var project in projects)
        {
            await RunAsync(
                "dotnet", ["pack", project, "-c", "Release", "-p:Version=" + Version, "--artifacts-path", build, "-o", Feed]);
        }

        var published = await RunAsync(
            Path.Combine(Repository, "packaging", "publish.sh"), [Broker], ("PUBLISH_ARGS", "--artifacts-path " + build));
        _publishOutput = published.Output.TrimEnd().Split('\n')[^1];

        // Adds the feed to whatever sources the machine has.
        await File.WriteAllTextAsync(
            Path.Combine(Root, "NuGet.config"),
            $"""<configuration><packageSources><add key="packed" value="{Feed}" /></packageSources></configuration>""");
    }

    public ValueTask DisposeAsync()
    {
        Directory.Delete(Root, recursive: true);
        return ValueTask.CompletedTask;
    }

    private static string FindRepository()
    {
        for (var at = new DirectoryInfo(AppContext.BaseDirectory); at is not null; at = at.Parent)
        {
            if (File.Exists(Path.Combine(at.FullName, "LogBroker.sln")))
                return at.FullName;
        }

        throw new DirectoryNotFoundException("LogBroker.sln is not above " + AppContext.BaseDirectory);
    }

    private async Task<Command> RunAsync(string file, string[] args, params (string Name, string? Value)[] environment) =>
        (await Command.RunAsync(file, args, Repository, Deadline, environment)).MustSucceed();
}

/// <summary>Tests that share the packages. They start builds and brokers, so they run alone.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class PackagesDefinition : ICollectionFixture<PackagesFixture>
{
    internal const string Name = "packages";
}
