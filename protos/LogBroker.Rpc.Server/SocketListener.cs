using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging;

namespace LogBroker.Rpc.Server;

/// <summary>
/// Accepts the connections of one address. One that takes a descriptor which is kept for files is closed at once; when there is no
/// descriptor at all, the next try is a moment later, and what waits in the kernel's queue stays there. Life: accepts until
/// <see cref="UnbindAsync"/>, then yields null. Failure policy: nothing that a connection or a shortage does ends it. Kestrel calls
/// <see cref="AcceptAsync"/> by one caller at a time.
/// </summary>
internal sealed class SocketListener : IConnectionListener
{
    /// <summary>How long nothing is accepted after there was no descriptor.</summary>
    public static readonly TimeSpan ShortageWait = TimeSpan.FromMilliseconds(100);

    private static readonly TimeSpan LogPeriod = TimeSpan.FromSeconds(10);

    private readonly Socket _socket;
    private readonly SocketConnectionContextFactory _connections;
    private readonly DescriptorBudget _descriptors;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly Func<CancellationToken, ValueTask<Socket>> _accept;
    private readonly PeriodicLine _refusals;
    private readonly PeriodicLine _shortages;
    private readonly CancellationTokenSource _unbound = new();

    /// <param name="socket">Bound and listening; owned from now on.</param>
    /// <param name="connections">Makes connections of sockets; owned from now on.</param>
    /// <param name="descriptors">Which descriptors connections may take.</param>
    /// <param name="time">The clock.</param>
    /// <param name="log">Where refusals are said.</param>
    /// <param name="accept">Tests accept something else than the socket does.</param>
    public SocketListener(
        Socket socket,
        SocketConnectionContextFactory connections,
        DescriptorBudget descriptors,
        TimeProvider time,
        ILogger log,
        Func<CancellationToken, ValueTask<Socket>>? accept = null)
    {
        _socket = socket;
        _connections = connections;
        _descriptors = descriptors;
        _time = time;
        _log = log;
        _accept = accept ?? socket.AcceptAsync;
        _refusals = new PeriodicLine(LogPeriod, time);
        _shortages = new PeriodicLine(LogPeriod, time);
        EndPoint = socket.LocalEndPoint!;
    }

    public EndPoint EndPoint { get; }

    public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
    {
        while (true)
        {
            Socket? accepted = null;
            try
            {
                accepted = await _accept(cancellationToken);
                if (_descriptors.Allows(accepted.SafeHandle))
                {
                    accepted.NoDelay = true;
                    return _connections.Create(accepted);
                }

                SayRefused(accepted);
                accepted.Dispose();
            }
            catch (ObjectDisposedException)
            {
                return null;
            }
            catch (SocketException e) when (e.SocketErrorCode == SocketError.OperationAborted || _unbound.IsCancellationRequested)
            {
                return null;
            }
            catch (SocketException) when (accepted is not null)
            {
                accepted.Dispose();
            }
            catch (SocketException e) when (e.SocketErrorCode is SocketError.ConnectionReset or SocketError.ConnectionAborted)
            {
                // It went away while it waited to be accepted.
            }
            catch (SocketException e)
            {
                if (!await WaitAsync(e))
                    return null;
            }
        }
    }

    public ValueTask UnbindAsync(CancellationToken cancellationToken = default)
    {
        _unbound.Cancel();
        _socket.Dispose();
        return default;
    }

    public ValueTask DisposeAsync()
    {
        _unbound.Cancel();
        _socket.Dispose();
        _connections.Dispose();
        return default;
    }

    /// <summary>False when it was unbound meanwhile.</summary>
    private async ValueTask<bool> WaitAsync(SocketException why)
    {
        if (_shortages.TryTake(out long suppressed))
            Log.AcceptingWaits(_log, EndPoint.ToString()!, ShortageWait.TotalMilliseconds, why.Message, _descriptors.Limit, suppressed);
        await Task.Delay(ShortageWait, _time, _unbound.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return !_unbound.IsCancellationRequested;
    }

    private void SayRefused(Socket accepted)
    {
        if (_refusals.TryTake(out long suppressed))
        {
            Log.NoDescriptorForConnection(
                _log, EndPoint.ToString()!, accepted.Handle, _descriptors.Limit, _descriptors.Reserve, suppressed, _refusals.Seconds);
        }
    }
}
