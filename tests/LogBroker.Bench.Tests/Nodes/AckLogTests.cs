using System.Diagnostics;
using LogBroker.Bench.Systems;
using LogBroker.Bench.Systems.Nodes;

namespace LogBroker.Bench.Tests.Nodes;

public sealed class AckLogTests
{
    private static readonly long Second = Stopwatch.Frequency;

    [Fact]
    public void The_longest_gap_is_that_of_one_partition_whatever_the_others_do()
    {
        var log = new AckLog();
        for (int i = 0; i <= 10; i++)
        {
            log.Add(new AckEntry(0, i * Second, i * Second));
        }

        log.Add(new AckEntry(1, 1 * Second, 1 * Second));
        log.Add(new AckEntry(1, 2 * Second, 6 * Second));
        Assert.Equal(TimeSpan.FromSeconds(5), log.LongestGap(afterTicks: 3 * Second));
    }

    [Fact]
    public void A_gap_that_was_over_before_does_not_count_and_one_that_began_before_does()
    {
        var log = new AckLog();
        foreach (int second in (int[])[0, 9, 10, 12])
        {
            log.Add(new AckEntry(0, 0, second * Second));
        }

        Assert.Equal(TimeSpan.FromSeconds(2), log.LongestGap(afterTicks: 10 * Second));
        Assert.Equal(TimeSpan.FromSeconds(9), log.LongestGap(afterTicks: 5 * Second));
        Assert.Null(log.LongestGap(afterTicks: 12 * Second));
    }

    [Fact]
    public void Percentiles_are_of_the_records_that_were_due_in_the_span()
    {
        var log = new AckLog();
        for (int i = 0; i < 100; i++)
        {
            log.Add(new AckEntry(0, Second, Second + (i * Second / 1000)));
        }

        log.Add(new AckEntry(0, 2 * Second, 9 * Second));
        Assert.Equal(98_000, log.AckP99(0, 2 * Second)!.Value, 1.0);
        Assert.Equal(7_000_000, log.AckP99(2 * Second, long.MaxValue)!.Value, 1.0);
        Assert.Null(log.AckP99(3 * Second, 4 * Second));
    }

    [Fact]
    public void It_is_written_and_read_and_one_that_is_cut_short_is_refused()
    {
        string file = Path.Combine(Directory.CreateTempSubdirectory("logbroker-bench-").FullName, "acks");
        var log = new AckLog();
        log.Add(new AckEntry(3, 5 * Second, 6 * Second));
        log.Add(new AckEntry(3, 5 * Second, 8 * Second));
        log.Write(file);

        AckLog read = AckLog.Read(file);
        Assert.Equal((2, TimeSpan.FromSeconds(2)), (read.Count, read.LongestGap(0)!.Value));
        File.WriteAllBytes(file, File.ReadAllBytes(file)[1..]);
        Assert.Throws<BenchException>(() => AckLog.Read(file));
        Directory.Delete(Path.GetDirectoryName(file)!, recursive: true);
    }
}
