using System.Net;
using System.Net.Sockets;
using BenchmarkDotNet.Attributes;
using LogBroker.Cluster;
using LogBroker.Protocol;
using LogBroker.Raft;
using LogBroker.Server;
using LogBroker.Storage;
using Microsoft.Extensions.Logging.Abstractions;

namespace LogBroker.Microbench;

/// <summary>
/// Two nodes' transports over loopback: a position there and its answer back, and items one way as fast as the window of
/// <see cref="ClusterSettings.PeerBytesMax"/> lets them.
/// </summary>
public class PeerLinkBenchmarks
{
    private const int AnswersPerRun = 256;
    private const int ItemsBytes = 1024 * 1024;

    private static readonly PartitionId Partition = new(new TopicId(Guid.NewGuid()), 3);

    private readonly Follower _follower = new();
    private readonly Leader _leader = new();
    private GrpcPeerTransport? _from;
    private GrpcPeerTransport? _to;
    private TimeSpan _cpuBefore;
    private long _mebibytes;

    [GlobalSetup]
    public async Task Setup()
    {
        ClusterNode[] nodes = [new(new NodeId(1), Address()), new(new NodeId(2), Address())];
        _from = Transport(nodes, 0);
        _to = Transport(nodes, 1);
        await _from.ListenAsync();
        await _to.ListenAsync();
        _follower.Transport = _from;
        _leader.Transport = _to;
        _to.Start(Identity(2), null, _leader);
        _from.Start(Identity(1), null, _follower);
        await Task.WhenAll(_follower.IsUp, _leader.IsUp).WaitAsync(TimeSpan.FromSeconds(20));
        _cpuBefore = Environment.CpuUsage.TotalTime;
    }

    [Benchmark]
    public Task RoundTrip()
    {
        _follower.Await(answers: 1);
        _from!.Send(new NodeId(2), Fetch(wantsItems: false));
        return _follower.Done;
    }

    /// <summary>Per MiB of items.</summary>
    [Benchmark(OperationsPerInvoke = AnswersPerRun)]
    public Task Items()
    {
        _follower.Await(AnswersPerRun);
        _leader.Owe(AnswersPerRun);
        _mebibytes += AnswersPerRun;
        return _follower.Done;
    }

    [GlobalCleanup]
    public async Task Cleanup()
    {
        if (_mebibytes > 0)
        {
            double milliseconds = (Environment.CpuUsage.TotalTime - _cpuBefore).TotalMilliseconds;
            Console.WriteLine($"// CPU of both ends: {milliseconds * 1024 / _mebibytes:F0} ms per GiB");
        }

        await _from!.DisposeAsync();
        await _to!.DisposeAsync();
    }

    private static PartitionMessage Fetch(bool wantsItems) => new(Partition, new DirectoryId(Guid.NewGuid()), new FetchRequest(
        new Epoch(7), new LogPosition(new Epoch(7), new Offset(123_456)), new LogPosition(new Epoch(7), new Offset(123_400)),
        new Offset(123_000), 17, IsReadmitted: true, wantsItems));

    private static PartitionMessage Answer(LogSlice? items) => new(Partition, new DirectoryId(Guid.NewGuid()), new FetchResult(
        new Epoch(7), FetchOutcome.Items, new LogPosition(new Epoch(7), new Offset(123_456)), new DirectoryId(Guid.NewGuid()),
        default, 17, new Offset(123_000), Offset.Zero, false, new NodeId(2)))
    { Items = items };

    private static GrpcPeerTransport Transport(ClusterNode[] nodes, int self) => new(
        new PeerTransportSettings
        {
            Self = nodes[self].Node,
            Nodes = nodes,
            EndPoints = [IPEndPoint.Parse(nodes[self].PeerAddress)],
            Secret = PeerSecret.Of(new byte[32]),
        },
        NullLoggerFactory.Instance);

    private static PeerIdentity Identity(int node) =>
        new(new NodeId(node), new DirectoryId(Guid.NewGuid()), new BootId(Guid.NewGuid()));

    private static string Address()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return socket.LocalEndPoint!.ToString()!;
    }

    private abstract class Receiver : IPeerReceiver
    {
        private readonly TaskCompletionSource _up = new();
        private int _links;

        public GrpcPeerTransport? Transport { get; set; }

        public Task IsUp => _up.Task;

        public abstract void Received(PeerIdentity from, PeerMessage message);

        public void LinkUp(PeerIdentity peer)
        {
            if (Interlocked.Increment(ref _links) == 2)
            {
                _up.SetResult();
            }
        }

        public void LinkDown(NodeId peer, bool isGone)
        {
        }

        public virtual void Drained(NodeId to)
        {
        }
    }

    private sealed class Follower : Receiver
    {
        private TaskCompletionSource _done = new();
        private int _awaited;

        public Task Done => _done.Task;

        public void Await(int answers)
        {
            _done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            Volatile.Write(ref _awaited, answers);
        }

        public override void Received(PeerIdentity from, PeerMessage message)
        {
            ((PartitionMessage)message).Received?.Return();
            if (Interlocked.Decrement(ref _awaited) == 0)
            {
                _done.SetResult();
            }
        }
    }

    private sealed class Leader : Receiver
    {
        private readonly Lock _lock = new();
        private readonly byte[] _items = new byte[ItemsBytes];
        private int _owed;

        public void Owe(int answers)
        {
            Interlocked.Add(ref _owed, answers);
            Pay();
        }

        public override void Received(PeerIdentity from, PeerMessage message) => Transport!.Send(from.Node, Answer(null));

        public override void Drained(NodeId to) => Pay();

        private void Pay()
        {
            lock (_lock)
            {
                for (; _owed > 0 && Transport!.QueuedBytes(new NodeId(1)) < 16 * 1024 * 1024; _owed--)
                {
                    Transport.Send(new NodeId(1), Answer(new Slice(_items)));
                }
            }
        }
    }

    /// <summary>Bytes in memory that stand for a lease.</summary>
    private sealed class Slice(byte[] bytes) : LogSlice
    {
        public override int Length => bytes.Length;

        public override Offset BaseOffset => Offset.Zero;

        public override Offset NextOffset => new(1);

        public override void CopyTo(int start, Span<byte> destination) => bytes.AsSpan(start, destination.Length).CopyTo(destination);

        public override void Dispose()
        {
        }
    }
}
