using System.Text.RegularExpressions;
using LogBroker.Client;

namespace LogBroker.EndToEnd.Tests.Groups;

/// <summary>The group of the README, in C# and on the command line, run as it stands there.</summary>
public sealed partial class GroupReadmeTests(Cli.CliBroker broker) : IClassFixture<Cli.CliBroker>
{
    [Fact]
    public async Task The_example_does_what_the_readme_says()
    {
        await using var client = new LogBrokerClient(broker.Server.GrpcAddress);
        await client.Topics.EnsureAsync("greetings", static topic => topic.Partitions = 3);
        await using (Producer<string, string> producer = client.CreateProducer<string, string>("greetings"))
        {
            await producer.ProduceAsync("en", "hello");
        }

        var output = new List<string>();
        using var stop = new CancellationTokenSource();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => ExampleAsync(client, output, stop.Token, stop));
        Assert.EndsWith("en: hello", Assert.Single(output));
        var committed = await client.Groups.GetCommittedAsync("billing");
        Assert.Equal(1, committed.Where(static o => o.Topic == "greetings").Sum(static o => o.Offset));
    }

    [Fact]
    public void The_example_is_the_readmes()
    {
        string readme = File.ReadAllText(Path.Combine(RepositoryRoot.Path, "README.md"));
        string source = File.ReadAllText(
            Path.Combine(RepositoryRoot.Path, "tests/LogBroker.EndToEnd.Tests/Groups/GroupReadmeTests.cs"));
        string section = readme[readme.IndexOf("## Consumer groups", StringComparison.Ordinal)..];
        string shown = CodeBlock().Match(section).Groups[1].Value;
        string compiled = Region().Match(source).Groups[1].Value
            .Replace("output.Add(", "Console.WriteLine(", StringComparison.Ordinal)
            .Replace("await enough.CancelAsync();", "", StringComparison.Ordinal);
        Assert.Equal(Squeezed(shown), Squeezed(compiled));
    }

    [Fact]
    public async Task The_commands_of_the_readme_do_what_it_says()
    {
        string readme = File.ReadAllText(Path.Combine(RepositoryRoot.Path, "README.md"));
        string section = readme[readme.IndexOf("## Consumer groups", StringComparison.Ordinal)..];
        section = section[..section.IndexOf("\n## ", 3, StringComparison.Ordinal)];
        string[] commands =
        [
            .. Commands().Matches(section).SelectMany(static m => m.Groups[1].Value.Split('\n')).Where(static l => l.Length > 0),
        ];
        Assert.Equal(
            [
                "seq 1000 | logbroker produce orders",
                "logbroker consume orders -g billing",
                "logbroker consume orders -g billing",
                "logbroker group describe billing",
                "logbroker group reset billing --to start",
            ],
            commands);
        (await broker.Run("topic", "create", "orders", "-p", "3")).MustSucceed();
        (await broker.RunWith(string.Concat(Enumerable.Range(1, 1000).Select(static i => $"{i}\n")), "produce", "orders")).MustSucceed();
        string seen = (await broker.Run("consume", "orders", "-g", "billing", "-n", "1000")).MustSucceed().Output;
        Assert.Equal(1000, seen.Split('\n', StringSplitOptions.RemoveEmptyEntries).Distinct().Count());
        Assert.Contains("lag\t0\n", (await broker.Run("group", "describe", "billing")).MustSucceed().Output);
        Assert.Contains("nothing was changed", (await broker.Run("group", "reset", "billing", "--to", "start")).MustSucceed().Error);
    }

    private static async Task ExampleAsync(
        LogBrokerClient client, List<string> output, CancellationToken cancellationToken, CancellationTokenSource enough)
    {
        #region Example
        await using var consumer = client.CreateConsumer<string, string>("billing", "greetings");
        await foreach (var record in consumer.ConsumeAsync(cancellationToken))
        {
            output.Add($"{record.Partition}/{record.Offset} {record.Key}: {record.Value}");
            await enough.CancelAsync();
        }
        #endregion
    }

    private static string Squeezed(string code) => Spaces().Replace(code, " ").Trim();

    [GeneratedRegex(@"```csharp\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex CodeBlock();

    [GeneratedRegex(@"```\n((?:seq|logbroker).*?)```", RegexOptions.Singleline)]
    private static partial Regex Commands();

    [GeneratedRegex(@"#region Example\n(.*?)#endregion", RegexOptions.Singleline)]
    private static partial Regex Region();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Spaces();
}
