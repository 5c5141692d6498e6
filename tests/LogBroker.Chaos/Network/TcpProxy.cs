using System.Net;
using System.Net.Sockets;

namespace LogBroker.Chaos;

/// <summary>
/// Carries TCP connections from a port of its own to another, through a valve for each direction. Refuses connections while its target is
/// said to be down, as the target itself would. Thread-safe.
/// </summary>
internal sealed class TcpProxy : IAsyncDisposable
{
    private const int PieceBytes = 64 * 1024;

    private readonly Lock _gate = new();
    private readonly IPEndPoint _target;
    private readonly HashSet<CancellationTokenSource> _links = [];
    private Socket? _listener;

    public TcpProxy(int port, int targetPort)
    {
        Port = port;
        _target = new IPEndPoint(IPAddress.Loopback, targetPort);
        Listen();
    }

    public int Port { get; }

    public string Address => $"127.0.0.1:{Port}";

    /// <summary>From who dials to the target.</summary>
    public Valve Up { get; } = new();

    /// <summary>From the target to who dialed.</summary>
    public Valve Down { get; } = new();

    /// <summary>Accepts connections again.</summary>
    public void Listen()
    {
        lock (_gate)
        {
            if (_listener is not null)
                return;
            _listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            _listener.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
            _listener.Bind(new IPEndPoint(IPAddress.Loopback, Port));
            _listener.Listen(128);
            _ = AcceptAsync(_listener);
        }
    }

    /// <summary>Refuses connections; those that are there go on.</summary>
    public void Refuse()
    {
        lock (_gate)
        {
            _listener?.Dispose();
            _listener = null;
        }
    }

    /// <summary>Resets all connections that are there: what waits in them is lost.</summary>
    public void Reset()
    {
        lock (_gate)
        {
            foreach (var link in _links)
                link.Cancel();
        }
    }

    public ValueTask DisposeAsync()
    {
        Refuse();
        Reset();
        return ValueTask.CompletedTask;
    }

    private async Task AcceptAsync(Socket listener)
    {
        try
        {
            while (true)
                _ = CarryAsync(await listener.AcceptAsync());
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // It refuses from now on.
        }
    }

    private async Task CarryAsync(Socket dialed)
    {
        using var end = new CancellationTokenSource();
        lock (_gate)
            _links.Add(end);
        var target = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            dialed.NoDelay = true;
            await target.ConnectAsync(_target, end.Token);
            var first = await Task.WhenAny(PumpAsync(dialed, target, Up, end.Token), PumpAsync(target, dialed, Down, end.Token));
            await first;
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // One end is gone: so is the other.
        }
        finally
        {
            lock (_gate)
                _links.Remove(end);
            await end.CancelAsync();
            Drop(dialed);
            Drop(target);
        }
    }

    private static async Task PumpAsync(Socket from, Socket to, Valve valve, CancellationToken end)
    {
        byte[] piece = new byte[PieceBytes];
        while (true)
        {
            int count = await from.ReceiveAsync(piece, end);
            await valve.PassAsync(end);
            if (count == 0)
                return;
            for (int sent = 0; sent < count;)
                sent += await to.SendAsync(piece.AsMemory(sent, count - sent), end);
        }
    }

    // A reset, not an orderly end: that is how a killed process looks.
    private static void Drop(Socket socket)
    {
        try
        {
            socket.LingerState = new LingerOption(true, 0);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // Never connected.
        }

        socket.Dispose();
    }
}
