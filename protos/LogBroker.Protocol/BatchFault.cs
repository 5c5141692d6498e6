namespace LogBroker.Protocol;

/// <summary>What is wrong with bytes that should be a batch in a log.</summary>
public enum BatchFault
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>The bytes end before the batch does: read more, or, at the end of a file, it is torn.</summary>
    Incomplete,

    /// <summary>The length field is below the header's size or above the largest batch.</summary>
    BadLength,

    /// <summary>The format version is not 2.</summary>
    BadMagic,

    /// <summary>Counts, deltas or attributes contradict each other; also a row whose two copies of its facts differ.</summary>
    BadHeader,

    /// <summary>The checksum does not fit the bytes.</summary>
    BadCrc,
}
