using System.Globalization;

namespace LogBroker.EndToEnd.Tests.Cli;

/// <summary>One broker for the tests of a class, and the command line pointed at it.</summary>
public sealed class CliBroker : IAsyncLifetime
{
    private int _topics;

    public ServerProcess Server { get; private set; } = null!;

    /// <summary>The program that `dotnet build` made, of the configuration that the tests were built in.</summary>
    internal static string ProgramPath
    {
        get
        {
            var output = new DirectoryInfo(AppContext.BaseDirectory);
            string program = Path.Combine(
                RepositoryRoot.Path, "client", "LogBroker.Cli", "bin", output.Parent!.Name, output.Name, "logbroker");
            Assert.True(File.Exists(program), $"{program} is not there: build LogBroker.Cli first");
            return program;
        }
    }

    internal Dictionary<string, string> Environment => new() { ["LOGBROKER_SERVERS"] = Server.GrpcAddress };

    public async ValueTask InitializeAsync() => Server = await ServerProcess.StartAsync();

    public ValueTask DisposeAsync() => Server.DisposeAsync();

    /// <summary>Runs a command without a terminal.</summary>
    internal Task<CliRun> Run(params string[] args) => CliRun.With(args, environment: Environment);

    /// <summary>Runs a command with input.</summary>
    internal Task<CliRun> RunWith(string input, params string[] args) => CliRun.With(args, input, environment: Environment);

    /// <summary>A new topic.</summary>
    internal async Task<string> NewTopic(int partitions = 1)
    {
        string topic = "topic-" + Interlocked.Increment(ref _topics).ToString(CultureInfo.InvariantCulture);
        (await Run("topic", "create", topic, "-p", partitions.ToString(CultureInfo.InvariantCulture))).MustSucceed();
        return topic;
    }
}
