using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace LogBroker.Tidy.Tests;

/// <summary>Small rooms: a file is one idea, a method fits on a screen. What nears a limit is split by decision.</summary>
public sealed class SizeTests
{
    private const int FileLinesMax = 500;
    private const int MethodLinesMax = 70;
    private const int LineCharsMax = 140;

    [Fact]
    public void Files_stay_under_500_lines()
    {
        Findings.None(Repository.SourceFiles
            .Select(f => (File: f, Lines: Repository.ReadLines(f).Length))
            .Where(f => f.Lines > FileLinesMax)
            .Select(f => $"{f.File}: {f.Lines} lines > {FileLinesMax}"));
    }

    [Fact]
    public void Lines_stay_under_140_characters()
    {
        Findings.None(Repository.SourceFiles.SelectMany(f => Repository.ReadLines(f)
            .Select((text, index) => (Place: $"{f}:{index + 1}", text.Length, IsTextAlone: text.TrimStart().StartsWith('"')))
            .Where(line => line.Length > LineCharsMax && !line.IsTextAlone)
            .Select(line => $"{line.Place}: {line.Length} characters > {LineCharsMax}")));
    }

    [Fact]
    public void Methods_stay_under_70_lines()
    {
        Findings.None(Repository.SourceFiles.SelectMany(LongMethods));
    }

    private static IEnumerable<string> LongMethods(string path)
    {
        SyntaxTree tree = CSharpSyntaxTree.ParseText(Repository.Read(path), new CSharpParseOptions(LanguageVersion.Preview));
        IEnumerable<SyntaxNode> bodies = tree.GetRoot().DescendantNodes().Where(n =>
            n is BaseMethodDeclarationSyntax or LocalFunctionStatementSyntax or AccessorDeclarationSyntax);
        foreach (SyntaxNode body in bodies)
        {
            FileLinePositionSpan span = tree.GetLineSpan(body.Span);
            int lines = span.EndLinePosition.Line - span.StartLinePosition.Line + 1;
            if (lines > MethodLinesMax)
            {
                yield return $"{path}:{span.StartLinePosition.Line + 1}: {lines} lines > {MethodLinesMax}";
            }
        }
    }
}
