namespace LogBroker.Client;

/// <summary>What is to be read.</summary>
/// <param name="Topics">The topics.</param>
/// <param name="Partitions">Some partitions, or null for all.</param>
/// <param name="From">Where to begin.</param>
/// <param name="Until">Where to end; null for never.</param>
/// <param name="Options">Prefetching and limits.</param>
internal sealed record ReadPlan(string[] Topics, int[]? Partitions, Position From, Position? Until, ReadOptions Options);
