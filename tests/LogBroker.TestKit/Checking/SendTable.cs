using System.Runtime.InteropServices;

namespace LogBroker.TestKit;

/// <summary>
/// One value of a history: who wrote it, what became of it, and where it was seen. Values that were only read have no send.
/// </summary>
internal record struct Sent
{
    /// <summary>Stands for an index or entry that is not there.</summary>
    public const int None = -1;

    public required RecordValue Value;

    public required int Partition;

    /// <summary>The process that sent it, or <see cref="None"/> for a value that nobody sent.</summary>
    public int Process;

    /// <summary>The entry of its invocation; <see cref="None"/> for a value that nobody sent.</summary>
    public int Invocation;

    /// <summary>What became of it; <see cref="OpType.Info"/> while it has no completion.</summary>
    public OpType Outcome;

    /// <summary>The acknowledged offset, or <see cref="PlacedRecord.NoOffset"/>.</summary>
    public long AckedOffset;

    /// <summary>R1: the greatest offset of the partition that was acknowledged before the send began.</summary>
    public long AckedBefore;

    /// <summary>Where it was seen first, and whether that pair is in the version order.</summary>
    public long SeenOffset;

    /// <summary>True when a successful poll or a final read has it.</summary>
    public bool IsRead;

    /// <summary>The least dense index, or <see cref="None"/>.</summary>
    public int First;

    /// <summary>The greatest dense index, or <see cref="None"/>.</summary>
    public int Last;

    public readonly bool IsKnown => Invocation >= 0;
}

/// <summary>All values of a history by number, so that the passes of the checker work on arrays.</summary>
internal sealed class SendTable
{
    private readonly Dictionary<RecordValue, int> _ids;
    private readonly List<Sent> _sent;

    public SendTable(int valuesExpected)
    {
        _ids = new Dictionary<RecordValue, int>(valuesExpected);
        _sent = new List<Sent>(valuesExpected);
    }

    public Span<Sent> All => CollectionsMarshal.AsSpan(_sent);

    public ref Sent this[int id] => ref All[id];

    /// <summary>The number of a value; one that nobody sent gets a number too.</summary>
    public int IdOf(in PlacedRecord seen)
    {
        if (!_ids.TryGetValue(seen.Value, out int id))
            id = Add(seen.Value, seen.Partition, Sent.None, Sent.None);
        return id;
    }

    /// <summary>Enters the invocation of a send.</summary>
    public int Add(RecordValue value, int partition, int process, int invocation)
    {
        int id = _sent.Count;
        if (!_ids.TryAdd(value, id))
            return Claim(_ids[value], value, partition, process, invocation);
        _sent.Add(new Sent
        {
            Value = value,
            Partition = partition,
            Process = process,
            Invocation = invocation,
            Outcome = OpType.Info,
            AckedOffset = PlacedRecord.NoOffset,
            AckedBefore = PlacedRecord.NoOffset,
            SeenOffset = PlacedRecord.NoOffset,
            First = Sent.None,
            Last = Sent.None,
        });
        return id;
    }

    // The value was read before its send began: a finding where it was read; from here on it has a sender all the same.
    private int Claim(int id, RecordValue value, int partition, int process, int invocation)
    {
        ref Sent sent = ref this[id];
        if (sent.IsKnown)
            throw new ArgumentException($"the value {value} is sent twice (entry {invocation}): values of a history must be unique");
        (sent.Process, sent.Invocation) = (process, invocation);
        if (sent.Partition != partition)
            (sent.Partition, sent.SeenOffset, sent.IsRead) = (partition, PlacedRecord.NoOffset, false);
        return id;
    }
}
