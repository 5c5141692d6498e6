using LogBroker.Client;
using LogBroker.Protocol;

namespace LogBroker.Cli;

/// <summary>How much a finding matters.</summary>
internal enum Severity
{
    /// <summary>Worth knowing; nothing is wrong.</summary>
    Note,

    /// <summary>Everything works, but would not after the next failure.</summary>
    Warning,

    /// <summary>Something does not work.</summary>
    Critical,
}

/// <summary>Something about a cluster that a person should know.</summary>
/// <param name="Severity">How much it matters.</param>
/// <param name="Sentence">What it is.</param>
/// <param name="Command">The command that shows more.</param>
internal sealed record ClusterFinding(Severity Severity, string Sentence, string Command);

/// <summary>The health of a cluster: one sentence, and the findings behind it. Immutable.</summary>
/// <param name="Findings">Those that matter most first.</param>
/// <param name="Summary">One sentence for a person.</param>
internal sealed record ClusterHealth(IReadOnlyList<ClusterFinding> Findings, string Summary)
{
    private const int NamesMax = 3;
    private const string NodesCommand = "logbroker cluster nodes";

    /// <summary>True when nothing needs attention.</summary>
    public bool IsHealthy => Worst == Severity.Note;

    /// <summary>The severity of the worst finding.</summary>
    public Severity Worst => Findings.Count == 0 ? Severity.Note : Findings.Max(f => f.Severity);

    /// <summary>What <c>cluster health</c> ends with.</summary>
    public ExitCode Exit => Worst switch
    {
        Severity.Critical => ExitCode.CheckCritical,
        Severity.Warning => ExitCode.CheckWarning,
        _ => ExitCode.Ok,
    };

    /// <summary>Judges a cluster.</summary>
    public static ClusterHealth Of(ClusterView view)
    {
        ClusterFinding[] findings =
        [
            .. Strangers(view).Concat(view.IsFormed ? OfFormed(view) : NotFormed(view)).Concat(Disks(view)).Concat(Drains(view))
                .OrderByDescending(f => f.Severity),
        ];
        return new ClusterHealth(findings, SummaryOf(view, findings));
    }

    /// <summary><c>orders/0, orders/1, orders/2 and 4 more</c>.</summary>
    internal static string Names(IReadOnlyCollection<string> names) =>
        names.Count <= NamesMax ? string.Join(", ", names)
            : $"{string.Join(", ", names.Take(NamesMax))} and {HumanSize.Count(names.Count - NamesMax)} more";

    private static string SummaryOf(ClusterView view, ClusterFinding[] findings)
    {
        ClusterFinding[] problems = [.. findings.Where(f => f.Severity != Severity.Note)];
        if (problems.Length > 0)
        {
            string more = problems.Length > 1 ? $" (and {HumanSize.Counted(problems.Length - 1, "more problem")})" : "";
            return $"{problems[0].Sentence}{more}; see: {problems[0].Command}";
        }

        PartitionView[] users = [.. view.Partitions.Where(p => !p.IsInternal)];
        string what = $"healthy: {HumanSize.Counted(view.Nodes.Count, "node")}, "
            + $"{HumanSize.Counted(users.Select(p => p.Topic).Distinct().Count(), "topic")}, "
            + $"{HumanSize.Counted(users.Length, "partition")}, "
            + (view.Nodes.Count == 1 ? "all online" : "all with a leader and in sync");
        return string.Join("; ", findings.Select(f => f.Sentence).Prepend(what));
    }

    private static IEnumerable<ClusterFinding> Strangers(ClusterView view) => view.Strangers.Select(s => new ClusterFinding(
        Severity.Critical,
        $"{s.Server} belongs to another cluster: {s.Nodes.ClusterId}, not {view.ClusterId}",
        $"logbroker cluster status -s {s.Server}"));

    private static IEnumerable<ClusterFinding> NotFormed(ClusterView view)
    {
        string[] missing = [.. view.Nodes.Where(n => n.Status is null).Select(n => $"node {n.NodeId}")];
        string[] silent = [.. view.SilentServers.Select(s => $"{s.Server} does not answer ({s.Reason})")];
        string why = missing.Length == 0 ? "its nodes have not agreed yet"
            : "no word from " + Names(missing) + (silent.Length == 0 ? "" : "; " + string.Join(", ", silent));
        yield return new ClusterFinding(Severity.Critical, "the cluster is not formed: " + why, NodesCommand);
    }

    private static IEnumerable<ClusterFinding> OfFormed(ClusterView view)
    {
        int silent = view.Nodes.Count(n => n.Presence == NodePresence.Silent);
        if (view.ControllerNodeId == 0)
        {
            yield return new ClusterFinding(
                Severity.Critical,
                "the cluster has no controller: topics cannot be changed"
                    + (2 * silent < view.Nodes.Count ? ""
                        : $"; {silent} of {view.Nodes.Count} nodes are silent, which is no majority left"),
                NodesCommand);
        }

        PartitionView[] leaderless =
            [.. view.Partitions.Where(p => p.IsLeaderless && !p.IsInternal && p.State != PartitionState.Quarantined)];
        if (leaderless.Length > 0)
        {
            yield return new ClusterFinding(
                Severity.Critical,
                $"{Counted(leaderless.Length, "has", "have")} no leader: {Names([.. leaderless.Select(p => p.Name)])}",
                "logbroker cluster partitions --leaderless");
        }

        PartitionView[] damaged = [.. view.Partitions.Where(p => p.QuarantinedOn.Count > 0)];
        if (damaged.Length > 0)
        {
            yield return new ClusterFinding(
                damaged.Any(p => p.State == PartitionState.Quarantined) ? Severity.Critical : Severity.Warning,
                $"{Counted(damaged.Length, "is", "are")} damaged and quarantined: "
                    + Names([.. damaged.Select(p => $"{p.Name} on node {string.Join(" and ", p.QuarantinedOn)}")]),
                "logbroker cluster partitions");
        }

        foreach (ClusterFinding finding in Absences(view).Concat(UnderReplicated(view)).Concat(Disagreements(view)))
        {
            yield return finding;
        }
    }

    private static string Counted(int partitions, string one, string many) =>
        $"{HumanSize.Counted(partitions, "partition")} {(partitions == 1 ? one : many)}";

    private static IEnumerable<ClusterFinding> Absences(ClusterView view)
    {
        foreach (NodeView node in view.Nodes)
        {
            string why = node.Failure is null ? "" : $" ({node.Described.Address}: {node.Failure})";
            string? sentence = node.Presence switch
            {
                NodePresence.Silent when node.Described.Silence is { } silence && silence > TimeSpan.Zero =>
                    $"node {node.NodeId} is silent for {HumanSize.Duration(silence)}{why}",
                NodePresence.Silent when node.Described.Silence is null => $"node {node.NodeId} was never heard{why}",
                NodePresence.Silent => $"node {node.NodeId} does not answer{why}",
                NodePresence.Unreachable => $"node {node.NodeId} does not answer here, though other nodes hear it{why}",
                NodePresence.Partial =>
                    $"node {node.NodeId} is not heard by node {string.Join(" and ", node.UnheardBy)}: the network between them is cut",
                _ when !node.HasJoined => $"node {node.NodeId} answers, but has not joined the cluster",
                _ => null,
            };
            if (sentence is not null)
            {
                yield return new ClusterFinding(Severity.Warning, sentence, NodesCommand);
            }
        }
    }

    private static IEnumerable<ClusterFinding> UnderReplicated(ClusterView view)
    {
        PartitionView[] lagging = [.. view.Partitions.Where(p => p.IsUnderReplicated)];
        if (lagging.Length == 0)
        {
            yield break;
        }

        string[] nodes =
        [
            .. lagging.SelectMany(p => p.Progress).Where(r => !r.IsInSync).GroupBy(r => r.NodeId).OrderBy(g => g.Key)
                .Select(g => $"node {g.Key}" + (IsReadmitting(view, g) ? " (being readmitted after its disk was wiped)" : "")),
        ];
        yield return new ClusterFinding(
            Severity.Warning,
            $"{Counted(lagging.Length, "is", "are")} under-replicated, behind on {string.Join(", ", nodes)}: "
                + Names([.. lagging.Select(p => p.Name)]),
            "logbroker cluster partitions --under-replicated");
    }

    private static bool IsReadmitting(ClusterView view, IGrouping<int, ReplicaProgress> replicas) =>
        replicas.Any(r => !r.IsReadmitted) && view.Nodes.Any(n => n.NodeId == replicas.Key && n.Status is not null);

    private static IEnumerable<ClusterFinding> Disagreements(ClusterView view) => view.Partitions
        .Where(p => p.Claims.Count > 1)
        .GroupBy(p => string.Join(" and ", p.Claims.Select(c => c.NodeId).Order()))
        .Select(g => new ClusterFinding(
            Severity.Warning,
            $"nodes {g.Key} both say that they lead {Names([.. g.Select(p => p.Name)])}: "
                + $"node {g.First().LeaderNodeId} does, the other has not noticed yet",
            "logbroker cluster partitions"));

    private static IEnumerable<ClusterFinding> Disks(ClusterView view) => view.Nodes
        .Where(n => n.Status is not null)
        .SelectMany(n => n.Status!.Problems.Where(p => p.IsOfNode).Select(p => new ClusterFinding(
            p.IsCritical ? Severity.Critical : Severity.Warning,
            view.Nodes.Count == 1 ? p.Sentence : $"node {n.NodeId}: {p.Sentence}",
            p.Command)));

    private static IEnumerable<ClusterFinding> Drains(ClusterView view) => view.Nodes
        .Where(n => n.Described.IsDraining)
        .Select(n => new ClusterFinding(
            Severity.Note,
            $"node {n.NodeId} is draining and leads " + (n.Leads == 0 ? "nothing" : $"{HumanSize.Counted(n.Leads, "partition")} still"),
            $"logbroker cluster undrain {n.NodeId}"));
}
