using System.Buffers;
using System.Net;
using System.Net.Sockets;
using LogBroker.Rpc.Server;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace LogBroker.Rpc.Tests;

/// <summary>
/// Accepting without file descriptors. Kestrel's own listener accepts again at once, for ever: a core is lost until there are some.
/// </summary>
public sealed class SocketListenerTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly FakeTimeProvider _time = new();
    private readonly RecordingLog _log = new();

    [Fact]
    public async Task Without_descriptors_the_next_try_is_a_moment_later_and_said_once()
    {
        var failures = new Queue<SocketError>([.. Enumerable.Repeat(SocketError.TooManyOpenSockets, 30)]);
        int tries = 0;
        await using var listener = Listener(new DescriptorBudget(1, static () => 4096), (socket, token) =>
        {
            tries++;
            return failures.TryDequeue(out var failure)
                ? ValueTask.FromException<Socket>(new SocketException((int)failure))
                : socket.AcceptAsync(token);
        });
        using var client = await ConnectAsync(listener);
        var accepting = listener.AcceptAsync().AsTask();
        for (int passed = 1; passed <= 30; passed++)
        {
            Assert.Equal(passed, tries);
            Assert.False(accepting.IsCompleted);
            _time.Advance(SocketListener.ShortageWait - TimeSpan.FromMilliseconds(1));
            Assert.Equal(passed, tries);
            _time.Advance(TimeSpan.FromMilliseconds(1));
            await UntilAsync(() => tries == passed + 1);
        }

        await using var connection = await accepting.WaitAsync(Patience);
        Assert.NotNull(connection);
        string line = Assert.Single(_log.Lines);
        Assert.Contains("the process may have 4096 file descriptors (RLIMIT_NOFILE)", line, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(SocketError.ConnectionReset)]
    [InlineData(SocketError.ConnectionAborted)]
    public async Task A_connection_that_went_away_while_it_waited_costs_no_time(SocketError failure)
    {
        bool hasFailed = false;
        await using var listener = Listener(DescriptorBudget.Ordinary, (socket, token) =>
        {
            (bool isFirst, hasFailed) = (!hasFailed, true);
            return isFirst ? ValueTask.FromException<Socket>(new SocketException((int)failure)) : socket.AcceptAsync(token);
        });
        using var client = await ConnectAsync(listener);
        await using var connection = await listener.AcceptAsync().AsTask().WaitAsync(Patience);
        Assert.NotNull(connection);
        Assert.Empty(_log.Lines);
    }

    [Fact]
    public async Task A_connection_that_takes_a_descriptor_kept_for_files_is_closed_at_once_and_that_is_said_once()
    {
        long limit = 2;
        await using var listener = Listener(new DescriptorBudget(1, () => limit));
        var accepting = listener.AcceptAsync().AsTask();
        for (int i = 0; i < 3; i++)
        {
            using var refused = await ConnectAsync(listener);
            Assert.Equal(0, await refused.ReceiveAsync(new byte[1], SocketFlags.None).WaitAsync(Patience));
        }

        Assert.False(accepting.IsCompleted);
        string line = Assert.Single(_log.Lines);
        Assert.Contains("of the 2 that the process may have (RLIMIT_NOFILE) the last 1 are kept", line, StringComparison.Ordinal);

        // Somebody has raised the limit meanwhile.
        limit = 1_000_000;
        using var client = await ConnectAsync(listener);
        await using var connection = await accepting.WaitAsync(Patience);
        Assert.NotNull(connection);
    }

    [Fact]
    public async Task Unbinding_ends_it_while_it_waits_for_a_connection_and_while_it_waits_for_descriptors()
    {
        await using var idle = Listener(DescriptorBudget.Ordinary);
        var accepting = idle.AcceptAsync().AsTask();
        await idle.UnbindAsync();
        Assert.Null(await accepting.WaitAsync(Patience));
        await using var starved = Listener(
            DescriptorBudget.Ordinary, static (_, _) => throw new SocketException((int)SocketError.TooManyOpenSockets));
        accepting = starved.AcceptAsync().AsTask();
        await starved.UnbindAsync();
        Assert.Null(await accepting.WaitAsync(Patience));
    }

    [Theory]
    [InlineData(1, 256, 64)]
    [InlineData(1, 1024, 128)]
    [InlineData(2, 1024, 64)]
    [InlineData(1, 1_048_576, 4096)]
    [InlineData(1, 40, 20)]
    public void What_is_kept_for_files_grows_with_the_limit(int divisor, long limit, long reserve)
    {
        Assert.Equal(reserve, new DescriptorBudget(divisor, () => limit).Reserve);
    }

    [Fact]
    public void The_limit_is_the_soft_one_of_this_process()
    {
        string line = File.ReadLines("/proc/self/limits").Single(static l => l.StartsWith("Max open files", StringComparison.Ordinal));
        Assert.Equal(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[3], $"{DescriptorBudget.Ordinary.Limit}");
    }

    /// <summary>The way to set it is not public: another version of ASP.NET may have lost it.</summary>
    [Fact]
    public async Task The_connections_take_the_memory_that_they_are_given()
    {
        var memory = new CountingMemory();
        await using var listener = await new SocketListeners(DescriptorBudget.Ordinary, memory, _time, _log)
            .BindAsync(new IPEndPoint(IPAddress.Loopback, 0));
        Assert.Empty(_log.Lines);
        Assert.True(memory.Created > 0);
    }

    private SocketListener Listener(
        DescriptorBudget descriptors, Func<Socket, CancellationToken, ValueTask<Socket>>? accept = null)
    {
        var socket = SocketTransportOptions.CreateDefaultBoundListenSocket(new IPEndPoint(IPAddress.Loopback, 0));
        socket.Listen();
        var connections = new SocketConnectionContextFactory(new SocketConnectionFactoryOptions(), NullLogger.Instance);
        return new SocketListener(socket, connections, descriptors, _time, _log, accept is null ? null : token => accept(socket, token));
    }

    private static async Task<Socket> ConnectAsync(SocketListener listener)
    {
        var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await client.ConnectAsync(listener.EndPoint);
        return client;
    }

    private static async Task UntilAsync(Func<bool> isTrue)
    {
        using var patience = new CancellationTokenSource(Patience);
        using var ticks = new PeriodicTimer(TimeSpan.FromMilliseconds(1));
        while (!isTrue())
            await ticks.WaitForNextTickAsync(patience.Token);
    }

    private sealed class CountingMemory : IMemoryPoolFactory<byte>
    {
        public int Created { get; private set; }

        public MemoryPool<byte> Create(MemoryPoolOptions? options = null)
        {
            Created++;
            return new TransportBlocks();
        }
    }
}
