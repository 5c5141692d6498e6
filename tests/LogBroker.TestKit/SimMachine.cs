namespace LogBroker.TestKit;

/// <summary>What a simulated crash leaves of what was not synced.</summary>
public enum LossMode
{
    /// <summary>Everything: the process was killed, the page cache lives on.</summary>
    KeepAll,

    /// <summary>Nothing.</summary>
    LoseUnsynced,

    /// <summary>Of each file and directory the first few changes, the last of them in part.</summary>
    Torn,

    /// <summary>Any of the changes of each file, sector by sector, and of each directory, in no order.</summary>
    Reordered,
}

/// <summary>The machine stopped at this operation; nothing of the process runs on.</summary>
public sealed class SimulatedCrashException(long operation) : Exception($"simulated crash at operation {operation}");

/// <summary>A part of a simulated machine that loses things in a crash.</summary>
public interface ISimulatedDevice
{
    /// <summary>Becomes what a restart finds.</summary>
    void Crash(LossMode mode, Random random);
}

/// <summary>
/// Counts the operations of all simulated devices of one machine and stops it at one of them: every later operation fails the same way
/// until <see cref="Restart"/>. Thread-safe.
/// </summary>
public sealed class SimMachine
{
    private readonly Lock _gate = new();
    private readonly List<ISimulatedDevice> _devices = [];

    /// <summary>Operations so far that change or sync something.</summary>
    public long Operations { get; private set; }

    /// <summary>The operation to stop at, counted from 1, or null.</summary>
    public long? CrashAt { get; set; }

    /// <summary>True from the crash to the restart.</summary>
    public bool IsDown { get; private set; }

    public void Add(ISimulatedDevice device) => _devices.Add(device);

    /// <summary>
    /// Counts an operation; true when the machine stops in the middle of it, and the caller must throw what <see cref="Stopped"/> gives.
    /// </summary>
    public bool StopsAtNext()
    {
        lock (_gate)
        {
            if (IsDown)
            {
                throw Stopped();
            }

            Operations++;
            IsDown = Operations == CrashAt;
            return IsDown;
        }
    }

    public SimulatedCrashException Stopped() => new(Operations);

    /// <summary>For operations that change nothing: fails while the machine is down.</summary>
    public void RequireUp()
    {
        if (IsDown)
        {
            throw Stopped();
        }
    }

    /// <summary>Stops the machine now, if it still runs, and starts it with what the crash left.</summary>
    public void Restart(LossMode mode, Random random)
    {
        foreach (ISimulatedDevice device in _devices)
        {
            device.Crash(mode, random);
        }

        IsDown = false;
        CrashAt = null;
    }
}
