using System.CommandLine;
using LogBroker.Client;
using LogBroker.Protocol;

namespace LogBroker.Cli;

/// <summary>Shows a cluster; returns the exit code. The time is given when it is shown again and again.</summary>
internal delegate ExitCode ShowCluster(ClusterView view, ClusterHealth health, string? at);

/// <summary>Looking at a cluster once, until it is healthy, or for ever: <c>--watch</c> and <c>--wait-healthy</c>.</summary>
internal sealed class ClusterWatch
{
    /// <summary>How long is waited for a cluster unless <c>--timeout</c> says otherwise.</summary>
    public static readonly TimeSpan WaitDefault = TimeSpan.FromSeconds(60);

    private static readonly TimeSpan WatchInterval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan WaitInterval = TimeSpan.FromMilliseconds(250);

    /// <summary>Again and again.</summary>
    public Option<bool> Watch { get; } = Options.Switch("--watch", "-w", "Go on looking, and show whatever changes, until Ctrl-C.");

    /// <summary>Until it is healthy.</summary>
    public Option<bool> WaitHealthy { get; } =
        Options.Switch("--wait-healthy", null, "Wait until the cluster is healthy, at most --timeout (default 60s).");

    /// <summary>Looks and shows, as the options say.</summary>
    public async Task<ExitCode> RunAsync(CommandContext context, ShowCluster show, CancellationToken ct)
    {
        bool isWaiting = context.Arguments.GetValue(WaitHealthy);
        if (context.Arguments.GetValue(Watch))
        {
            if (isWaiting)
            {
                throw CliException.Usage("--watch and --wait-healthy contradict each other");
            }

            if (context.Format == OutputFormat.Json)
            {
                throw CliException.Usage("--watch is no single document", "use -o jsonl");
            }

            return await WatchAsync(context, show, ct);
        }

        if (!isWaiting)
        {
            ClusterView view = await ClusterSurvey.TakeAsync(context, topic: null, ct);
            return show(view, ClusterHealth.Of(view), null);
        }

        (ClusterView healthy, ClusterHealth health) =
            await UntilAsync(context, "is not healthy", (_, h) => h.IsHealthy, (_, h) => h.Summary, ct);
        return show(healthy, health, null);
    }

    /// <summary>Looks until a condition holds, at most for <c>--timeout</c>. Nobody answering is one more reason to wait.</summary>
    /// <param name="context">The command's.</param>
    /// <param name="what">What the cluster is as long as it does not hold, for the message.</param>
    /// <param name="isDone">The condition.</param>
    /// <param name="say">What is shown while waiting.</param>
    /// <param name="ct">Ends it.</param>
    /// <param name="check">Called in front of each look; throws when waiting is pointless.</param>
    /// <exception cref="CliException">With <see cref="ExitCode.Timeout"/>: it did not hold in time.</exception>
    public static async Task<(ClusterView View, ClusterHealth Health)> UntilAsync(
        CommandContext context,
        string what,
        Func<ClusterView, ClusterHealth, bool> isDone,
        Func<ClusterView, ClusterHealth, string> say,
        CancellationToken ct,
        Action? check = null)
    {
        TimeProvider time = context.Host.Time;
        TimeSpan limit = context.Timeout ?? WaitDefault;
        long begin = time.GetTimestamp();
        string last = "nobody answered yet";
        using ProgressLine? progress = ProgressLine.Start(context, () => (null, "waiting: " + last));
        while (true)
        {
            check?.Invoke();
            try
            {
                ClusterView view = await ClusterSurvey.TakeAsync(context, topic: null, ct);
                var health = ClusterHealth.Of(view);
                if (isDone(view, health))
                {
                    return (view, health);
                }

                last = say(view, health);
            }
            catch (LogBrokerException e) when (e is ServerUnreachableException || e.IsRetriable)
            {
                last = ErrorText.Of(e, context);
            }

            if (time.GetElapsedTime(begin) + WaitInterval >= limit)
            {
                throw new CliException(ExitCode.Timeout, $"after {HumanSize.Duration(limit)} the cluster still {what}: {last}");
            }

            await Task.Delay(WaitInterval, time, ct);
        }
    }

    private static async Task<ExitCode> WatchAsync(CommandContext context, ShowCluster show, CancellationToken ct)
    {
        string? shown = null;
        while (true)
        {
            string now = context.Host.Time.GetLocalNow().ToString("HH:mm:ss", System.Globalization.CultureInfo.InvariantCulture);
            try
            {
                ClusterView view = await ClusterSurvey.TakeAsync(context, topic: null, ct);
                var health = ClusterHealth.Of(view);
                string shape = Shape(view, health);
                if (shape != shown)
                {
                    show(view, health, now);
                    context.Host.Stdout.Flush();
                    shown = shape;
                }
            }
            catch (LogBrokerException e) when (e is ServerUnreachableException || e.IsRetriable)
            {
                if (shown != e.Message)
                {
                    context.Note($"{now} {ErrorText.Of(e, context)}");
                    shown = e.Message;
                }
            }

            if (context.Host.StdoutReaderHasGone())
            {
                return ExitCode.Ok;
            }

            await Task.Delay(WatchInterval, context.Host.Time, ct);
        }
    }

    /// <summary>What must change to be worth showing: not how long somebody has been silent, or how many records behind.</summary>
    private static string Shape(ClusterView view, ClusterHealth health) => string.Join(
        '\n',
        view.Nodes.Select(n => $"{n.NodeId} {n.Presence} {n.Described.IsDraining} {n.Leads} {n.HasJoined}")
            .Concat(view.Partitions.Where(p => p.IsLeaderless || p.IsUnderReplicated || p.QuarantinedOn.Count > 0 || p.Claims.Count > 1)
                .Select(p => $"{p.Name} {p.State}"))
            .Append($"{view.ControllerNodeId} {health.Worst} {health.Findings.Count}"));
}
