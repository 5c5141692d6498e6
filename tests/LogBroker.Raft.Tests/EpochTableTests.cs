using LogBroker.Protocol;

namespace LogBroker.Raft.Tests;

/// <summary>The index of rows against a log that is a plain list of items.</summary>
public sealed class EpochTableTests
{
    [Fact]
    public void AnswersAsTheListOfItemsDoes()
    {
        foreach (List<Item> log in Logs())
        {
            EpochTable table = Table(log);
            var end = new Offset(log.Count(i => !i.IsRow));
            for (long o = 0; o < end.Value; o++)
            {
                Assert.Equal(log.First(i => !i.IsRow && i.Offset == o).Epoch, table.EpochOf(new Offset(o)).Value);
            }

            for (int e = 0; e <= 4; e++)
            {
                bool has = e == 0 || log.Any(i => i.IsRow && i.Epoch == e);
                Assert.Equal(has, table.Contains(new Epoch(e)));
                int? below = new[] { 0 }.Concat(log.Where(i => i.IsRow).Select(i => i.Epoch)).Where(x => x < e).Cast<int?>().Max();
                Assert.Equal(below, table.GreatestBelow(new Epoch(e))?.Value);
                if (has)
                {
                    long expected = log.Where(i => i.IsRow && i.Epoch > e).Select(i => i.Offset).DefaultIfEmpty(end.Value).First();
                    Assert.Equal(expected, table.EndOf(new Epoch(e), end).Value);
                }
            }
        }
    }

    [Fact]
    public void R17_S9_S10_CutsAtTheFirstItemThatIsTooNew()
    {
        foreach (List<Item> log in Logs())
        {
            var end = new Offset(log.Count(i => !i.IsRow));
            for (int d = 0; d <= 3; d++)
            {
                for (long o = 0; o <= end.Value + 1; o++)
                {
                    List<Item> kept = [.. log.TakeWhile(i => !(i.IsRow && i.Epoch > d) && !(!i.IsRow && i.Offset >= o))];
                    EpochTable table = Table(log);
                    LogPosition cut = table.CutAt(new Epoch(d), new Offset(o), end);
                    Assert.Equal(kept.Where(i => i.IsRow).Select(i => i.Epoch).DefaultIfEmpty(0).Last(), cut.Epoch.Value);
                    Assert.Equal(kept.Count(i => !i.IsRow), cut.Offset.Value);
                    table.Truncate(cut);
                    Assert.Equal(Table(kept).Rows, table.Rows);
                }
            }
        }
    }

    [Fact]
    public void R26_AFrontThatGoesLeavesItsRestatedRow()
    {
        var table = new EpochTable(
            [
                new(Epoch.None, Offset.Zero),
                new(new Epoch(1), Offset.Zero),
                new(new Epoch(2), new Offset(5)),
                new(new Epoch(4), new Offset(9)),
            ]);
        table.DropFront(new EpochRow(new Epoch(2), new Offset(7)));
        Assert.Equal([new(new Epoch(2), new Offset(7)), new EpochRow(new Epoch(4), new Offset(9))], table.Rows);
        Assert.Equal(new Epoch(2), table.EpochOf(new Offset(8)));
        Assert.Throws<InvariantViolationException>(() => table.EpochOf(new Offset(6)));
    }

    [Fact]
    public void RowsOutOfOrderAreABug()
    {
        var table = new EpochTable([new(new Epoch(2), new Offset(5))]);
        Assert.Throws<InvariantViolationException>(() => table.Append(new EpochRow(new Epoch(2), new Offset(6))));
        Assert.Throws<InvariantViolationException>(() => table.Append(new EpochRow(new Epoch(3), new Offset(4))));
        table.Append(new EpochRow(new Epoch(3), new Offset(5)));
        Assert.Equal(new Epoch(3), table.LastEpoch);
    }

    private static EpochTable Table(IEnumerable<Item> log)
    {
        IEnumerable<EpochRow> rows = log.Where(i => i.IsRow).Select(i => new EpochRow(new Epoch(i.Epoch), new Offset(i.Offset)));
        return new EpochTable([new EpochRow(Epoch.None, Offset.Zero), .. rows]);
    }

    /// <summary>All logs of up to three epochs out of 1 to 3 with 0 to 2 records each.</summary>
    private static IEnumerable<List<Item>> Logs()
    {
        for (int code = 0; code < 64; code++)
        {
            var log = new List<Item>();
            long offset = 0;
            for (int epoch = 1, rest = code; epoch <= 3; epoch++, rest /= 4)
            {
                if (rest % 4 == 3)
                {
                    continue;
                }

                log.Add(new Item(true, epoch, offset));
                for (int r = 0; r < rest % 4; r++)
                {
                    log.Add(new Item(false, epoch, offset++));
                }
            }

            yield return log;
        }
    }

    private sealed record Item(bool IsRow, int Epoch, long Offset);
}
