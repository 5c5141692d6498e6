namespace LogBroker.Cli;

/// <summary>The shape of what a command writes to stdout.</summary>
internal enum OutputFormat
{
    /// <summary>Aligned columns with a header, for a person. The default on a terminal.</summary>
    Table,

    /// <summary>Values between tabs, no header, numbers plain. The default everywhere else.</summary>
    Tsv,

    /// <summary>One JSON document.</summary>
    Json,

    /// <summary>One JSON document per line and item.</summary>
    Jsonl,
}
