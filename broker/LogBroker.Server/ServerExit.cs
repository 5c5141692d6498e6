namespace LogBroker.Server;

/// <summary>The exit codes of logbrokerd. 74 and 78 have the numbers of sysexits.h: EX_IOERR and EX_CONFIG.</summary>
internal static class ServerExit
{
    /// <summary>Stopped as asked.</summary>
    public const int Ok = 0;

    /// <summary>A failure without a better code.</summary>
    public const int Failed = 1;

    /// <summary>The command line is wrong.</summary>
    public const int Usage = 2;

    /// <summary>The disk failed.</summary>
    public const int DiskFailed = 74;

    /// <summary>The configuration or the data directory is wrong.</summary>
    public const int Configuration = 78;

    /// <summary>All of them with their meaning, for the documentation.</summary>
    public static IReadOnlyList<(int Code, string Meaning)> All { get; } =
    [
        (Ok, "Stopped as asked by SIGTERM, SIGINT or Ctrl-C."),
        (Failed, "The start or the run failed for a reason that the last line on stderr names, such as a port in use."),
        (Usage, "The command line is wrong."),
        (DiskFailed, "A write or fsync failed. Nothing was acknowledged after it. Restarting at once does not help: see to the disk "
            + "first; a start on the same data directory that fails again waits for a while before it exits."),
        (Configuration, "The configuration or the data directory cannot be used as it is: an unknown key, a bad value, a directory that "
            + "is read-only, foreign, of a newer version or in use. Nothing was created."),
    ];
}
