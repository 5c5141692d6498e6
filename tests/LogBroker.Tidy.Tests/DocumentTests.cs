using System.Text.RegularExpressions;

namespace LogBroker.Tidy.Tests;

/// <summary>Documents name only paths that exist, and the solution holds every project.</summary>
public sealed partial class DocumentTests
{
    [Fact]
    public void Paths_in_documents_exist()
    {
        var missing = new List<string>();
        foreach (string document in Repository.Files.Where(f => f.EndsWith(".md", StringComparison.Ordinal)))
        {
            string text = Repository.Read(document);
            foreach (Match match in RepositoryPath().Matches(text))
            {
                string path = match.Groups[1].Value.TrimEnd('/', '.');
                if (!Exists(path))
                {
                    missing.Add($"{document}: {path}");
                }
            }

            foreach (Match match in Link().Matches(text))
            {
                string target = match.Groups[1].Value.Split('#')[0];
                if (target.Length > 0 && !target.Contains(':') && !Exists(Path.Combine(Path.GetDirectoryName(document)!, target)))
                {
                    missing.Add($"{document}: link to {target}");
                }
            }
        }

        Findings.None(missing);
    }

    [Fact]
    public void The_solution_holds_every_project()
    {
        string solution = Repository.Read("LogBroker.sln").Replace('\\', '/');
        Assert.All(
            Repository.Files.Where(
                f => f.EndsWith(".csproj", StringComparison.Ordinal) && !f.StartsWith("tests/aot-smoke/", StringComparison.Ordinal)),
            project => Assert.Contains(project, solution, StringComparison.Ordinal));
    }

    private static bool Exists(string path)
    {
        string full = Path.Combine(Repository.Root, path);
        return path.Contains('*') || File.Exists(full) || Directory.Exists(full);
    }

    // In backticks, beginning with a top-level folder.
    [GeneratedRegex(@"`((?:broker|client|protos|tests|bench|docs|packaging|\.ci)/[A-Za-z0-9_./*-]*)`")]
    private static partial Regex RepositoryPath();

    [GeneratedRegex(@"\]\(([^)\s]+)\)")]
    private static partial Regex Link();
}
