using LogBroker.Protocol;

namespace LogBroker.Raft;

/// <summary>
/// Messages on their way out. One that shows a hard state is held until this state, or a later one, is durable (R2). Messages may be
/// lost, so what is held is dropped when it is overtaken by an epoch or grows beyond a limit. Owned by one <see cref="RaftCore"/>.
/// </summary>
internal sealed class Outbox
{
    private const int HeldMax = 256;
    private readonly List<(RaftEnvelope Envelope, HardState Shown)> _held = [];

    /// <summary>Adds a message made while <paramref name="shown"/> was the hard state.</summary>
    public void Add(NodeId to, RaftMessage message, HardState shown)
    {
        if (_held.Count == HeldMax)
        {
            _held.RemoveAt(0);
        }

        _held.Add((new RaftEnvelope(to, message), shown));
    }

    /// <summary>Drops what the durable state does not cover: its epoch is over.</summary>
    public void DropHeld(HardState persisted) => _held.RemoveAll(h => !persisted.Covers(h.Shown));

    /// <summary>Takes all that may be sent, in order.</summary>
    public IReadOnlyList<RaftEnvelope> Take(HardState persisted)
    {
        if (_held.Count == 0)
        {
            return [];
        }

        List<RaftEnvelope>? taken = null;
        int kept = 0;
        for (int i = 0; i < _held.Count; i++)
        {
            if (persisted.Covers(_held[i].Shown))
            {
                (taken ??= []).Add(_held[i].Envelope);
            }
            else
            {
                _held[kept++] = _held[i];
            }
        }

        _held.RemoveRange(kept, _held.Count - kept);
        return taken ?? (IReadOnlyList<RaftEnvelope>)[];
    }
}
