using System.Net;
using System.Net.Sockets;

namespace LogBroker.Server;

/// <summary>
/// Finds out whether a process ended: its port refuses connections. A refusal comes from the machine at once; a machine that is gone or
/// cut off says nothing, and that is no answer. Pure but for the connection it makes.
/// </summary>
internal static class PeerProbe
{
    /// <summary>True when the address refuses a connection within the time.</summary>
    public static async Task<bool> IsRefusedAsync(string address, TimeSpan time, CancellationToken cancellationToken)
    {
        HostPort.TryParse(address, out var at);
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(time);
        try
        {
            using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
            await socket.ConnectAsync(new DnsEndPoint(at.Host, at.Port), timeout.Token);
            return false;
        }
        catch (SocketException e)
        {
            return e.SocketErrorCode is SocketError.ConnectionRefused;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }
}
