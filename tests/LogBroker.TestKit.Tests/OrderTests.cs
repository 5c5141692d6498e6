namespace LogBroker.TestKit.Tests;

/// <summary>The order of sends against real time and against their processes; lags, watermarks, leaders and vacuity.</summary>
public sealed class OrderTests
{
    [Fact]
    public void A_later_send_in_front_of_an_earlier_one_is_nonmonotonic() =>
        new Story().Sends(1, 1).Sends(1, 2).Acked(1, 2, 0).Acked(1, 1, 1).Shows(Anomaly.NonmonotonicSend);

    [Fact]
    public void Sends_without_outcome_count_where_they_were_read() =>
        new Story().Sends(1, 1).Sends(1, 2).Unknown(1, 1).Unknown(1, 2).Polled(9, (0, 2), (1, 1)).Shows(Anomaly.NonmonotonicSend);

    [Fact]
    public void A_late_send_without_outcome_of_a_writer_without_idempotence_is_borne()
    {
        var plain = new CheckOptions { PlainWriters = new HashSet<int> { 1 } };
        new Story { Options = plain }.Sends(1, 1).Unknown(1, 1).Wrote(1, 2, 0).Polled(9, (0, 2), (1, 1)).Shows();
        new Story().Sends(1, 1).Unknown(1, 1).Wrote(1, 2, 0).Polled(9, (0, 2), (1, 1)).Shows(Anomaly.NonmonotonicSend);
    }

    [Fact]
    public void Sends_of_two_processes_or_to_two_partitions_have_no_order_between_them() =>
        new Story().Sends(1, 1).Sends(2, 2).Acked(2, 2, 0).Acked(1, 1, 1)
            .SendsTo(1, 1, 3).Ended(OpType.Ok, 1, new PlacedRecord(1, 0, Story.Value(3))).Shows();

    [Fact]
    public void Within_one_send_the_order_is_kept()
    {
        PlacedRecord At(long offset, int number) => new(0, offset, Story.Value(number));
        new Story().Sends(1, 1, 2).Ended(OpType.Ok, 1, At(1, 1), At(0, 2)).Shows(Anomaly.InternalNonmonotonicSend);
        new Story().Sends(1, 1, 2).Ended(OpType.Ok, 1, At(0, 1), At(7, 2)).Shows();
    }

    [Fact]
    public void R1_an_ack_at_or_below_what_was_acknowledged_before_the_send_is_stale() =>
        new Story().Wrote(1, 1, 5).Wrote(2, 2, 3).Shows(Anomaly.StaleAck, Anomaly.RealtimeCycle);

    [Fact]
    public void R1_concurrent_sends_may_be_acknowledged_in_any_order() =>
        new Story().Sends(1, 1).Sends(2, 2).Acked(1, 1, 5).Acked(2, 2, 3).Shows();

    [Fact]
    public void R1_knows_partitions_apart() =>
        new Story().Wrote(1, 1, 5).SendsTo(1, 2, 2).Ended(OpType.Ok, 2, new PlacedRecord(1, 3, Story.Value(2, 2))).Shows();

    [Fact]
    public void R2_an_offset_acknowledged_twice_is_found() =>
        new Story().Sends(1, 1).Sends(2, 2).Acked(1, 1, 5).Acked(2, 2, 5).Shows(Anomaly.AckedTwice, Anomaly.InconsistentOffsets);

    [Fact]
    public void A_send_without_outcome_in_front_of_what_was_acknowledged_before_it_is_a_cycle() =>
        new Story().Wrote(1, 2, 1).Sends(2, 1).Unknown(2, 1)
            .PolledRecords(9, OpType.Ok, new PlacedRecord(0, 0, Story.Value(1, 2)), new PlacedRecord(0, 1, Story.Value(2)))
            .Shows(Anomaly.RealtimeCycle);

    [Fact]
    public void A_send_in_front_of_what_was_read_before_it_is_a_cycle()
    {
        var reader = new PlacedRecord(0, 1, Story.Value(2));
        var before = new PlacedRecord(0, 0, Story.Value(1, 2));
        new Story().Sends(1, 2).PolledRecords(9, OpType.Ok, reader).Sends(2, 1).Ended(OpType.Ok, 2, before)
            .Shows(Anomaly.RealtimeCycle, Anomaly.LostWrite);
        new Story().Sends(1, 2).Sends(2, 1).PolledRecords(9, OpType.Ok, reader).Ended(OpType.Ok, 2, before)
            .PolledRecords(8, OpType.Ok, before).Shows();
    }

    [Fact]
    public void A_reader_behind_by_more_than_the_bound_after_the_quiet_lags()
    {
        Story Lagging(int milliseconds, bool isQuiet)
        {
            var story = new Story { Options = new CheckOptions { RealtimeLagMaxNs = 50_000_000 } };
            story.Assigned(9, (0, 0)).Wrote(1, 1, 0).Polled(9, (0, 1)).Wrote(1, 2, 1);
            return (isQuiet ? story.Quiet() : story).Waits(milliseconds).Polled(9);
        }

        Lagging(100, isQuiet: true).Shows(Anomaly.RealtimeLag);
        Lagging(20, isQuiet: true).Shows();
        Assert.InRange(Lagging(100, isQuiet: false).Shows().LagMaxNs, 100_000_000, 110_000_000);
    }

    [Fact]
    public void A_reader_that_has_read_all_or_just_been_given_it_does_not_lag()
    {
        var story = new Story { Options = new CheckOptions { RealtimeLagMaxNs = 50_000_000 } };
        story.Assigned(9, (0, 0)).Wrote(1, 1, 0).Quiet().Waits(1000).Polled(9, (0, 1)).Waits(1000).Polled(9);
        Assert.Equal(0, story.Shows().LagMaxNs);
    }

    [Fact]
    public void A_reader_that_goes_back_is_behind_from_then_on()
    {
        var story = new Story().Wrote(1, 1, 0).Wrote(1, 2, 1).Waits(1000).Assigned(9, (0, 0)).Waits(10).Polled(9, (0, 1)).Polled(9, (1, 2));
        Assert.InRange(story.Shows().LagMaxNs, 10_000_000, 20_000_000);
    }

    [Fact]
    public void R7_a_watermark_that_falls_for_one_client_is_found()
    {
        new Story().Told(9, 5).Told(9, 4).Shows(Anomaly.WatermarkRegressed);
        new Story().Told(9, 5).Told(8, 4).Told(9, 5).Shows();
    }

    [Fact]
    public void R7_a_record_at_the_watermark_or_behind_it_is_found()
    {
        new Story().Sends(1, 1).Told(9, 0).Polled(9, (0, 1)).Shows(Anomaly.ReadBeyondWatermark);
        new Story().Sends(1, 1).Told(9, 1).Polled(9, (0, 1)).Shows();
    }

    [Fact]
    public void Two_leaders_of_one_epoch_are_found()
    {
        new Story().Leads(1, 4).Leads(2, 4).Shows(Anomaly.TwoLeaders);
        new Story().Leads(1, 4).Leads(1, 4).Leads(2, 5).Leads(2, 4, partition: 1).Shows();
    }

    [Fact]
    public void A_run_that_saw_too_little_is_vacuous()
    {
        Story Run(CheckOptions options) =>
            new Story { Options = options }.Wrote(1, 1, 0).Polled(9, (0, 1)).Leads(1, 1).Leads(2, 2)
                .Marked(History.NoProcess, OpAction.Fault).Replica(1, 1);

        Run(new CheckOptions { AcksMin = 1, ReadsMin = 1, FaultsMin = 1, LeaderChangesMin = 1, ReplicaReadsMin = 1 }).Shows();
        Run(new CheckOptions { AcksMin = 2 }).Shows(Anomaly.Vacuous);
        Run(new CheckOptions { ReadsMin = 2 }).Shows(Anomaly.Vacuous);
        Run(new CheckOptions { FaultsMin = 2 }).Shows(Anomaly.Vacuous);
        Run(new CheckOptions { LeaderChangesMin = 2 }).Shows(Anomaly.Vacuous);
        Run(new CheckOptions { ReplicaReadsMin = 2 }).Shows(Anomaly.Vacuous);
    }
}
