namespace LogBroker.TestKit.Tests;

/// <summary>Whole reads of replicas: R3 to R6, and values never seen.</summary>
public sealed class ReplicaTests
{
    [Fact]
    public void Replicas_with_all_that_was_acknowledged_are_good() =>
        Two().Sends(1, 3).Unknown(1, 3).Replica(1, 1, 2, 3).Replica(2, 1, 2, 3).Replica(3, 1, 2, 3).Shows();

    [Fact]
    public void Unseen_is_what_no_replica_has_and_no_one_read() =>
        Two().Replica(1, 1).Replica(2, 1).Shows(Anomaly.Unseen, Anomaly.LostOnReplica);

    [Fact]
    public void Without_whole_reads_nothing_is_unseen() => Two().Polled(9, (0, 1)).Shows();

    [Fact]
    public void R5_a_loss_at_one_replica_alone_is_found() =>
        Two().Replica(1, 1, 2).Replica(2, 1).Replica(3, 1, 2).Shows(Anomaly.LostOnReplica, Anomaly.ReplicasDiffer);

    [Fact]
    public void R5_a_record_without_outcome_at_one_replica_alone_is_found() =>
        Two().Sends(1, 3).Unknown(1, 3).Replica(1, 1, 2, 3).Replica(2, 1, 2).Shows(Anomaly.ReplicasDiffer);

    [Fact]
    public void R3_a_record_elsewhere_than_acknowledged_is_unknown_there()
    {
        var story = new Story().Sends(1, 1).Sends(1, 2).Acked(1, 1, 0).Acked(1, 2, 1).Replica(1, 2, 1);
        story.Shows(Anomaly.UnknownRecord, Anomaly.LostOnReplica, Anomaly.InconsistentOffsets, Anomaly.Duplicate);
    }

    [Fact]
    public void R3_a_record_without_outcome_below_what_was_acknowledged_before_it_is_unknown_there()
    {
        var story = new Story().Wrote(1, 2, 1).Sends(1, 1).Unknown(1, 1).Replica(1, 1, 2);
        story.Shows(Anomaly.UnknownRecord, Anomaly.RealtimeCycle, Anomaly.NonmonotonicSend);
    }

    [Fact]
    public void R3_a_record_that_was_refused_is_an_aborted_read() =>
        Two().Sends(1, 3).Refused(1, 3).Replica(1, 1, 2, 3).Shows(Anomaly.AbortedRead);

    [Fact]
    public void R3_offsets_of_a_whole_read_rise_without_a_hole_from_the_log_start_to_the_watermark()
    {
        var first = new PlacedRecord(0, 0, Story.Value(1));
        var second = new PlacedRecord(0, 1, Story.Value(2));
        Two().ReplicaHas(new ReplicaRead(1, 0, 0, 2, 0, [first, second])).Shows();
        Two().ReplicaHas(new ReplicaRead(1, 0, 0, 2, 0, [second, first])).Shows(Anomaly.UnorderedReplica);
        Two().ReplicaHas(new ReplicaRead(1, 0, 0, 3, 0, [first, second])).Shows(Anomaly.UnorderedReplica);
        Two().ReplicaHas(new ReplicaRead(1, 0, 0, 2, 0, [first, second, second])).Shows(Anomaly.UnorderedReplica);
    }

    [Fact]
    public void R4_losses_are_told_apart_by_the_writers_counters()
    {
        var story = new Story();
        for (int number = 0; number < 6; number++)
            story.Wrote(1, number, number);
        story.Wrote(2, 9, 6);
        var kept = new[] { 2, 4 }.Select(n => new PlacedRecord(0, n, Story.Value(n))).ToList();
        var report = story.ReplicaHas(new ReplicaRead(3, 0, 0, 7, 0, kept)).Check();
        Assert.Equal(
            [
                new Loss(3, 0, 1, LossClass.Prefix, 2, 0, 1),
                new Loss(3, 0, 1, LossClass.Middle, 1, 3, 3),
                new Loss(3, 0, 1, LossClass.Postfix, 1, 5, 5),
                new Loss(3, 0, 2, LossClass.All, 1, 9, 9),
            ],
            report.Losses);
    }

    [Fact]
    public void Records_that_retention_deleted_are_not_lost() => Two().ReplicaAt(1, 1, 0, 2).ReplicaAt(2, 0, 0, 1, 2).Shows();

    [Fact]
    public void R6_the_same_records_in_other_bytes_are_found()
    {
        Two().ReplicaAt(1, 0, 7, 1, 2).ReplicaAt(2, 0, 8, 1, 2).Shows(Anomaly.ReplicasDiffer);
        Two().ReplicaAt(1, 0, 7, 1, 2).ReplicaAt(2, 0, 0, 1, 2).Shows();
    }

    [Fact]
    public void A_duplicate_in_a_replica_alone_is_found() =>
        Two().Replica(1, 1, 2).Replica(2, 1, 2, 1)
            .Shows(Anomaly.Duplicate, Anomaly.UnknownRecord, Anomaly.ReplicasDiffer);

    private static Story Two() => new Story().Wrote(1, 1, 0).Wrote(1, 2, 1);
}
