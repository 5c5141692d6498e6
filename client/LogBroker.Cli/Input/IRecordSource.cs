using LogBroker.Client;

namespace LogBroker.Cli;

/// <summary>Where the records of <c>produce</c> come from. One reader at a time.</summary>
internal interface IRecordSource
{
    /// <summary>Bytes of input consumed so far, for the progress bar.</summary>
    long BytesRead { get; }

    /// <summary>
    /// The next record, or null at the end. Its bytes are valid until the next call.
    /// </summary>
    /// <exception cref="CliException">The input is malformed there; the message names the record.</exception>
    ValueTask<ProducerRecord?> ReadAsync(CancellationToken ct);
}
