namespace LogBroker.Testing.Tests;

/// <summary>The test that the README of the package shows is one of these tests.</summary>
public sealed class ReadmeTests
{
    [Fact]
    public void The_test_of_the_readme_is_the_test_that_runs()
    {
        string[] readme = File.ReadAllLines(Path.Combine(Root(), "client", "LogBroker.Testing", "README.md"));
        string[] code = File.ReadAllLines(Path.Combine(Root(), "tests", "LogBroker.Testing.Tests", "OrderTests.cs"));
        string[] shown = Between(readme, "```csharp", "```");
        Assert.NotEmpty(shown);
        Assert.Equal(Between(code, "// snippet", "// end"), shown);
    }

    private static string[] Between(string[] lines, string begin, string end) =>
        [.. lines.SkipWhile(l => l.Trim() != begin).Skip(1).TakeWhile(l => l.Trim() != end)];

    private static string Root()
    {
        DirectoryInfo? directory = new(AppContext.BaseDirectory);
        while (directory is not null && !File.Exists(Path.Combine(directory.FullName, "LogBroker.sln")))
        {
            directory = directory.Parent;
        }

        return directory?.FullName ?? throw new InvalidOperationException("the repository's root was not found");
    }
}
