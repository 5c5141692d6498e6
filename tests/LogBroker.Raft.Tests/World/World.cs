using LogBroker.Protocol;

namespace LogBroker.Raft.Tests;

/// <summary>A message on its way, with the items that a result brings.</summary>
internal sealed record Packet(RaftSender From, NodeId To, RaftMessage Message, IReadOnlyList<Item> Items);

/// <summary>
/// A few replicas of one partition and the network between them, in which nothing moves by itself. All that happens is noted; after
/// every step the invariants of the specification are checked.
/// </summary>
internal sealed class World
{
    private readonly Invariants _invariants;
    private readonly List<string> _notes = [];

    public World(IReadOnlyList<NodeId> voters, IReadOnlyList<NodeId> observers, ulong seed = 1)
    {
        Voters = voters;
        Seed = seed;
        Replicas = [.. voters.Concat(observers).Select(n => new Replica(this, n))];
        _invariants = new Invariants(this);
        foreach (Replica replica in Replicas)
        {
            replica.Start();
        }
    }

    public IReadOnlyList<NodeId> Voters { get; }

    public IReadOnlyList<Replica> Replicas { get; }

    public ulong Seed { get; }

    public List<Packet> Network { get; } = [];

    /// <summary>Packets set aside, to be delivered late.</summary>
    public Dictionary<string, Packet> Late { get; } = [];

    public int ItemsPerAnswer { get; set; } = 1;

    public bool IsMemoryTopic { get; set; }

    public bool IsNoting { get; set; } = true;

    public Invariants Invariants => _invariants;

    public Replica this[string name] => this[Replica.IdOf(name)];

    public Replica this[NodeId id] => Replicas.First(r => r.Id == id);

    /// <summary>Replicas as they are found, down, with these logs: rows are <c>e@</c>, records take the epoch in force.</summary>
    public static World Of(Epoch epoch, params string[] logs)
    {
        var world = new World([.. Enumerable.Range(1, logs.Length).Select(v => new NodeId(v))], []);
        for (int i = 0; i < logs.Length; i++)
        {
            Replica replica = world.Replicas[i];
            replica.Kill();
            replica.Found(new HardState(epoch, NodeId.None, default), logs[i]);
            replica.Start();
        }

        return world;
    }

    public RaftConfig Config(NodeId self, DirectoryId directory, bool isReadmitted) =>
        new(self, directory, Voters, isReadmitted) { Seed = (Seed * 31) + (ulong)self.Value };

    public void Note(string what)
    {
        if (IsNoting)
        {
            _notes.Add(what);
        }
    }

    public List<string> TakeNotes()
    {
        List<string> notes = [.. _notes];
        _notes.Clear();
        return notes;
    }

    public void Send(Replica from, NodeId to, RaftMessage message, IReadOnlyList<Item> items)
    {
        var packet = new Packet(new RaftSender(from.Id, from.Directory), to, message, items);
        Network.Add(packet);
        if (IsNoting)
        {
            Note(Rendering.Of(packet));
        }
    }

    /// <summary>Delivers a packet; whoever is down loses it.</summary>
    public void Deliver(Packet packet, bool isRefused = false)
    {
        Network.Remove(packet);
        Replica to = this[packet.To];
        if (!to.IsUp)
        {
            return;
        }

        if (packet.Message is FetchResult result)
        {
            to.Take(packet.From, result, packet.Items, isRefused);
        }
        else
        {
            to.Core.Receive(packet.From, packet.Message);
        }

        Settle(to);
    }

    /// <summary>Does what an event at a replica brought about, and checks everything.</summary>
    public void Settle(Replica replica)
    {
        if (replica.IsUp)
        {
            replica.CarryOut();
        }

        _invariants.Check();
    }
}
