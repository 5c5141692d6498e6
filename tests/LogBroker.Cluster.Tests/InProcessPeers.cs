using System.Buffers;
using System.Collections.Concurrent;
using System.Threading.Channels;
using LogBroker.Protocol;

namespace LogBroker.Cluster.Tests;

/// <summary>Brokers of one process joined by queues: each message is delivered in order on the thread pool.</summary>
internal sealed class InProcessPeers
{
    private readonly ConcurrentDictionary<NodeId, Node> _nodes = new();

    public IPeerTransport Of(NodeId node) => new Node(this, node);

    /// <summary>Breaks all links of a node as the end of its process does.</summary>
    public void Gone(NodeId node)
    {
        _ = _nodes.TryRemove(node, out _);
        foreach (Node other in _nodes.Values)
        {
            other.Receiver?.LinkDown(node, isGone: true);
        }
    }

    private void Joined(Node node)
    {
        _nodes[node.Id] = node;
        foreach (Node other in _nodes.Values.Where(n => n != node))
        {
            other.Receiver!.LinkUp(node.Self!);
            node.Receiver!.LinkUp(other.Self!);
        }
    }

    private sealed class Node(InProcessPeers hub, NodeId id) : IPeerTransport
    {
        private readonly Channel<(PeerIdentity From, PeerMessage Message)> _inbox =
            Channel.CreateUnbounded<(PeerIdentity, PeerMessage)>(new UnboundedChannelOptions { SingleReader = true });

        public NodeId Id => id;

        public PeerIdentity? Self { get; private set; }

        public IPeerReceiver? Receiver { get; private set; }

        public void Start(PeerIdentity self, ClusterId? cluster, IPeerReceiver receiver)
        {
            Self = self;
            Receiver = receiver;
            _ = Task.Run(Deliver);
            hub.Joined(this);
        }

        public void Joined(ClusterId cluster)
        {
        }

        public void Send(NodeId to, PeerMessage message)
        {
            if (message is PartitionMessage { Items: { } items } partition)
            {
                var bytes = new byte[items.Length];
                items.CopyTo(0, bytes);
                items.Dispose();
                message = partition with { Items = null, Received = BatchBuffer.CopyOf(new ReadOnlySequence<byte>(bytes)) };
            }

            if (hub._nodes.ContainsKey(id) && hub._nodes.TryGetValue(to, out Node? other))
            {
                _ = other._inbox.Writer.TryWrite((Self!, message));
            }
        }

        public long QueuedBytes(NodeId to) => 0;

        public ValueTask DisposeAsync()
        {
            _inbox.Writer.TryComplete();
            _ = hub._nodes.TryRemove(new KeyValuePair<NodeId, Node>(id, this));
            return ValueTask.CompletedTask;
        }

        private async Task Deliver()
        {
            await foreach ((PeerIdentity from, PeerMessage message) in _inbox.Reader.ReadAllAsync())
            {
                Receiver!.Received(from, message);
            }
        }
    }
}
