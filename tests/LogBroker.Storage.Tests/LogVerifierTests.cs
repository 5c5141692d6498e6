using LogBroker.TestKit;

namespace LogBroker.Storage.Tests;

public sealed class LogVerifierTests
{
    [Fact]
    public void A_sound_log_has_no_findings_and_its_segments_add_up()
    {
        LogWorld world = RolledLog();
        world.Log.Close();
        List<SegmentReport> reports = [.. LogVerifier.Verify(world.Disk, LogWorld.Directory)];
        Assert.True(reports.Count > 2);
        Assert.All(reports, r => Assert.Empty(r.Findings));
        Assert.Equal(world.Log.Bounds.End, reports[^1].NextOffset);
        Assert.Equal(world.Log.Bounds.End.Value, reports.Sum(r => r.Records));
        Assert.Equal(2, reports[^1].LastEpoch.Value);
    }

    [Fact]
    public void A_log_that_is_written_to_has_no_findings()
    {
        LogWorld world = RolledLog();
        Assert.All(LogVerifier.Verify(world.Disk, LogWorld.Directory), r => Assert.Empty(r.Findings));
    }

    [Fact]
    public void Every_flipped_byte_of_a_closed_segment_is_found_at_its_batch()
    {
        LogWorld world = RolledLog();
        world.Log.Close();
        SegmentReport second = LogVerifier.Verify(world.Disk, LogWorld.Directory).ElementAt(1);
        for (int at = 0; at < second.Bytes; at += 7)
        {
            int place = at;
            world.Disk.Corrupt(second.File, bytes => bytes[place] ^= 0x10);
            VerifyFinding finding = LogVerifier.Verify(world.Disk, LogWorld.Directory)
                .SelectMany(r => r.Findings)
                .First(f => f.Severity == VerifySeverity.Damage);
            Assert.Equal(second.File, finding.File);
            Assert.InRange(place, finding.Position, finding.Position + second.Bytes);
            world.Disk.Corrupt(second.File, bytes => bytes[place] ^= 0x10);
        }

        Assert.All(LogVerifier.Verify(world.Disk, LogWorld.Directory), r => Assert.Empty(r.Findings));
    }

    [Fact]
    public void A_torn_end_of_the_last_segment_is_a_note_and_a_bad_batch_in_front_of_good_ones_is_damage()
    {
        var world = new LogWorld();
        world.Row(1);
        world.Append(TestBatches.Of(2));
        world.Append(TestBatches.Of(2));
        world.Commit();
        string file = LogVerifier.Verify(world.Disk, LogWorld.Directory).Single().File;
        DumpedBatch[] batches = [.. LogVerifier.Dump(world.Disk, file)];
        Assert.Equal(3, batches.Length);

        world.Disk.Corrupt(file, bytes => bytes[batches[2].Position + 70] ^= 1);
        VerifyFinding torn = Assert.Single(LogVerifier.Verify(world.Disk, LogWorld.Directory).Single().Findings);
        Assert.Equal((VerifySeverity.Note, batches[2].Position), (torn.Severity, torn.Position));

        world.Disk.Corrupt(file, bytes => bytes[batches[2].Position + 70] ^= 1);
        world.Disk.Corrupt(file, bytes => bytes[batches[1].Position + 70] ^= 1);
        VerifyFinding damage = Assert.Single(LogVerifier.Verify(world.Disk, LogWorld.Directory).Single().Findings);
        Assert.Equal((VerifySeverity.Damage, batches[1].Position), (damage.Severity, damage.Position));
    }

    [Fact]
    public void A_missing_segment_in_the_middle_is_damage()
    {
        LogWorld world = RolledLog();
        world.Log.Close();
        world.Disk.DeleteFile(LogVerifier.Verify(world.Disk, LogWorld.Directory).ElementAt(1).File);
        Assert.Contains(
            LogVerifier.Verify(world.Disk, LogWorld.Directory).SelectMany(r => r.Findings),
            f => f.Severity == VerifySeverity.Damage && f.Reason.Contains("is due", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(".index")]
    [InlineData(".timeindex")]
    public void A_wrong_index_entry_is_a_note(string suffix)
    {
        LogWorld world = RolledLog();
        world.Log.Close();
        string index = Path.ChangeExtension(LogVerifier.Verify(world.Disk, LogWorld.Directory).First().File, suffix);
        world.Disk.Corrupt(index, bytes => bytes[^1] ^= 1);
        VerifyFinding finding = Assert.Single(LogVerifier.Verify(world.Disk, LogWorld.Directory).SelectMany(r => r.Findings));
        Assert.Equal((VerifySeverity.Note, index), (finding.Severity, finding.File));
    }

    [Fact]
    public void Partitions_are_found_from_any_level()
    {
        LogWorld world = RolledLog();
        Assert.Equal([LogWorld.Directory], LogVerifier.PartitionsUnder(world.Disk, LogWorld.Directory));
        Assert.Empty(LogVerifier.PartitionsUnder(world.Disk, "/nowhere"));
        foreach (string path in (string[])["/d", "/d/topics", "/d/topics/orders~11112222", "/d/topics/orders~11112222/0"])
        {
            world.Disk.CreateDirectory(path);
        }

        world.Disk.Open("/d/topics/orders~11112222/0/00000000000000000000.log", DiskAccess.CreateNew).Dispose();
        string partition = Assert.Single(LogVerifier.PartitionsUnder(world.Disk, "/d"));
        Assert.Equal(partition, Assert.Single(LogVerifier.PartitionsUnder(world.Disk, "/d/topics/orders~11112222")));
    }

    private static LogWorld RolledLog()
    {
        var world = new LogWorld();
        world.Row(1);
        for (int i = 0; i < 30; i++)
        {
            if (i == 15)
            {
                world.Row(2);
            }

            world.Append(TestBatches.Of(3, valueBytes: 100, timestampMs: 1_000 + (i * 10), fill: i));
        }

        world.Commit();
        return world;
    }
}
