using System.Text.RegularExpressions;

namespace LogBroker.Bench.Report;

/// <summary>Text from outside for one line of a report: no line breaks, no folders of the machine, a bounded length.</summary>
internal static partial class PlainLine
{
    private const int CharactersMax = 400;

    /// <summary><c>/opt/kafka/bin/run.sh</c> becomes <c>…/run.sh</c>; addresses such as <c>http://127.0.0.1/x</c> stay.</summary>
    public static string Of(string text)
    {
        string line = Folders().Replace(text.ReplaceLineEndings(" "), "…/$1");
        return line.Length <= CharactersMax ? line : line[..CharactersMax] + "…";
    }

    [GeneratedRegex(@"(?<![\w/.:…])/(?:[^\s/=:,;""']+/)+([^\s/=:,;""']*)")]
    private static partial Regex Folders();
}
