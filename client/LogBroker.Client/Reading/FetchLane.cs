namespace LogBroker.Client;

/// <summary>The partitions that are fetched from one server, and the long poll that waits for them. Under the fetcher's lock.</summary>
internal sealed class FetchLane : List<PartitionCursor>
{
    /// <summary>True when a partition was added since the last look at all of them.</summary>
    public bool IsWoken { get; set; }

    /// <summary>Breaks off the poll that is under way; null for none.</summary>
    public CancellationTokenSource? Poll { get; set; }
}
