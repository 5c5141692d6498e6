namespace LogBroker.TestKit.Tests;

/// <summary>A history written as text is read back as it was.</summary>
public sealed class HistoryTextTests
{
    [Fact]
    public void What_was_written_is_read_back()
    {
        var story = new Story().Wrote(1, 1, 0).Sends(1, 2).Unknown(1, 2).Polled(9, (0, 1)).Assigned(9, (0, 5), (1, -1)).Leads(3, 7);
        story.History.Mark(History.NoProcess, OpAction.Fault, 1_000_000_000, "kill -9 of node 2");
        using var text = new StringWriter();
        HistoryText.Write(story.History, text);
        var read = HistoryText.Read(new StringReader(text.ToString()));
        using var again = new StringWriter();
        HistoryText.Write(read, again);
        Assert.Equal(text.ToString(), again.ToString());
        Assert.Equal("kill -9 of node 2", read.NoteOf(read.Count - 1));
        Assert.Contains("Send\tOk\t1\t0\t2000000\t0@0=1:1", text.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("Send\tOk")]
    [InlineData("Send\tMaybe\t1\t0\t2\t\t")]
    [InlineData("Send\tInvoke\t1\t0\t2\t0@0\t")]
    [InlineData("Send\tInvoke\t1\t0\t2\t0@0=1:x\t")]
    public void What_is_no_history_is_refused(string line) =>
        Assert.Throws<FormatException>(() => HistoryText.Read(new StringReader(line + "\n")));

    [Fact]
    public void Values_have_a_writer_and_a_number_up_to_their_limits()
    {
        var greatest = new RecordValue(RecordValue.WriterMax, RecordValue.NumberMax);
        Assert.Equal((RecordValue.WriterMax, RecordValue.NumberMax), (greatest.Writer, greatest.Number));
        Assert.True(RecordValue.TryParse(greatest.ToString(), out var parsed) && parsed == greatest);
        Assert.True(RecordValue.TryParse("?", out var unreadable) && unreadable == RecordValue.Unreadable);
        Assert.NotEqual(RecordValue.Unreadable, greatest);
        Assert.Throws<ArgumentOutOfRangeException>(() => new RecordValue(RecordValue.WriterMax + 1, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => new RecordValue(0, RecordValue.NumberMax + 1));
    }

    [Fact]
    public void A_completion_needs_an_invocation_and_time_does_not_go_back()
    {
        var history = new History();
        int sent = history.Invoke(1, OpAction.Send, 5, new PlacedRecord(0, -1, Story.Value(1)));
        int done = history.Complete(sent, OpType.Ok, 6, new PlacedRecord(0, 0, Story.Value(1)));
        Assert.Throws<ArgumentException>(() => history.Complete(done, OpType.Ok, 7));
        Assert.Throws<ArgumentException>(() => history.Complete(sent, OpType.Invoke, 7));
        Assert.Throws<ArgumentException>(() => history.Invoke(1, OpAction.Poll, 5));
    }
}
