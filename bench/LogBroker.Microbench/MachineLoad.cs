using System.Globalization;

namespace LogBroker.Microbench;

/// <summary>How busy the machine was before a run: results of a busy machine are upper bounds of the times.</summary>
/// <param name="RunnableTasks">Load average of the last minute, from /proc/loadavg; -1 where there is none.</param>
internal readonly record struct MachineLoad(double RunnableTasks)
{
    /// <summary>True when something else kept a core busy.</summary>
    public bool IsBusy => RunnableTasks > 0.7;

    public static MachineLoad Read()
    {
        const string Path = "/proc/loadavg";
        return File.Exists(Path)
            ? new MachineLoad(double.Parse(File.ReadAllText(Path).Split(' ')[0], CultureInfo.InvariantCulture))
            : new MachineLoad(-1);
    }
}
