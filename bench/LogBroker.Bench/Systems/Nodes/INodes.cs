using System.Diagnostics;
using LogBroker.Bench.Plan;
using LogBroker.Bench.Results;

namespace LogBroker.Bench.Systems.Nodes;

/// <summary>
/// The nodes of a running cluster, by index from 0, as loads that end some of them need them. Questions are put to nodes that run, as
/// often as it takes. Used by one caller at a time, except that <see cref="EndAsync"/> may be waited for beside a question.
/// </summary>
internal interface INodes
{
    int Count { get; }

    /// <summary>The node that leads the first partition of the load's topic.</summary>
    Task<int> LeaderOfFirstPartitionAsync(CancellationToken cancellationToken);

    /// <summary>Returns when every partition has a leader, and none has this node.</summary>
    Task WaitForLeadersWithoutAsync(int node, CancellationToken cancellationToken);

    /// <summary>Returns when every replica of every partition is in sync.</summary>
    Task WaitInSyncAsync(CancellationToken cancellationToken);

    /// <summary>SIGKILL, or SIGTERM, to a node; returns when its process is gone.</summary>
    /// <exception cref="BenchException">It does not end.</exception>
    Task EndAsync(int node, bool isKilled, CancellationToken cancellationToken);

    /// <summary>Starts a node that was ended on its data; returns the time from process start to its first answer.</summary>
    /// <exception cref="BenchException">It does not come back.</exception>
    Task<TimeSpan> StartAsync(int node, CancellationToken cancellationToken);
}

/// <summary>Loads that go on while nodes come and go.</summary>
internal interface ISteadyLoads
{
    /// <summary>Starts an open loop at the scenario's rate; returns when records are being acknowledged.</summary>
    /// <exception cref="BenchException">The program failed.</exception>
    Task<ISteadyLoad> StartAsync(Scenario scenario, CancellationToken cancellationToken);

    /// <summary>Writes <see cref="Scenario.PreloadBytes"/> as fast as it goes; what must be there afterwards is in the result.</summary>
    Task<ClientResult> WriteAsync(Scenario scenario, CancellationToken cancellationToken);
}

/// <summary>One such load. Disposing it ends it.</summary>
internal interface ISteadyLoad : IAsyncDisposable
{
    /// <summary>Ends it in order: what was handed over is acknowledged when this returns.</summary>
    /// <exception cref="BenchException">A record was not acknowledged, or the program failed.</exception>
    Task<SteadyResult> StopAsync(CancellationToken cancellationToken);
}

/// <summary>What a load saw.</summary>
/// <param name="Client">As far as the program tells: records acknowledged, their checksum, its command line, its remark.</param>
/// <param name="LongestGap">
/// The longest time without an acknowledgement of one partition that ended after a timestamp of <see cref="Stopwatch"/>; null when the
/// program does not tell.
/// </param>
/// <param name="AckP99">
/// In microseconds from the intended time, of records due from one timestamp to another; null when the program does not tell.
/// </param>
internal sealed record SteadyResult(
    ClientResult Client, Func<long, TimeSpan?> LongestGap, Func<long, long, double?> AckP99);
