using LogBroker.Bench.Results;

namespace LogBroker.Bench.Run;

/// <summary>Tells how far a plan is.</summary>
internal interface IRunProgress
{
    /// <summary>A line about the whole.</summary>
    void Note(string line);

    /// <summary>A line about something that makes numbers worth less.</summary>
    void Warn(string line);

    /// <summary>A run begins.</summary>
    void Begin(PlannedRun run, int number, int total);

    /// <summary>The run that has begun has ended.</summary>
    void End(PlannedRun run, RunResult result, TimeSpan elapsed);
}
