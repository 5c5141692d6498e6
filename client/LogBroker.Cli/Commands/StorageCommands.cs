namespace LogBroker.Cli;

/// <summary><c>storage segments</c>, <c>dump</c> and <c>verify</c>.</summary>
internal static class StorageCommands
{
    /// <summary>The group.</summary>
    public static CliCommand Create() => new("storage", "Look into a data directory, without a broker and without changing it.");
}
