namespace LogBroker.Bench.Report.Charts;

/// <summary>
/// Colours of Okabe and Ito, which people with any kind of colour blindness can tell apart, and dashes for those who print. A system
/// looks the same in all charts of a report.
/// </summary>
internal static class Palette
{
    private static readonly (string Colour, string Dashes)[] Rivals =
        [("#d55e00", "7 3"), ("#009e73", "2 3"), ("#cc79a7", "10 3 2 3"), ("#e69f00", "5 5"), ("#56b4e9", "12 4"), ("#7f7f7f", "1 4")];

    /// <summary>The look of a contender among all contenders of a report; ours is blue and solid.</summary>
    public static (string Colour, string Dashes) Of(Contender contender, IReadOnlyList<Contender> all)
    {
        int index = all.Where(c => !c.IsOurs).ToList().IndexOf(contender);
        return index < 0 ? ("#0072b2", "") : Rivals[index % Rivals.Length];
    }
}
