using System.Globalization;
using System.Text;

namespace LogBroker.TestKit;

/// <summary>What a history holds, in numbers.</summary>
/// <param name="Acked">Records acknowledged.</param>
/// <param name="Unknown">Records sent without an outcome.</param>
/// <param name="UnknownRead">Those of them that were read.</param>
/// <param name="Refused">Records definitely refused.</param>
/// <param name="Read">Records that clients read.</param>
/// <param name="Faults">Faults put in place or taken away.</param>
/// <param name="LeaderChanges">Epochs seen led, less one for each partition.</param>
/// <param name="Partitions">Partitions with records.</param>
public sealed record CheckCounts(
    long Acked, long Unknown, long UnknownRead, long Refused, long Read, long Faults, long LeaderChanges, int Partitions);

/// <summary>Records of one writer that a replica lacks, of one class.</summary>
/// <param name="Node">The replica's node.</param>
/// <param name="Partition">The partition.</param>
/// <param name="Writer">The writer.</param>
/// <param name="Class">Where in the writer's sequence they lie.</param>
/// <param name="Count">How many.</param>
/// <param name="First">The least counter among them.</param>
/// <param name="Last">The greatest counter among them.</param>
public sealed record Loss(int Node, int Partition, int Writer, LossClass Class, long Count, long First, long Last);

/// <summary>What a checker found.</summary>
/// <param name="Findings">All findings, in order of kind.</param>
/// <param name="Counts">What the history holds.</param>
/// <param name="Losses">R4: what is missing at which replica.</param>
/// <param name="LagMaxNs">The longest lag of a reader in the whole history, faults included.</param>
public sealed record CheckReport(
    IReadOnlyList<Finding> Findings, CheckCounts Counts, IReadOnlyList<Loss> Losses, long LagMaxNs)
{
    /// <summary>True when nothing bad was found.</summary>
    public bool IsValid => Findings.All(finding => !finding.IsBad);

    /// <summary>The kinds of bad findings.</summary>
    public IReadOnlySet<Anomaly> Kinds => Findings.Where(finding => finding.IsBad).Select(finding => finding.Kind).ToHashSet();

    /// <summary>All findings, a line each, with samples.</summary>
    public override string ToString()
    {
        var text = new StringBuilder();
        foreach (var finding in Findings)
        {
            text.Append(CultureInfo.InvariantCulture, $"{finding.Kind}: {finding.Count}{(finding.IsBad ? "" : " (reported only)")}\n");
            foreach (string sample in finding.Samples)
                text.Append("  ").Append(sample).Append('\n');
        }

        foreach (var loss in Losses)
        {
            text.Append(
                CultureInfo.InvariantCulture,
                $"node {loss.Node} lacks {loss.Count} of writer {loss.Writer} in {loss.Partition}: "
                + $"{loss.Class}, {loss.First} to {loss.Last}\n");
        }

        return text.Length == 0 ? "no anomaly" : text.ToString();
    }
}
