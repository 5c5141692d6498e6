using System.Text.RegularExpressions;

namespace LogBroker.Tidy.Tests;

/// <summary>Words that have no place in the tree: work left for later, names that say nothing, addresses of package registries.</summary>
public sealed partial class WordTests
{
    private const string Self = "tests/LogBroker.Tidy.Tests/WordTests.cs";

    [Fact]
    public void Nothing_is_left_for_later()
    {
        Findings.None(Matches(LeftForLater(), ".cs", ".proto", ".csproj", ".props", ".targets", ".sh", ".md"));
    }

    [Fact]
    public void Names_say_what_a_thing_is()
    {
        Findings.None(Repository.SourceFiles
            .Where(f => EmptyName().IsMatch(Path.GetFileNameWithoutExtension(f)))
            .Select(f => f + ": name the idea, not a drawer for it"));
    }

    [Fact]
    public void No_package_registry_is_named()
    {
        Findings.None(Matches(
            RegistryHost(), ".cs", ".proto", ".csproj", ".props", ".targets", ".sh", ".md", ".json", ".config", "run", ".service"));
    }

    [Fact]
    public void Namespaces_begin_with_the_project()
    {
        foreach (string path in Repository.SourceFiles.Where(f => f.Split('/').Length > 2))
        {
            Match declared = NamespaceDeclaration().Match(Repository.Read(path));
            if (declared.Success && !path.StartsWith("tests/aot-smoke/", StringComparison.Ordinal))
            {
                string project = path.Split('/')[1];
                Assert.True(
                    declared.Groups[1].Value == project || declared.Groups[1].Value.StartsWith(project + ".", StringComparison.Ordinal),
                    $"{path}: namespace {declared.Groups[1].Value} in project {project}");
            }
        }
    }

    [Fact]
    public void Tests_do_not_sleep_to_synchronise()
    {
        Findings.None(Repository.SourceFiles
            .Where(f => f.StartsWith("tests/", StringComparison.Ordinal) && f != Self)
            .SelectMany(f => Repository.ReadLines(f).Select((text, index) => (f, index, text)))
            .Where(l => Sleep().IsMatch(l.text) && !l.text.Contains("// because ", StringComparison.Ordinal))
            .Select(l => $"{l.f}:{l.index + 1}: wait for a condition, or give the reason on the line (// because …)"));
    }

    private static IEnumerable<string> Matches(Regex pattern, params string[] endings) => Repository.Files
        .Where(f => f != Self && endings.Any(e => f.EndsWith(e, StringComparison.Ordinal)))
        .SelectMany(f => Repository.ReadLines(f).Select((text, index) => (f, index, text)))
        .Where(l => pattern.IsMatch(l.text))
        .Select(l => $"{l.f}:{l.index + 1}: {pattern.Match(l.text).Value}");

    [GeneratedRegex(@"\b(T[O]DO|F[I]XME|H[A]CK|X[X]X)\b|Not[I]mplementedException|\[(Fact|Theory)\(Skip")]
    private static partial Regex LeftForLater();

    [GeneratedRegex(@"(Utils?|Helpers?|Manager|Common|Misc)$")]
    private static partial Regex EmptyName();

    [GeneratedRegex(@"api\.n[u]get|n[p]mjs|p[y]pi\.o|deb\.d[e]bian|archive\.u[b]untu|security\.d[e]bian")]
    private static partial Regex RegistryHost();

    [GeneratedRegex(@"^namespace ([\w.]+)", RegexOptions.Multiline)]
    private static partial Regex NamespaceDeclaration();

    [GeneratedRegex(@"Thread\.Sleep\(|Task\.Delay\(")]
    private static partial Regex Sleep();
}
