using System.Runtime.InteropServices;

namespace LogBroker.Server;

/// <summary>
/// SIGTERM, SIGINT (Ctrl-C) and SIGQUIT ask for a stop; the second one ends the process at once, without clean-up: what was
/// acknowledged is on the disk anyway. Thread-safe.
/// </summary>
internal sealed partial class StopSignals : IDisposable
{
    private readonly CancellationTokenSource _asked = new();
    private readonly List<PosixSignalRegistration> _registrations = [];
    private int _count;

    /// <summary>Begins to listen.</summary>
    public StopSignals()
    {
        foreach (var signal in (PosixSignal[])[PosixSignal.SIGTERM, PosixSignal.SIGINT, PosixSignal.SIGQUIT])
            _registrations.Add(PosixSignalRegistration.Create(signal, Take));
    }

    /// <summary>Fires at the first signal.</summary>
    public CancellationToken Asked => _asked.Token;

    /// <summary>The first signal's name.</summary>
    public string Name { get; private set; } = "";

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var registration in _registrations)
            registration.Dispose();
        _asked.Dispose();
    }

    private void Take(PosixSignalContext context)
    {
        context.Cancel = true;
        int number = context.Signal switch
        {
            PosixSignal.SIGTERM => 15,
            PosixSignal.SIGQUIT => 3,
            _ => 2,
        };
        if (Interlocked.Increment(ref _count) > 1)
            ExitNow(128 + number);
        Name = context.Signal.ToString();
        _asked.Cancel();
    }

    [LibraryImport("libc", EntryPoint = "_exit")]
    private static partial void ExitNow(int code);
}
