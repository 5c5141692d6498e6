namespace LogBroker.Chaos;

/// <summary>
/// How the nodes and clients of a cluster reach each other, and how that is broken. Cuts are silent: bytes vanish or wait, nobody gets an
/// error. Nodes have the numbers 1 to <see cref="NodesCount"/>.
/// </summary>
internal abstract class NodeNetwork : IAsyncDisposable
{
    public const int NodesCount = 3;

    /// <summary>HOST:PORT on which a node listens for peers.</summary>
    public abstract string PeerListen(int node);

    /// <summary>HOST:PORT by which a node is told to dial another.</summary>
    public abstract string PeerAddress(int from, int to);

    /// <summary>HOST:PORT on which a node listens for clients.</summary>
    public abstract string ClientListen(int node);

    /// <summary>HOST:PORT that clients are told.</summary>
    public abstract string ClientAddress(int node);

    /// <summary>A program and arguments to start a node with.</summary>
    public virtual string[] Wrapper(int node) => [];

    /// <summary>Further flags of a node.</summary>
    public virtual string[] Flags => [];

    /// <summary>The node is about to be ended without a word: its addresses refuse connections from now on.</summary>
    public virtual void Closing(int node)
    {
    }

    /// <summary>The node is about to be started.</summary>
    public virtual void Opening(int node)
    {
    }

    /// <summary>Nothing that one node sends reaches the other any more; the other direction goes on.</summary>
    public virtual Task CutAsync(int from, int to) => throw Impossible("cut a direction");

    /// <summary>A node and the two others do not hear each other any more.</summary>
    public virtual async Task IsolateAsync(int node)
    {
        for (int other = 1; other <= NodesCount; other++)
        {
            if (other != node)
                await SeparateAsync(node, other);
        }
    }

    /// <summary>Two nodes do not hear each other any more; both hear the third.</summary>
    public virtual async Task SeparateAsync(int one, int other)
    {
        await CutAsync(one, other);
        await CutAsync(other, one);
    }

    /// <summary>Everything arrives later by this time.</summary>
    public virtual Task DelayAsync(TimeSpan time) => throw Impossible("delay");

    /// <summary>All connections between nodes are reset.</summary>
    public virtual Task ResetAsync() => throw Impossible("reset connections");

    /// <summary>Clients of a node get no answers any more, though what they ask arrives.</summary>
    public virtual Task LoseAnswersAsync(int node) => throw Impossible("lose answers");

    /// <summary>What clients ask of a node does not arrive before the network heals.</summary>
    public virtual Task HoldRequestsAsync(int node) => throw Impossible("hold requests");

    /// <summary>Takes all faults away.</summary>
    /// <param name="isLate">True delivers what waited, late; false loses it, where the network can tell.</param>
    public virtual Task HealAsync(bool isLate) => Task.CompletedTask;

    public virtual ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private FaultUnavailableException Impossible(string what) => new($"{GetType().Name} cannot {what}.");
}
