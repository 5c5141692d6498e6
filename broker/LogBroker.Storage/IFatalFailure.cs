namespace LogBroker.Storage;

/// <summary>
/// Ends the process because a write or sync failed: what is on the disk is unknown, and nothing may be acknowledged any more.
/// Thread-safe. In production (<see cref="ProcessExit"/>) the call does not return; in tests it records.
/// </summary>
public interface IFatalFailure
{
    /// <summary>Says what failed and ends the process. When it does return, the caller throws and does nothing else.</summary>
    void Fail(string what, Exception cause);
}

/// <summary>Writes one line to standard error and leaves at once, without any clean-up that could write or acknowledge.</summary>
public sealed class ProcessExit : IFatalFailure
{
    /// <summary>EX_IOERR of sysexits: an input or output error.</summary>
    public const int ExitCode = 74;

    /// <inheritdoc/>
    public void Fail(string what, Exception cause)
    {
        string line = $"LogBroker stopped: {what}: {cause.Message}. Nothing was acknowledged after this. "
            + "Restarting at once will not help: check the disk first.";
        Console.Error.WriteLine(line.ReplaceLineEndings(" "));
        Console.Error.Flush();
        Posix.ExitNow(ExitCode);
    }
}
