using LogBroker.Cluster;
using LogBroker.Protocol;

namespace LogBroker.Peers.Tests;

/// <summary>What a receiver was told.</summary>
internal abstract record Told;

internal sealed record ToldMessage(PeerIdentity From, PeerMessage Message) : Told;

internal sealed record ToldUp(PeerIdentity Peer) : Told;

internal sealed record ToldDown(NodeId Peer, bool IsGone) : Told;

internal sealed record ToldDrained(NodeId To) : Told;

/// <summary>Keeps what the transport says, in order; tests wait for what they expect. Thread-safe.</summary>
internal sealed class RecordingReceiver : IPeerReceiver
{
    private static readonly TimeSpan WaitMax = TimeSpan.FromSeconds(60);

    private readonly Lock _lock = new();
    private readonly List<Told> _told = [];
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public IReadOnlyList<Told> All
    {
        get
        {
            lock (_lock)
                return [.. _told];
        }
    }

    public IEnumerable<PeerMessage> Messages => All.OfType<ToldMessage>().Select(t => t.Message);

    /// <summary>Called with each message after it was kept.</summary>
    public Action<PeerIdentity, PeerMessage>? OnMessage { get; set; }

    public void Received(PeerIdentity from, PeerMessage message)
    {
        Keep(new ToldMessage(from, message));
        OnMessage?.Invoke(from, message);
    }

    public void LinkUp(PeerIdentity peer) => Keep(new ToldUp(peer));

    public void LinkDown(NodeId peer, bool isGone) => Keep(new ToldDown(peer, isGone));

    public void Drained(NodeId to) => Keep(new ToldDrained(to));

    /// <summary>The so-many-th thing of a kind, waiting for it.</summary>
    public async Task<T> WaitAsync<T>(int count = 1, Func<T, bool>? isIt = null)
        where T : Told
    {
        using var deadline = new CancellationTokenSource(WaitMax);
        while (true)
        {
            Task changed;
            lock (_lock)
            {
                if (_told.OfType<T>().Where(t => isIt?.Invoke(t) ?? true).Skip(count - 1).FirstOrDefault() is { } found)
                    return found;
                changed = _changed.Task;
            }

            await changed.WaitAsync(deadline.Token);
        }
    }

    private void Keep(Told told)
    {
        TaskCompletionSource changed;
        lock (_lock)
        {
            _told.Add(told);
            changed = _changed;
            _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        changed.SetResult();
    }
}
