using LogBroker.Protocol;
using LogBroker.Raft;
using LogBroker.Storage;

namespace LogBroker.Cluster;

/// <summary>
/// What records that are gone said of producers is in no log: a replica that begins anew at a log start, or is readmitted after it lost
/// its state store, has it from its leader, as the snapshot that the leader stored before its own log start moved. Without it, once it
/// leads, it would write a resent batch again. It stands where items stand in answers that bring none; only what is committed is in it.
/// </summary>
internal sealed partial class PartitionReplica
{
    /// <summary>Most bytes of a snapshot that is sent; beyond them the producers that were silent longest are left out.</summary>
    private const int ProducersSentBytesMax = 4 * 1024 * 1024;

    private byte[]? _leaderProducers; // came with a result that may be taken

    private static bool CarriesProducers(FetchResult result) => result.Outcome == FetchOutcome.Reset || result.Readmit;

    /// <summary>
    /// True when what this leader has stored of producers reaches the start of its epoch: no replica's log begins behind that but where
    /// this leader's does.
    /// </summary>
    private bool MayReadmit() => KeepsProducersOf(_core.Table.LastStart);

    private byte[]? StoredProducers() => _env.Logs.State.Get(StateKey.Of(Id, StateKind.ProducerSnapshot));

    private PartitionMessage WithProducers(PartitionMessage message)
    {
        bool carries = message is { Items: null, Message: FetchResult result } && CarriesProducers(result);
        if (!carries || StoredProducers() is not { } snapshot)
        {
            return message;
        }

        byte[] sent = ProducerSnapshot.Shorten(snapshot, ProducersSentBytesMax);
        return sent.Length == 0 ? message : message with { Items = new SnapshotSlice(sent) };
    }

    private void NoteLeaderProducers(FetchResult result, BatchBuffer? received)
    {
        if (CarriesProducers(result) && received is { Length: > 0 } bytes)
        {
            _leaderProducers = bytes.Span.ToArray();
        }
    }

    /// <summary>The snapshot that came, if it covers all in front of a log start; null when there is none.</summary>
    private byte[]? TakeLeaderProducers(Offset start)
    {
        byte[]? snapshot = _leaderProducers;
        _leaderProducers = null;
        return snapshot is not null && ProducerSnapshot.UpToOf(snapshot) >= start ? snapshot : null;
    }

    /// <summary>True when records are gone of which the snapshot stored here says nothing.</summary>
    private bool LacksProducers(byte[]? snapshot) => (snapshot is null ? Offset.Zero : ProducerSnapshot.UpToOf(snapshot)) < _core.LogStart;

    /// <summary>A snapshot on its way, in the place of items.</summary>
    private sealed class SnapshotSlice(byte[] bytes) : LogSlice
    {
        public override int Length => bytes.Length;

        public override Offset BaseOffset => Offset.None;

        public override Offset NextOffset => Offset.None;

        public override void CopyTo(int start, Span<byte> destination) => bytes.AsSpan(start, destination.Length).CopyTo(destination);

        public override void Dispose()
        {
        }
    }
}
