namespace LogBroker.Cli;

/// <summary>
/// Writes what a command found to stdout in one <see cref="OutputFormat"/>. Use either <see cref="Single"/> once, or
/// <see cref="BeginList"/>, <see cref="Item"/> for each, <see cref="EndList"/>. Not thread-safe.
/// </summary>
internal abstract class OutputWriter
{
    /// <summary>Writes one thing.</summary>
    public abstract void Single(OutputRecord record);

    /// <summary>Begins a list; <paramref name="name"/> is its proto JSON name.</summary>
    public abstract void BeginList(string name);

    /// <summary>Adds to the list.</summary>
    public abstract void Item(OutputRecord record);

    /// <summary>Ends the list.</summary>
    public abstract void EndList();

    /// <summary>A whole list at once.</summary>
    public void List(string name, IEnumerable<OutputRecord> records)
    {
        BeginList(name);
        foreach (OutputRecord record in records)
        {
            Item(record);
        }

        EndList();
    }

    /// <summary>The writer for a format.</summary>
    public static OutputWriter Create(OutputFormat format, CliHost host) => format switch
    {
        OutputFormat.Json => new JsonOutputWriter(host.Stdout),
        OutputFormat.Jsonl => new JsonlOutputWriter(host.Stdout),
        OutputFormat.Tsv => new TsvOutputWriter(host.Stdout),
        _ => new TableOutputWriter(host),
    };
}
