using System.Text.RegularExpressions;
using LogBroker.Client;

namespace LogBroker.EndToEnd.Tests;

/// <summary>The C# of the README's first screen, run as it stands there against a real broker.</summary>
public sealed partial class ReadmeTests
{
    [Fact]
    public async Task The_example_does_what_the_readme_says()
    {
        await using ServerProcess server = await ServerProcess.StartAsync();
        string[] output = await RunExampleAsync(server.GrpcAddress);
        Assert.Matches(@"^partition [0-2], offset 0, \w*Fsync\w*$", output[0]);
        Assert.Equal(["en: hello"], output[1..]);
    }

    [Fact]
    public void The_example_is_the_readmes()
    {
        string readme = File.ReadAllText(Path.Combine(RepositoryRoot.Path, "README.md"));
        string source = File.ReadAllText(Path.Combine(RepositoryRoot.Path, "tests/LogBroker.EndToEnd.Tests/ReadmeTests.cs"));
        string shown = CodeBlock().Match(readme).Groups[1].Value.Replace("\"localhost:7070\"", "servers", StringComparison.Ordinal);
        string compiled = Region().Match(source).Groups[1].Value.Replace("output.Add(", "Console.WriteLine(", StringComparison.Ordinal);
        Assert.Equal(Squeezed(shown), Squeezed(compiled));
    }

    private static async Task<string[]> RunExampleAsync(string servers)
    {
        var output = new List<string>();
        #region Example
        await using var client = new LogBrokerClient(servers);
        await client.Topics.EnsureAsync("greetings", topic => topic.Partitions = 3);

        await using var producer = client.CreateProducer<string, string>("greetings");
        ProduceReceipt receipt = await producer.ProduceAsync("en", "hello");
        output.Add($"partition {receipt.Partition}, offset {receipt.Offset}, {receipt.Durability}");

        await foreach (var record in client.ReadAsync<string, string>("greetings", Position.Start, until: Position.End))
        {
            output.Add($"{record.Key}: {record.Value}");
        }
        #endregion

        return [.. output];
    }

    private static string Squeezed(string code) => Spaces().Replace(code, " ").Trim();

    [GeneratedRegex(@"```csharp\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex CodeBlock();

    [GeneratedRegex(@"#region Example\n(.*?)#endregion", RegexOptions.Singleline)]
    private static partial Regex Region();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Spaces();
}
