using LogBroker.Protocol;

namespace LogBroker.Raft.Tests;

/// <summary>Messages in transcripts.</summary>
internal static class Rendering
{
    public static string Of(Packet packet) =>
        $"{Replica.NameOf(packet.From.Node)}>{Replica.NameOf(packet.To)} {Of(packet.Message)}{Items(packet)}";

    /// <summary>The kind by which a script picks a packet.</summary>
    public static string KindOf(RaftMessage message) => message switch
    {
        VoteRequest { IsPreVote: true } => "ask",
        VoteRequest => "vote",
        VoteResult => "reply",
        BeginEpoch => "begin",
        EndEpoch => "end",
        FetchRequest => "fetch",
        _ => "result",
    };

    private static string Of(RaftMessage message) => message switch
    {
        VoteRequest v => $"{(v.IsPreVote ? "would you elect me for" : "vote")} {v.Epoch} {At(v.Appended)}",
        VoteResult r => (r.IsGranted ? r.IsPreVote ? "would, " : "granted " : r.IsPreVote ? "would not, " : "refused ")
            + $"{r.AskedEpoch}{(r.IsGranted ? "" : $", in {r.Epoch}")}{Led(r.Leader)}",
        BeginEpoch b => $"begin {b.Epoch}",
        EndEpoch e => $"end {e.Epoch}, next {string.Join(' ', e.Successors.Select(Replica.NameOf))}",
        FetchRequest f => $"fetch {f.Epoch} {At(f.Appended)}/{At(f.Durable)} hw {f.HighWatermark}"
            + (f.SeenRound > 0 ? $" round {f.SeenRound}" : "") + (f.IsReadmitted ? "" : " wiped") + (f.WantsItems ? "" : " report"),
        FetchResult { Outcome: FetchOutcome.NotLeader } r => $"not leader, in {r.Epoch}{Led(r.Leader)}",
        FetchResult r => $"{r.Outcome} {r.Epoch} at {At(r.Echoed)}"
            + (r.Outcome == FetchOutcome.Items ? "" : $" to {At(r.Target)}") + $" hw {r.HighWatermark}"
            + (r.Round > 0 ? $" round {r.Round}" : "") + (r.Readmit ? " readmitted" : ""),
        _ => message.ToString(),
    };

    public static string At(LogPosition position) => $"({position.Epoch},{position.Offset})";

    private static string Led(NodeId leader) => leader == NodeId.None ? "" : $" under {Replica.NameOf(leader)}";

    private static string Items(Packet packet) => packet.Items.Count == 0 ? "" : $": {string.Join(' ', packet.Items)}";
}
