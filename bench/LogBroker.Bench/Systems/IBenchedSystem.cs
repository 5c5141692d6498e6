using LogBroker.Bench.Plan;
using LogBroker.Bench.Results;

namespace LogBroker.Bench.Systems;

/// <summary>A system that can be measured: knows how to start one, and which load programs it has.</summary>
public interface IBenchedSystem
{
    /// <summary>As in <c>--systems</c>: <c>logbroker</c>, <c>kafka</c>, <c>nats</c>, <c>redis</c>.</summary>
    string Name { get; }

    /// <summary>One line that says why it cannot be run here, or null.</summary>
    string? WhyAbsent();

    /// <summary>The load programs that can run this scenario, best known first; none when the system has nothing comparable.</summary>
    IReadOnlyList<string> ClientsFor(Scenario scenario);

    /// <summary>
    /// Starts the system on free loopback ports with its data below <paramref name="dataDirectory"/> (which exists and is empty) and
    /// waits until
    /// it answers. All processes are started through <paramref name="processes"/>, which ends them whatever happens.
    /// </summary>
    /// <exception cref="BenchException">It did not start; the message carries the end of its output.</exception>
    Task<IRunningSystem> StartAsync(
        string dataDirectory, Scenario scenario, IProcessStarter processes, CancellationToken cancellationToken);
}

/// <summary>A started system. Disposing it stops its processes in the ordinary way and waits for their end.</summary>
public interface IRunningSystem : IAsyncDisposable
{
    /// <summary>The processes whose CPU, memory and I/O count as the broker's.</summary>
    IReadOnlyList<int> ProcessIds { get; }

    /// <summary>From the start of the process to its first successful answer.</summary>
    TimeSpan StartTime { get; }

    string Version { get; }

    /// <summary>One line.</summary>
    string Configuration { get; }

    /// <summary>
    /// Creates the topic and does what comes before the measured span: the preload of a catch-up. Called once, before <see
    /// cref="RunAsync"/>. The
    /// preload leaves what must be there afterwards in its result; null when there is none.
    /// </summary>
    Task<ClientResult?> PrepareAsync(string client, Scenario scenario, CancellationToken cancellationToken);

    /// <summary>
    /// Runs the load, warm-up included, with one load program. For <see cref="LoadKind.Idle"/> it waits the duration with a consumer
    /// attached.
    /// </summary>
    /// <exception cref="BenchException">The program failed; the message carries the end of its output.</exception>
    Task<ClientResult> RunAsync(string client, Scenario scenario, CancellationToken cancellationToken);

    /// <summary>
    /// Counts, and where the load program gave a checksum compares, everything that was acknowledged; null when it cannot.
    /// </summary>
    Task<VerifyResult?> VerifyAsync(string client, Scenario scenario, ClientResult written, CancellationToken cancellationToken);

    /// <summary>
    /// Ends the broker (SIGKILL when <paramref name="isKilled"/>, otherwise the ordinary way), starts it again on the same data, and
    /// returns the time from process start until every partition of the topic answers again. <see cref="ProcessIds"/> changes.
    /// Of a cluster it ends one node that leads, does not start it again, and returns the time from the signal until every partition has
    /// a leader elsewhere.
    /// </summary>
    /// <exception cref="BenchException">It did not come back.</exception>
    Task<TimeSpan> RestartAsync(bool isKilled, Scenario scenario, CancellationToken cancellationToken);

    /// <summary>Calls of fsync and its kin so far, where the system counts them itself; otherwise null.</summary>
    Task<long?> SyncsAsync(CancellationToken cancellationToken);
}

/// <summary>Starts processes that do not outlive the harness, and ends them whatever happens.</summary>
public interface IProcessStarter
{
    /// <summary>
    /// Starts a process that runs until disposed. Its output is kept (the last 64 KiB) and handed line by line to <paramref
    /// name="onLine"/>, which
    /// any thread may call.
    /// </summary>
    IRunningProcess Start(
        string file,
        IReadOnlyList<string> arguments,
        IReadOnlyDictionary<string, string>? environment = null,
        Action<string>? onLine = null);

    /// <summary>Runs a process to its end and returns its output.</summary>
    /// <exception cref="BenchException">It exited with another code than 0.</exception>
    Task<FinishedProcess> RunAsync(
        string file,
        IReadOnlyList<string> arguments,
        IReadOnlyDictionary<string, string>? environment = null,
        CancellationToken cancellationToken = default);
}

/// <summary>A process that is running.</summary>
public interface IRunningProcess : IAsyncDisposable
{
    int Id { get; }

    bool HasExited { get; }

    /// <summary>The end of what it printed, both streams.</summary>
    string OutputTail { get; }

    /// <summary>SIGTERM, and SIGKILL to the whole group after ten seconds; returns when it is gone.</summary>
    Task StopAsync();

    /// <summary>SIGKILL to the whole group at once; returns when it is gone.</summary>
    Task KillAsync();
}

/// <summary>A process that has ended; the CPU seconds are user and system of it and its waited-for children.</summary>
public sealed record FinishedProcess(string StandardOutput, string StandardError, double CpuSeconds);

/// <summary>A run cannot go on; the message is one a user can act on.</summary>
public sealed class BenchException(string message, Exception? inner = null) : Exception(message, inner);
