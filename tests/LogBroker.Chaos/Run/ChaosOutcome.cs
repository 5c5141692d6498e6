using System.Globalization;
using System.Text;

namespace LogBroker.Chaos;

/// <summary>What a scene came to.</summary>
/// <param name="Report">What the checker says.</param>
/// <param name="Problems">What went wrong besides: processes that ended, readers that failed, service that did not come back.</param>
/// <param name="Outcomes">How sends ended other than by an acknowledgement.</param>
/// <param name="Unavailable">The longest time without an acknowledgement, for each partition.</param>
/// <param name="Logs">The ends of the nodes' logs.</param>
internal sealed record ChaosOutcome(
    CheckReport Report,
    IReadOnlyList<string> Problems,
    IReadOnlyDictionary<string, int> Outcomes,
    IReadOnlyList<Unavailability> Unavailable,
    string Logs)
{
    public bool IsValid => Report.IsValid && Problems.Count == 0;

    public override string ToString()
    {
        var text = new StringBuilder();
        foreach (string problem in Problems)
            text.Append("problem: ").Append(problem).Append('\n');
        text.Append(Report).Append('\n').Append(Report.Counts).Append('\n');
        foreach (var (what, count) in Outcomes.OrderBy(o => o.Key))
            text.Append(CultureInfo.InvariantCulture, $"{what}: {count}\n");
        if (!IsValid)
            text.Append(Logs);
        return text.ToString();
    }
}
