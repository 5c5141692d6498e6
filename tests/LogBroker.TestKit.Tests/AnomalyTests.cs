namespace LogBroker.TestKit.Tests;

/// <summary>Each anomaly of reads and writes is found, and what is only near it is not.</summary>
public sealed class AnomalyTests
{
    [Fact]
    public void Inconsistent_offsets_are_two_values_at_one_offset() =>
        new Story().Sends(1, 1).Sends(1, 2).Polled(8, (0, 1)).Polled(9, (0, 2)).Shows(Anomaly.InconsistentOffsets);

    [Fact]
    public void Inconsistent_offsets_are_found_between_an_ack_and_a_read() =>
        new Story().Wrote(1, 1, 0).Sends(1, 2).Polled(9, (0, 2))
            .Shows(Anomaly.InconsistentOffsets, Anomaly.LostWrite, Anomaly.RealtimeCycle);

    [Fact]
    public void A_value_at_one_offset_read_by_many_is_consistent() =>
        new Story().Wrote(1, 1, 0).Polled(8, (0, 1)).Polled(9, (0, 1)).PolledRecords(7, OpType.Info, At(0, 1)).Shows();

    [Fact]
    public void A_duplicate_is_one_value_at_two_offsets() =>
        new Story().Wrote(1, 1, 0).Polled(9, (0, 1), (1, 1)).Shows(Anomaly.Duplicate);

    [Fact]
    public void A_duplicate_is_found_across_readers_and_in_polls_without_outcome() =>
        new Story().Sends(1, 1).Polled(8, (0, 1)).PolledRecords(9, OpType.Info, At(4, 1)).Shows(Anomaly.Duplicate);

    [Fact]
    public void A_duplicate_of_a_writer_without_idempotence_is_reported_only()
    {
        var story = new Story { Options = new CheckOptions { PlainWriters = new HashSet<int> { 1 } } };
        var report = story.Wrote(1, 1, 0).Polled(9, (0, 1), (1, 1)).Shows();
        Assert.Equal((Anomaly.Duplicate, false, 1L), (report.Findings[0].Kind, report.Findings[0].IsBad, report.Findings[0].Count));
    }

    [Fact]
    public void An_aborted_read_sees_what_was_refused() =>
        new Story().Sends(1, 1).Refused(1, 1).Polled(9, (0, 1)).Shows(Anomaly.AbortedRead);

    [Fact]
    public void A_refusal_after_the_read_is_an_aborted_read_too() =>
        new Story().Sends(1, 1).Polled(9, (0, 1)).Refused(1, 1).Shows(Anomaly.AbortedRead);

    [Fact]
    public void Reading_what_has_no_outcome_is_no_aborted_read() =>
        new Story().Sends(1, 1).Unknown(1, 1).Polled(9, (0, 1)).Shows();

    [Fact]
    public void A_failed_poll_proves_no_aborted_read() =>
        new Story().Sends(1, 1).Refused(1, 1).PolledRecords(9, OpType.Fail, At(0, 1)).Shows();

    [Fact]
    public void A_lost_write_is_passed_by_a_later_one() =>
        new Story().Wrote(1, 1, 0).Wrote(1, 2, 1).Polled(9, (1, 2)).Shows(Anomaly.LostWrite);

    [Fact]
    public void An_acknowledged_write_that_nobody_has_come_to_yet_is_not_lost() =>
        new Story().Wrote(1, 1, 0).Wrote(1, 2, 1).Polled(9, (0, 1)).Shows();

    [Fact]
    public void A_write_without_outcome_that_nobody_saw_is_not_lost() =>
        new Story().Wrote(1, 1, 0).Sends(1, 2).Unknown(1, 2).Wrote(1, 3, 1).Polled(9, (0, 1), (1, 3)).Shows();

    [Fact]
    public void A_write_seen_only_by_a_poll_without_outcome_is_not_lost_but_an_acknowledged_one_is()
    {
        new Story().Sends(1, 1).Unknown(1, 1).PolledRecords(8, OpType.Info, At(0, 1)).Wrote(1, 2, 1).Polled(9, (1, 2)).Shows();
        new Story().Wrote(1, 1, 0).PolledRecords(8, OpType.Info, At(0, 1)).Wrote(1, 2, 1).Polled(9, (1, 2)).Shows(Anomaly.LostWrite);
    }

    [Fact]
    public void An_op_of_two_records_must_commit_when_one_of_them_was_read()
    {
        var story = new Story().Sends(1, 1, 2).Ended(OpType.Info, 1, At(0, 1), At(1, 2)).Wrote(1, 3, 2);
        story.Polled(9, (0, 1), (2, 3)).Shows(Anomaly.LostWrite, Anomaly.InternalPollSkip);
    }

    [Fact]
    public void A_poll_that_leaves_a_value_out_skips()
    {
        var three = new Story().Wrote(1, 1, 0).Wrote(1, 2, 1).Wrote(1, 3, 2).Polled(8, (0, 1), (1, 2), (2, 3));
        three.Polled(9, (0, 1)).Polled(9, (2, 3)).Shows(Anomaly.PollSkip);
    }

    [Fact]
    public void A_hole_in_the_offsets_that_nobody_filled_is_no_skip() =>
        new Story().Wrote(1, 1, 0).Wrote(1, 3, 7).Polled(9, (0, 1)).Polled(9, (7, 3)).Shows();

    [Fact]
    public void A_poll_that_goes_back_is_nonmonotonic() =>
        new Story().Wrote(1, 1, 0).Wrote(1, 2, 1).Polled(9, (0, 1), (1, 2)).Polled(9, (0, 1)).Shows(Anomaly.NonmonotonicPoll);

    [Fact]
    public void A_poll_that_is_given_the_last_value_again_is_nonmonotonic() =>
        new Story().Wrote(1, 1, 0).Polled(9, (0, 1)).Polled(9, (0, 1)).Shows(Anomaly.NonmonotonicPoll);

    [Fact]
    public void A_poll_after_a_poll_without_outcome_goes_on_from_the_last_good_one() =>
        new Story().Wrote(1, 1, 0).Wrote(1, 2, 1)
            .Polled(9, (0, 1)).PolledRecords(9, OpType.Info, At(1, 2)).Polled(9, (1, 2)).Shows();

    [Fact]
    public void A_seek_is_no_step_back_but_an_assignment_that_goes_on_keeps_its_place()
    {
        var story = new Story().Wrote(1, 1, 0).Wrote(1, 2, 1).Polled(9, (0, 1), (1, 2));
        story.Assigned(9, (0, 0)).Polled(9, (0, 1), (1, 2)).Shows();
        story.Assigned(9, (0, -1)).Polled(9, (0, 1)).Shows(Anomaly.NonmonotonicPoll);
    }

    [Fact]
    public void A_partition_given_away_and_taken_again_has_no_place() =>
        new Story().Wrote(1, 1, 0).Assigned(9, (0, -1)).Polled(9, (0, 1))
            .Assigned(9, (1, -1)).Assigned(9, (0, -1)).Polled(9, (0, 1)).Shows();

    [Fact]
    public void A_crashed_process_has_no_place() =>
        new Story().Wrote(1, 1, 0).Polled(9, (0, 1)).Marked(9, OpAction.Crash).Polled(9, (0, 1)).Shows();

    [Fact]
    public void Two_processes_have_places_of_their_own() =>
        new Story().Wrote(1, 1, 0).Wrote(1, 2, 1).Polled(8, (0, 1), (1, 2)).Polled(9, (0, 1)).Polled(8).Polled(9, (1, 2)).Shows();

    [Fact]
    public void Within_one_poll_skips_and_steps_back_are_found()
    {
        var three = () => new Story().Wrote(1, 1, 0).Wrote(1, 2, 1).Wrote(1, 3, 2).Polled(8, (0, 1), (1, 2), (2, 3));
        three().Polled(9, (0, 1), (2, 3)).Shows(Anomaly.InternalPollSkip);
        three().Polled(9, (1, 2), (0, 1)).Shows(Anomaly.InternalNonmonotonicPoll);
        three().Polled(9, (0, 1), (1, 2), (2, 3)).Shows();
    }

    [Fact]
    public void Within_one_poll_moved_partitions_are_left_alone()
    {
        var story = new Story().Wrote(1, 1, 0).Wrote(1, 2, 1).Polled(9, (1, 2), (0, 1));
        story.History.SetRebalanced(story.History.Count - 1, 0);
        story.Shows();
    }

    [Fact]
    public void A_subscribed_process_may_skip_and_repeat_between_polls_and_it_is_reported()
    {
        var story = new Story().Wrote(1, 1, 0).Wrote(1, 2, 1).Wrote(1, 3, 2).Polled(8, (0, 1), (1, 2), (2, 3)).Subscribed(9, 0);
        var report = story.Polled(9, (0, 1)).Polled(9, (2, 3)).Polled(9, (0, 1)).Shows();
        Assert.Equal(
            [Anomaly.PollSkip, Anomaly.NonmonotonicPoll, Anomaly.ConsumedAgain], report.Findings.Select(finding => finding.Kind));
    }

    [Fact]
    public void A_value_that_nobody_sent_is_unknown()
    {
        new Story().Polled(9, (0, 1)).Shows(Anomaly.UnknownRecord);
        new Story().PolledRecords(9, OpType.Ok, new PlacedRecord(0, 0, RecordValue.Unreadable)).Shows(Anomaly.UnknownRecord);
    }

    [Fact]
    public void A_value_in_another_partition_than_sent_to_is_unknown_there() =>
        new Story().SendsTo(1, 1, 5).Polled(9, (0, 5)).Shows(Anomaly.UnknownRecord);

    [Fact]
    public void A_value_read_before_it_was_sent_is_unknown_and_a_cycle() =>
        new Story().Polled(9, (0, 1)).Wrote(1, 1, 0).Shows(Anomaly.UnknownRecord, Anomaly.RealtimeCycle);

    [Fact]
    public void A_history_that_sends_a_value_twice_is_refused() =>
        Assert.Throws<ArgumentException>(() => new Story().Sends(1, 1).Sends(1, 1).Check());

    private static PlacedRecord At(long offset, int number) => new(0, offset, Story.Value(number));
}
