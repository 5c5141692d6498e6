namespace LogBroker.Bench.Report;

/// <summary>Median, smallest and largest of some rounds. The median of an even number is the mean of the two in the middle.</summary>
internal sealed record Spread(double Median, double Min, double Max, int Count)
{
    /// <summary>Of the values that are there; null when there is none.</summary>
    public static Spread? Of(IEnumerable<double?> values)
    {
        double[] sorted = [.. values.Where(v => v is { } number && double.IsFinite(number)).Select(v => v!.Value).Order()];
        return sorted.Length == 0
            ? null
            : new Spread((sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2, sorted[0], sorted[^1], sorted.Length);
    }
}
