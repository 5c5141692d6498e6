using System.CommandLine;
using LogBroker.Bench.Results;
using LogBroker.Bench.Systems;

namespace LogBroker.Bench.Run;

/// <summary>What the command line works with: the systems, the instruments, the result files, and where lines go.</summary>
internal sealed record BenchHost
{
    public required TextWriter Out { get; init; }

    public required TextWriter Error { get; init; }

    public required IRunProgress Progress { get; init; }

    /// <summary>All systems there are, those that are absent included, in the order of the turns.</summary>
    public required Func<RunOptions, IReadOnlyList<IBenchedSystem>> Systems { get; init; }

    public required IInstruments Instruments { get; init; }

    public required Func<string, ResultFile> ReadResults { get; init; }

    public required Action<string, ResultFile> WriteResults { get; init; }

    /// <summary>Prints the tables at the end.</summary>
    public required Action<ResultFile> Summarize { get; init; }

    /// <summary>Commands of other parts: the report, the load program.</summary>
    public IReadOnlyList<Command> OtherCommands { get; init; } = [];
}
