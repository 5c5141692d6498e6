namespace LogBroker.TestKit;

/// <summary>What an operation of a history is about.</summary>
public enum OpAction : byte
{
    /// <summary>A process writes records. Its completion carries the same, with offsets when it is <see cref="OpType.Ok"/>.</summary>
    Send,

    /// <summary>A process reads what comes next: the completion carries the records in the order in which they came.</summary>
    Poll,

    /// <summary>
    /// From here on the process reads exactly these partitions: onwards from where it was, or from the offset of the record if it has one.
    /// </summary>
    Assign,

    /// <summary>As <see cref="Assign"/>, but a group may move partitions at any time: skips and repetitions are borne.</summary>
    Subscribe,

    /// <summary>The client of the process is thrown away; what it had on its way has no outcome.</summary>
    Crash,

    /// <summary>The process, which talks to one run of one node, was told a high watermark (offset) of a partition.</summary>
    Watermark,

    /// <summary>A node (<see cref="RecordValue.Writer"/>) leads a partition in an epoch (offset).</summary>
    Leader,

    /// <summary>A fault was put in place or taken away; the note says which.</summary>
    Fault,

    /// <summary>All faults are healed: from here on lags are bounded.</summary>
    Quiet,
}

/// <summary>Which end of an operation it is.</summary>
public enum OpType : byte
{
    /// <summary>It begins.</summary>
    Invoke,

    /// <summary>It happened.</summary>
    Ok,

    /// <summary>It did not happen and never will: only for a definite refusal.</summary>
    Fail,

    /// <summary>It may have happened or may happen yet.</summary>
    Info,
}

/// <summary>
/// One entry of a history. The order of entries is the order of real time: an invocation is entered before the call, a completion after its
/// return.
/// </summary>
public readonly ref struct Op
{
    /// <summary>Its number, from 0.</summary>
    public required int Index { get; init; }

    /// <summary>The number of the invocation that it completes; its own for an invocation and for what has no invocation.</summary>
    public required int Invocation { get; init; }

    /// <summary>The client; a client that is made anew is another process.</summary>
    public required int Process { get; init; }

    /// <summary>What it is about.</summary>
    public required OpAction Action { get; init; }

    /// <summary>Which end of it.</summary>
    public required OpType Type { get; init; }

    /// <summary>Nanoseconds since the history began.</summary>
    public required long TimeNs { get; init; }

    /// <summary>What it carries, as its action says.</summary>
    public required ReadOnlySpan<PlacedRecord> Records { get; init; }
}
