namespace LogBroker.Storage.Tests;

/// <summary>
/// What a log may be after a crash: a prefix of everything appended, at least as long as what was flushed, with a log start that was
/// reached or asked for.
/// </summary>
internal sealed class CrashModel
{
    private readonly List<(int Epoch, byte[] Value)> _appended = [];

    /// <summary>Records known to be durable, counted from offset 0.</summary>
    public int Durable { get; private set; }

    /// <summary>The log start that was reached.</summary>
    public long Start { get; private set; }

    /// <summary>The log start that was asked for last.</summary>
    public long StartAsked { get; private set; }

    /// <summary>Whether topics exist: true and false for sure, null while it is being changed.</summary>
    public Dictionary<string, bool?> Topics { get; } = [];

    public int End => _appended.Count;

    public void Append(int epoch, byte[] value) => _appended.Add((epoch, value));

    public void Flushed(int end) => Durable = Math.Max(Durable, end);

    public void StartMoves(long to) => StartAsked = to;

    public void StartMoved() => Start = StartAsked;

    public void CutBegins(int end) => Durable = Math.Min(Durable, end);

    public void CutDone(int end) => _appended.RemoveRange(end, _appended.Count - end);

    /// <summary>Compares a recovered log with what is allowed, and goes on from it.</summary>
    public void Check(PartitionLog log, List<(long Offset, int Epoch, byte[] Value)> records, string when)
    {
        LogBounds bounds = log.Bounds;
        long start = bounds.LogStart.Value;
        Assert.True(start == Start || start == StartAsked, $"{when}: log start {start}, not {Start} or {StartAsked}");
        Assert.True(bounds.End.Value >= Durable, $"{when}: end {bounds.End}, but {Durable} records were flushed");
        Assert.True(bounds.End.Value <= End, $"{when}: end {bounds.End}, but only {End} records were appended");
        Assert.Equal(bounds.Appended, bounds.Durable);
        Assert.Equal(bounds.End.Value - start, records.Count);
        foreach ((long offset, int epoch, byte[] value) in records)
        {
            (int dueEpoch, byte[] dueValue) = _appended[(int)offset];
            Assert.True(value.AsSpan().SequenceEqual(dueValue), $"{when}: another record at offset {offset}");
            Assert.True(epoch == dueEpoch, $"{when}: epoch {epoch} at offset {offset} where {dueEpoch} is due");
        }

        Start = StartAsked = start;
        Durable = (int)bounds.End.Value;
        CutDone(Durable);
    }
}
